import Model
import YAML

/// How the values of the settings are read and printed.
enum SettingsValues {
    static let duration = YAMLCodec<TimeSpan>.parsed("duration", plain: true) { text in
        read { () throws(ModelError) in try TimeSpan(text) }
    } print: {
        $0.description
    }

    static let size = YAMLCodec<ByteSize>.parsed("size", plain: true) { text in
        if text == "0" { return .success(ByteSize(bytes: 0)) }
        return read { () throws(ModelError) in try ByteSize(text) }
    } print: {
        $0.bytes == 0 ? "0" : $0.description
    }

    static let selector = YAMLCodec<Selector>.parsed("selector") { text in
        read { () throws(ModelError) in try Selector(text) }
    } print: {
        $0.matchers.isEmpty ? "" : $0.description
    }

    static let secret = YAMLCodec<SettingsSecret>(.secret) { node, decoding in
        guard case .scalar(let scalar) = node.content else {
            // The value itself is never said.
            decoding.error("a secret has to be a text", "write it in quotes", at: node.mark)
            return nil
        }
        return SettingsSecret(scalar.isNull ? "" : scalar.text)
    } write: {
        .text($0.text.isEmpty ? "" : "<secret>")
    }

    /// A connection string: it may hold a password.
    static let database = YAMLCodec<String>(.secret) { node, decoding in
        guard case .scalar(let scalar) = node.content else {
            decoding.error(
                "the database has to be a text",
                "write a URL such as postgres://user@host/name", at: node.mark)
            return nil
        }
        return scalar.isNull ? "" : scalar.text
    } write: {
        .text($0.isEmpty ? "" : "<secret>")
    }

    /// `host:port`, `:port` or `[address]:port`.
    static let address = YAMLCodec<String>.parsed("address") { text in
        let port = text.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
        let host = text.dropLast(port.count)
        let isBracketed = !host.dropLast().contains(":") || host.hasSuffix("]:")
        guard host.hasSuffix(":"), isBracketed, let number = Int(port), 0...65_535 ~= number else {
            return .failure(
                YAMLFault(
                    "\"\(YAMLComplaint.short(text))\" is not an address",
                    "write host and port, such as 127.0.0.1:9090 or [::1]:9090"))
        }
        return .success(text)
    } print: {
        $0
    }

    private static func read<Value>(
        _ parse: () throws(ModelError) -> Value
    ) -> Result<Value, YAMLFault> {
        do { return .success(try parse()) } catch { return .failure(fault(error)) }
    }

    private static func fault(_ error: ModelError) -> YAMLFault {
        let sentence = error.description
        guard let end = sentence.firstRange(of: "; ") else { return YAMLFault(sentence, "") }
        return YAMLFault(
            String(sentence[..<end.lowerBound]), String(sentence[end.upperBound...]))
    }
}

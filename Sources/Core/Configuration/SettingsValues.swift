import Model
import YAML

/// How the values of the settings are read and printed.
enum SettingsValues {
    /// A size, where 0 stands for none.
    static let size = YAMLCodec<ByteSize>(YAMLCodec<ByteSize>.size.kind) { node, decoding in
        if case .scalar(let scalar) = node.content, scalar.text == "0" {
            return ByteSize(bytes: 0)
        }
        return YAMLCodec<ByteSize>.size.read(node, &decoding)
    } write: {
        $0.bytes == 0 ? .plain("0") : YAMLCodec<ByteSize>.size.write($0)
    }

    static let selector = YAMLCodec<Selector>.parsed("selector") { text in
        do { return .success(try Selector(text)) } catch {
            return .failure(YAMLFault("\(error)", "write one such as {job=\"api\"}"))
        }
    } show: {
        $0.matchers.isEmpty ? "" : $0.description
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
    } show: {
        $0
    }
}

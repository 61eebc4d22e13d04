import Glibc
import Model
import YAML

extension YAMLCodec where Value == Labels {
    /// Labels whose values may name variables of the environment.
    static var externalLabels: YAMLCodec {
        YAMLCodec(.map(.text(name: "text"))) { node, decoding in
            // Names are checked beside `metric_name_validation_scheme`, which may stand behind.
            decoding.scheme = .utf8
            defer { decoding.context["scheme"] = nil }
            guard let labels = YAMLCodec<Labels>.labels.read(node, &decoding) else { return nil }
            return Labels(
                labels.map { label in
                    Label(
                        label.name,
                        expanded(label.value, at: node[label.name]?.mark ?? node.mark, &decoding))
                })
        } write: {
            YAMLCodec<Labels>.labels.write($0)
        }
    }

    private static func expanded(
        _ text: String, at mark: YAMLMark, _ decoding: inout YAMLDecoding
    ) -> String {
        Variables.expanded(text) { name in
            let value = Variables.environment(name) ?? ""
            if value.isEmpty {
                decoding.warn(
                    "the environment has no variable \(name)",
                    "set it, or write $$ for a dollar", at: mark)
            }
            return value
        }
    }
}

/// `$NAME` and `${NAME}`, filled in as Go's os.Expand does.
enum Variables {
    static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    static func expanded(_ text: String, value: (String) -> String) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "$"), let next = rest.first else {
                out.append(byte)
                continue
            }
            if next == UInt8(ascii: "$") {
                rest.removeFirst()
                out.append(next)
            } else if next == UInt8(ascii: "{") {
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    // A brace that is never closed is eaten, as Go does.
                    rest.removeFirst()
                    continue
                }
                let name = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
                rest = rest[(end + 1)...]
                if name == "$" {
                    out.append(UInt8(ascii: "$"))
                } else if !name.isEmpty {
                    out += Array(value(name).utf8)
                }
            } else {
                let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
                let name = isDigit ? rest.prefix(1) : rest.prefix(while: isWord)
                rest = rest.dropFirst(name.count)
                if name.isEmpty {
                    out.append(byte)
                } else {
                    out += Array(value(String(decoding: name, as: UTF8.self)).utf8)
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

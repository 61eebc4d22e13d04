/// A JSON value, as far as the answers of Prometheus need it.
enum SmallJSON {
    case text(String)
    case list([SmallJSON])
    case object([String: SmallJSON])
    case other

    subscript(key: String) -> SmallJSON {
        if case .object(let fields) = self { return fields[key] ?? .other }
        return .other
    }

    var elements: [SmallJSON] { if case .list(let list) = self { list } else { [] } }
    var fields: [String: SmallJSON] { if case .object(let fields) = self { fields } else { [:] } }
    var string: String { if case .text(let text) = self { text } else { "" } }

    /// Reads text that is known to be JSON.
    init(_ text: String) {
        var reader = Reader(bytes: Array(text.utf8))
        self = reader.value()
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        private var byte: UInt8 { at < bytes.count ? bytes[at] : 0 }

        mutating func value() -> SmallJSON {
            switch byte {
            case UInt8(ascii: "\""): return .text(text())
            case UInt8(ascii: "["):
                var list: [SmallJSON] = []
                at += 1
                while byte != UInt8(ascii: "]"), at < bytes.count {
                    list.append(value())
                    if byte == UInt8(ascii: ",") { at += 1 }
                }
                at += 1
                return .list(list)
            case UInt8(ascii: "{"):
                var fields: [String: SmallJSON] = [:]
                at += 1
                while byte == UInt8(ascii: "\"") {
                    let name = text()
                    at += 1
                    fields[name] = value()
                    if byte == UInt8(ascii: ",") { at += 1 }
                }
                at += 1
                return .object(fields)
            default:
                while at < bytes.count, !",]}".utf8.contains(byte) { at += 1 }
                return .other
            }
        }

        private mutating func text() -> String {
            at += 1
            var result: [UInt8] = []
            while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
                if bytes[at] != UInt8(ascii: "\\") {
                    result.append(bytes[at])
                    at += 1
                    continue
                }
                let escape = bytes[at + 1]
                at += 2
                switch escape {
                case UInt8(ascii: "n"): result.append(10)
                case UInt8(ascii: "t"): result.append(9)
                case UInt8(ascii: "u"):
                    let digits = String(decoding: bytes[at..<at + 4], as: UTF8.self)
                    at += 4
                    let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) ?? "?"
                    result += Array(String(Character(scalar)).utf8)
                default: result.append(escape)
                }
            }
            at += 1
            return String(decoding: result, as: UTF8.self)
        }
    }
}

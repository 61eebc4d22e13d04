public import Model

/// One event: when, how much it matters, a constant message, and the facts.
public struct LogLine: Sendable {
    /// A fact: its name and its text.
    public typealias Field = (name: String, value: String)

    /// When it happened.
    public let time: Timestamp
    /// How much it matters.
    public let level: LogLevel
    /// What happened: a constant text, so that it can be searched for.
    public let message: String
    /// The facts, in the order in which they are written.
    public let fields: [Field]

    /// An event of these.
    public init(time: Timestamp, level: LogLevel, message: String, fields: [Field]) {
        self.time = time
        self.level = level
        self.message = message
        self.fields = fields
    }

    /// The line with its newline.
    public func text(as format: LogFormat) -> String {
        let head: [Field] = [("ts", time.description), ("level", level.rawValue)]
        let module = fields.filter { $0.name == "module" }
        let rest = fields.filter { $0.name != "module" }
        let all = head + module + [("msg", message)] + rest
        switch format {
        case .logfmt:
            return all.map { $0.name + "=" + Self.logfmt($0.value) }.joined(separator: " ") + "\n"
        case .json:
            let members = all.map { Self.json($0.name) + ":" + Self.json($0.value) }
            return "{" + members.joined(separator: ",") + "}\n"
        }
    }

    private static func logfmt(_ value: String) -> String {
        let isBare =
            !value.isEmpty
            && value.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
                    && $0 != UInt8(ascii: "\\")
            }
        return isBare ? value : Labels.quoted(value)
    }

    private static func json(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

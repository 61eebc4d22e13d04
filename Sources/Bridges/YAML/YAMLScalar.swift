/// A text of a YAML file, and what it may stand for.
public struct YAMLScalar: Sendable {
    /// The text, escapes resolved.
    public let text: String
    /// Whether it was written without quotes, so that `true` is a truth and `5` a number.
    public let isPlain: Bool

    /// A text, quoted or not.
    public init(text: String, isPlain: Bool) {
        self.text = text
        self.isPlain = isPlain
    }

    /// Whether it says nothing.
    public var isNull: Bool {
        isPlain && (text.isEmpty || ["~", "null", "Null", "NULL"].contains(text))
    }

    /// The truth that YAML 1.1 reads, as Prometheus does: `true`, `yes`, `on` and their opposites.
    public var boolean: Bool? {
        guard isPlain else { return nil }
        switch text {
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y": return true
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N":
            return false
        default: return nil
        }
    }

    /// The whole number: decimal, `0x1F`, `0o17`, `017`, `0b1`, with `_` between digits; `1e3` too.
    public var whole: Int? {
        guard isPlain, let first = text.utf8.first, first < 0x3a else { return nil }
        var digits = text.filter { $0 != "_" }
        if let value = Int(digits), !(digits.hasPrefix("0") && digits.utf8.count > 1) {
            return value
        }
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
        let bases: [(String, Int)] = [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2), ("0", 8)]
        for (prefix, base) in bases where digits.hasPrefix(prefix) {
            guard let value = Int(digits.dropFirst(prefix.utf8.count), radix: base) else {
                continue
            }
            return isNegative ? -value : value
        }
        guard let value = decimal, value == value.rounded(), value.magnitude < 0x1p53 else {
            return nil
        }
        return Int(value)
    }

    /// The number, with or without a fraction.
    public var decimal: Double? {
        guard isPlain, let first = text.utf8.first, first < 0x3a else { return nil }
        switch text {
        case ".inf", ".Inf", ".INF", "+.inf": return .infinity
        case "-.inf", "-.Inf", "-.INF": return -.infinity
        default: return text.utf8.contains(UInt8(ascii: "x")) ? nil : Double(text)
        }
    }

    /// Whether a plain text would be read as something other than a text.
    var looksLikeMore: Bool {
        let plain = YAMLScalar(text: text, isPlain: true)
        return plain.isNull || plain.boolean != nil || plain.decimal != nil || plain.whole != nil
    }
}

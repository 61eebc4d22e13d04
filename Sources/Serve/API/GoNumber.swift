import Model

/// Numbers and truths as Go's library reads them, with the words it has for what it cannot read.
///
/// Prometheus hands those words on, and clients compare them.
enum GoNumber {
    /// A whole number in decimal.
    static func whole(_ text: String) throws(GoNumberFault) -> Int {
        var digits = text[...]
        if let first = digits.first, first == "+" || first == "-" { digits = digits.dropFirst() }
        let isNumber =
            !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber else {
            throw GoNumberFault(function: "Atoi", text: text, reason: "invalid syntax")
        }
        guard let number = Int(text) else {
            throw GoNumberFault(function: "Atoi", text: text, reason: "value out of range")
        }
        return number
    }

    /// All that are truths.
    static let truths = [
        "true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False",
    ]

    /// `true`, `t`, `1` and their like.
    static func truth(_ text: String) throws(GoNumberFault) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw GoNumberFault(function: "ParseBool", text: text, reason: "invalid syntax")
        }
    }
}

/// What Go says of a text that is no number.
struct GoNumberFault: Error, CustomStringConvertible {
    let function: String
    let text: String
    let reason: String

    var description: String { "strconv.\(function): parsing \(Labels.quoted(text)): \(reason)" }
}

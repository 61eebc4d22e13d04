/// `text` in double quotes, escaped as Go's `%q` does it.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars { appendEscaped(scalar, quote: "\"", to: &result) }
    return result + "\""
}

/// A character in single quotes, escaped as Go's `%q` does it; `nil` is the end of the text.
func quoted(_ scalar: Unicode.Scalar?) -> String {
    guard let scalar else { return "'\u{fffd}'" }
    var result = "'"
    appendEscaped(scalar, quote: "'", to: &result)
    return result + "'"
}

/// A character's number and itself, as Go's `%#U` writes them: `U+0078 'x'`.
func numbered(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let padding = String(repeating: "0", count: max(0, 4 - digits.utf8.count))
    return "U+\(padding)\(digits)" + (isPrintable(scalar) ? " '\(scalar)'" : "")
}

private func appendEscaped(_ scalar: Unicode.Scalar, quote: Unicode.Scalar, to text: inout String) {
    switch scalar {
    case quote, "\\":
        text.unicodeScalars.append("\\")
        text.unicodeScalars.append(scalar)
    case "\u{07}": text += "\\a"
    case "\u{08}": text += "\\b"
    case "\u{0c}": text += "\\f"
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case "\u{0b}": text += "\\v"
    case _ where isPrintable(scalar): text.unicodeScalars.append(scalar)
    case _ where scalar.brokenByte != nil:
        text += "\\x" + String(scalar.brokenByte ?? 0, radix: 16)
    case _ where scalar.value < 0x80: text += "\\x" + hexadecimal(scalar, digits: 2)
    case _ where scalar.value < 0x10000: text += "\\u" + hexadecimal(scalar, digits: 4)
    default: text += "\\U" + hexadecimal(scalar, digits: 8)
    }
}

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    // What stands for bytes that could not be read may not stand in a query.
    if scalar == "\u{fffd}" { return false }
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7f }
    return switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
        .paragraphSeparator, .spaceSeparator:
        false
    default: true
    }
}

private func hexadecimal(_ scalar: Unicode.Scalar, digits: Int) -> String {
    let text = String(scalar.value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

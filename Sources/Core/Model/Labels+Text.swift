extension Labels: CustomStringConvertible {
    /// The labels as Prometheus prints them: `{__name__="up", job="api"}`.
    ///
    /// Names that are not legacy names are quoted.
    public var description: String {
        var text = "{"
        for label in self {
            if text.utf8.count > 1 { text += ", " }
            let isLegacy = NameScheme.legacy.allows(labelName: label.name)
            text += isLegacy ? label.name : Labels.quoted(label.name)
            text += "="
            text += Labels.quoted(label.value)
        }
        return text + "}"
    }

    /// `text` in double quotes, with quotes, backslashes and control characters escaped.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        result.reserveCapacity(text.utf8.count + 2)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

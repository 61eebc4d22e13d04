import Model

/// How names that are not legacy names are told to those who ask for it.
public enum NameEscaping: String, Sendable, Hashable, CaseIterable {
    /// As they are, in quotes.
    case allowUTF8 = "allow-utf-8"
    /// Every other character becomes `_`.
    case underscores
    /// `.` becomes `_dot_`, `_` and every other character become `__`.
    case dots
    /// `U__` in front, `_` becomes `__`, every other character `_` its hexadecimal code `_`.
    case values

    /// `name` as this scheme tells it; legacy names stay, except that `dots` doubles underscores.
    public func escape(_ name: String, isMetric: Bool) -> String {
        let isLegacy =
            isMetric
            ? NameScheme.legacy.allows(metricName: name)
            : NameScheme.legacy.allows(labelName: name)
        switch self {
        case .allowUTF8: return name
        case .underscores, .values: if isLegacy || name.isEmpty { return name }
        case .dots: if name.isEmpty { return name }
        }
        var escaped = self == .values ? "U__" : ""
        var isFirst = true
        for scalar in name.unicodeScalars {
            append(scalar, isFirst: isFirst, isMetric: isMetric, to: &escaped)
            isFirst = false
        }
        return escaped
    }

    private func append(
        _ scalar: Unicode.Scalar, isFirst: Bool, isMetric: Bool, to escaped: inout String
    ) {
        let isPlain =
            scalar.isASCII
            && (isFirst
                ? UInt8(ascii: scalar).beginsName(colons: isMetric)
                : UInt8(ascii: scalar).continuesName(colons: isMetric))
        switch (self, scalar) {
        case (.dots, "_"), (.values, "_"): escaped += "__"
        case (.dots, "."): escaped += "_dot_"
        case (.values, _) where !isPlain:
            escaped += "_" + String(scalar.value, radix: 16) + "_"
        case (.dots, _) where !isPlain: escaped += "__"
        case (.underscores, _) where !isPlain: escaped += "_"
        default: escaped.unicodeScalars.append(scalar)
        }
    }
}

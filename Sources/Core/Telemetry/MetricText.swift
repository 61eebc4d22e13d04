import Model

/// Weir's own metrics as text: few lines, written whole.
public enum MetricText: Sendable, CaseIterable {
    /// The classic text format, 0.0.4.
    case classic
    /// OpenMetrics 1.0.
    case openMetrics

    /// What `Content-Type` says of it.
    public var contentType: String {
        switch self {
        case .classic: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// `families` as text.
    public func write(_ families: [MetricFamily]) -> [UInt8] {
        var text = ""
        for family in families where !family.lines.isEmpty {
            let name = headName(of: family)
            if !family.metadata.help.isEmpty {
                text += "# HELP \(name) \(escapedHelp(family.metadata.help))\n"
            }
            text += "# TYPE \(name) \(typeName(family.metadata.type))\n"
            if self == .openMetrics, hasUnit(family) {
                text += "# UNIT \(name) \(family.metadata.unit)\n"
            }
            for line in family.lines {
                let labels = line.labels.isEmpty ? "" : labelText(line.labels)
                text += family.name + line.suffix + labels + " " + Self.number(line.value) + "\n"
            }
        }
        if self == .openMetrics { text += "# EOF\n" }
        return Array(text.utf8)
    }

    // The classic format names a counter as its samples are named, OpenMetrics without `_total`.
    private func headName(of family: MetricFamily) -> String {
        self == .classic && family.metadata.type == .counter ? family.name + "_total" : family.name
    }

    private func typeName(_ type: MetricType) -> String {
        guard self == .classic else { return type.rawValue }
        switch type {
        case .counter, .gauge, .histogram, .summary: return type.rawValue
        case .info, .stateset: return "gauge"
        case .unknown, .gaugehistogram: return "untyped"
        }
    }

    private func hasUnit(_ family: MetricFamily) -> Bool {
        !family.metadata.unit.isEmpty && family.name.hasSuffix("_" + family.metadata.unit)
    }

    private func escapedHelp(_ help: String) -> String {
        var text = ""
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\"" where self == .openMetrics: text += "\\\""
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private func labelText(_ labels: Labels) -> String {
        let parts = labels.map { label in
            var value = ""
            for scalar in label.value.unicodeScalars {
                switch scalar {
                case "\\": value += "\\\\"
                case "\n": value += "\\n"
                case "\"": value += "\\\""
                default: value.unicodeScalars.append(scalar)
                }
            }
            return "\(label.name)=\"\(value)\""
        }
        return "{" + parts.joined(separator: ",") + "}"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return "\(whole)" }
        return "\(value)"
    }
}

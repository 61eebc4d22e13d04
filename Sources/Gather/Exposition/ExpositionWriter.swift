public import Model

/// Writes metric families in the format that a reader asked for.
///
///     var writer = ExpositionWriter(.openMetrics100, escaping: .allowUTF8)
///     for family in families { writer.write(family) }
///     writer.finish()
///     send(writer.bytes)
///
/// Callers may take `bytes` away between families and go on. Who writes the same series again and
/// again prepares them once, by `prepare(_:)`.
public struct ExpositionWriter {
    /// What was written and not taken away yet.
    public var bytes: [UInt8] = []

    /// The format that is written.
    public let format: ExpositionFormat
    /// How names that are not legacy names are written.
    public let escaping: NameEscaping

    /// A writer of `format`.
    ///
    /// Text 0.0.4 and OpenMetrics 0.0.1 know no quoted names, so there `allowUTF8` means
    /// `underscores`.
    public init(_ format: ExpositionFormat, escaping: NameEscaping = .allowUTF8) {
        self.format = format
        let hasQuotes = format != .text004 && format != .openMetrics001
        self.escaping = escaping == .allowUTF8 && !hasQuotes ? .underscores : escaping
    }

    /// Writes a family and all its samples.
    ///
    /// In a text format native histograms are left out, unless they have bounds of their own, and
    /// a family that has nothing else is left out altogether.
    public mutating func write(_ family: MetricFamily) {
        if format == .protobuf { return writeMessage(family) }
        var family = family
        if family.points.contains(where: { $0.histogram != nil }) {
            family = family.withClassicBuckets
            family.points.removeAll { $0.histogram != nil }
            if family.points.isEmpty { return }
        }
        begin(declaredName(family), family.metadata)
        let isPlain = isPlain(family.name, isMetric: true)
        for point in family.points { write(point, of: family.name, isPlain: isPlain) }
    }

    /// What a family is called: only OpenMetrics leaves out the suffix of counters and infos.
    func declaredName(_ family: MetricFamily) -> String {
        let hasSuffix = family.metadata.type == .counter || family.metadata.type == .info
        guard !format.isOpenMetrics, hasSuffix else { return family.name }
        return family.name + (family.points.first?.suffix ?? "")
    }

    /// Ends the body, which OpenMetrics asks for.
    public mutating func finish() { if format.isOpenMetrics { append("# EOF\n") } }

    /// Writes what is said of a family, in a text format; samples come next, by `write(_:of:)`.
    public mutating func begin(_ family: String, _ metadata: MetricMetadata) {
        let name = escaping.escape(family, isMetric: true)
        if !metadata.help.isEmpty || format.isOpenMetrics {
            appendComment("HELP", name)
            appendEscaped(metadata.help, quotes: format.isOpenMetrics)
            newLine()
        }
        appendComment("TYPE", name)
        append(typeName(metadata.type))
        newLine()
        guard format.isOpenMetrics, !metadata.unit.isEmpty, family.hasUnit(metadata.unit) else {
            return
        }
        appendComment("UNIT", name)
        append(metadata.unit)
        newLine()
    }

    /// Writes the samples of a family without what is said of it, in a text format.
    public mutating func writePoints(of family: MetricFamily) {
        let isPlain = isPlain(family.name, isMetric: true)
        for point in family.withClassicBuckets.points where point.histogram == nil {
            write(point, of: family.name, isPlain: isPlain)
        }
    }

    /// Writes one sample of a family, in a text format.
    public mutating func write(_ point: MetricPoint, of family: String) {
        write(point, of: family, isPlain: isPlain(family, isMetric: true))
    }

    private mutating func write(_ point: MetricPoint, of family: String, isPlain: Bool) {
        appendSeries(point, of: family, isPlain: isPlain)
        appendValue(point.value)
        if let time = point.time { appendTime(time) }
        if format.isOpenMetrics, let exemplar = point.exemplar { appendExemplar(exemplar) }
        newLine()
    }

    /// What a line says up to its value.
    mutating func appendSeries(_ point: MetricPoint, of family: String, isPlain: Bool) {
        if isPlain {
            append(family)
            append(point.suffix)
            if !point.labels.isEmpty {
                append(UInt8(ascii: "{"))
                appendLabels(point.labels, isFirst: true)
                append(UInt8(ascii: "}"))
            }
        } else {
            appendSeries(family + point.suffix, point.labels)
        }
        append(UInt8(ascii: " "))
    }

    /// Whether a name is written as it is, without quotes or escapes.
    func isPlain(_ name: String, isMetric: Bool) -> Bool {
        guard escaping != .dots else { return false }
        let span = name.utf8Span.span
        return span.count > 0 && span.endOfName(from: 0, colons: isMetric) == span.count
    }

    // MARK: Parts of a line

    private mutating func appendSeries(_ name: String, _ labels: [Label]) {
        let escaped = escaping.escape(name, isMetric: true)
        let isQuoted = !NameScheme.legacy.allows(metricName: escaped)
        if !isQuoted { append(escaped) }
        guard isQuoted || !labels.isEmpty else { return }
        append(UInt8(ascii: "{"))
        if isQuoted {
            append(UInt8(ascii: "\""))
            appendEscaped(escaped, quotes: true)
            append(UInt8(ascii: "\""))
        }
        appendLabels(labels, isFirst: !isQuoted)
        append(UInt8(ascii: "}"))
    }

    private mutating func appendLabels(_ labels: [Label], isFirst: Bool) {
        var isFirst = isFirst
        for label in labels {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            if isPlain(label.name, isMetric: false) {
                append(label.name)
            } else {
                appendLabelName(escaping.escape(label.name, isMetric: false))
            }
            append(UInt8(ascii: "="))
            append(UInt8(ascii: "\""))
            appendEscaped(label.value, quotes: true)
            append(UInt8(ascii: "\""))
        }
    }

    private mutating func appendLabelName(_ name: String) {
        guard !NameScheme.legacy.allows(labelName: name) else { return append(name) }
        append(UInt8(ascii: "\""))
        appendEscaped(name, quotes: true)
        append(UInt8(ascii: "\""))
    }

    /// The shortest text; OpenMetrics tells whole numbers apart by `.0`, classic text does not.
    private mutating func appendValue(_ value: Double) { FloatText.append(value, to: &bytes) }

    private mutating func appendTime(_ time: Timestamp) {
        var text = ShortText()
        text.append(UInt8(ascii: " "))
        if format.isOpenMetrics {
            text.appendSeconds(time.milliseconds)
        } else {
            text.appendWhole(time.milliseconds)
        }
        bytes.append(text)
    }

    private mutating func appendExemplar(_ exemplar: PointExemplar) {
        append(" # {")
        appendLabels(exemplar.labels, isFirst: true)
        append("} ")
        appendValue(exemplar.value)
        if let time = exemplar.time { appendTime(time) }
    }

    private mutating func appendComment(_ keyword: String, _ name: String) {
        append("# ")
        append(keyword)
        append(UInt8(ascii: " "))
        if NameScheme.legacy.allows(metricName: name) {
            append(name)
        } else {
            append(UInt8(ascii: "\""))
            appendEscaped(name, quotes: true)
            append(UInt8(ascii: "\""))
        }
        append(UInt8(ascii: " "))
    }

    private func typeName(_ type: MetricType) -> String {
        if format.isOpenMetrics { return type.rawValue }
        return switch type {
        case .counter, .gauge, .histogram, .summary: type.rawValue
        case .gaugehistogram: "histogram"
        case .info, .stateset: "gauge"
        case .unknown: "untyped"
        }
    }

    private mutating func appendEscaped(_ text: String, quotes: Bool) {
        let span = text.utf8Span.span
        var start = 0
        for index in span.indices {
            let byte = span[index]
            let isQuote = quotes && byte == UInt8(ascii: "\"")
            guard isQuote || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\n") else {
                continue
            }
            bytes.append(span.extracting(start..<index))
            append(UInt8(ascii: "\\"))
            append(byte == UInt8(ascii: "\n") ? UInt8(ascii: "n") : byte)
            start = index + 1
        }
        bytes.append(span.extracting(start..<span.count))
    }

    @inline(__always)
    private mutating func append(_ byte: UInt8) { bytes.append(byte) }
    @inline(__always)
    private mutating func append(_ text: String) { bytes.append(text.utf8Span.span) }
    @inline(__always)
    private mutating func newLine() { bytes.append(UInt8(ascii: "\n")) }
}

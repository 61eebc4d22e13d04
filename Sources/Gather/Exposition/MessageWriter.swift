import Model

/// Protocol Buffers as they go over the wire, each message after its length.
struct MessageWriter {
    var bytes: [UInt8] = []

    mutating func varint(_ field: Int, _ value: UInt64) {
        number(UInt64(field) << 3)
        number(value)
    }

    mutating func double(_ field: Int, _ value: Double) {
        number(UInt64(field) << 3 | 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    mutating func text(_ field: Int, _ value: String) {
        number(UInt64(field) << 3 | 2)
        number(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func message(_ field: Int, _ fill: (inout MessageWriter) -> Void) {
        number(UInt64(field) << 3 | 2)
        delimited(fill)
    }

    /// A message behind its length.
    mutating func delimited(_ fill: (inout MessageWriter) -> Void) {
        let start = bytes.count
        bytes.append(0)
        fill(&self)
        let count = UInt64(bytes.count - start - 1)
        guard count > 0x7f else { return bytes[start] = UInt8(count) }
        // The length is longer than the byte that was left for it.
        var length = MessageWriter()
        length.number(count)
        bytes.replaceSubrange(start...start, with: length.bytes)
    }

    mutating func number(_ value: UInt64) {
        var rest = value
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func label(_ label: Label, _ escaping: NameEscaping) {
        message(1) {
            $0.text(1, escaping.escape(label.name, isMetric: false))
            $0.text(2, label.value)
        }
    }
}

// Families as `io.prometheus.client.MetricFamily`. Samples that stand beside each other and have
// the same labels, apart from `le` and `quantile`, become one metric.
extension ExpositionWriter {
    mutating func writeMessage(_ family: MetricFamily) {
        // The bytes are taken over for the while, so that they are not copied.
        var writer = MessageWriter(bytes: bytes)
        bytes = []
        writer.delimited {
            writeHead(family, to: &$0)
            for metric in grouped(family) {
                $0.message(4) { write(metric, family.metadata.type, to: &$0) }
            }
        }
        bytes = writer.bytes
    }

    /// What stands in front of the metrics.
    func writeHead(_ family: MetricFamily, to message: inout MessageWriter) {
        message.text(1, escaping.escape(declaredName(family), isMetric: true))
        if !family.metadata.help.isEmpty { message.text(2, family.metadata.help) }
        message.varint(3, Self.typeNumber(family.metadata.type))
        if !family.metadata.unit.isEmpty { message.text(5, family.metadata.unit) }
    }

    private static func typeNumber(_ type: MetricType) -> UInt64 {
        switch type {
        case .counter: 0
        case .gauge, .info, .stateset: 1
        case .summary: 2
        case .unknown: 3
        case .histogram: 4
        case .gaugehistogram: 5
        }
    }

    private struct Metric {
        var labels: [Label]
        var points: [MetricPoint]
    }

    private func grouped(_ family: MetricFamily) -> [Metric] {
        var metrics: [Metric] = []
        for point in family.points {
            var labels = point.labels
            // A counter's time of creation is no sample here.
            if point.suffix == "_created" { continue }
            if let own = Self.ownLabel(family.metadata.type) {
                labels.removeAll { $0.name.hasSameBytes(as: own) }
                if let last = metrics.last, last.labels == labels, last.points[0].time == point.time
                {
                    metrics[metrics.count - 1].points.append(point)
                    continue
                }
            }
            metrics.append(Metric(labels: labels, points: [point]))
        }
        return metrics
    }

    /// The label that tells one part of a metric from another.
    static func ownLabel(_ type: MetricType) -> String? {
        switch type {
        case .histogram, .gaugehistogram: LabelName.bucketBound
        case .summary: LabelName.quantile
        default: nil
        }
    }

    private func write(_ metric: Metric, _ type: MetricType, to writer: inout MessageWriter) {
        for label in metric.labels { writer.label(label, escaping) }
        let first = metric.points[0]
        switch type {
        case .counter: writer.message(3) { value(first, to: &$0) }
        case .gauge, .info, .stateset: writer.message(2) { $0.double(1, first.value) }
        case .unknown: writer.message(5) { $0.double(1, first.value) }
        case .summary: writer.message(4) { summary(metric.points, to: &$0) }
        case .histogram, .gaugehistogram: writer.message(7) { histogram(metric.points, to: &$0) }
        }
        if let time = first.time { writer.varint(6, UInt64(bitPattern: time.milliseconds)) }
    }

    private func value(_ point: MetricPoint, to writer: inout MessageWriter) {
        writer.double(1, point.value)
        if let exemplar = point.exemplar { writer.message(2) { write(exemplar, to: &$0) } }
    }

    private func summary(_ points: [MetricPoint], to writer: inout MessageWriter) {
        for point in points {
            switch point.suffix {
            case "_count": writer.varint(1, Self.whole(point.value))
            case "_sum": writer.double(2, point.value)
            default:
                guard let quantile = Self.bound(point, LabelName.quantile) else { continue }
                writer.message(3) {
                    $0.double(1, quantile)
                    $0.double(2, point.value)
                }
            }
        }
    }

    private func histogram(_ points: [MetricPoint], to writer: inout MessageWriter) {
        for point in points {
            let isWhole = point.value >= 0 && point.value == point.value.rounded()
            switch point.suffix {
            case "_count", "_gcount":
                if isWhole {
                    writer.varint(1, Self.whole(point.value))
                } else {
                    writer.double(4, point.value)
                }
            case "_sum", "_gsum": writer.double(2, point.value)
            default:
                guard let bound = Self.bound(point, LabelName.bucketBound) else { continue }
                writer.message(3) {
                    if isWhole {
                        $0.varint(1, Self.whole(point.value))
                    } else {
                        $0.double(4, point.value)
                    }
                    $0.double(2, bound)
                    if let exemplar = point.exemplar {
                        $0.message(3) { write(exemplar, to: &$0) }
                    }
                }
            }
        }
    }

    private func write(_ exemplar: PointExemplar, to writer: inout MessageWriter) {
        for label in exemplar.labels { writer.label(label, escaping) }
        writer.double(2, exemplar.value)
        guard let time = exemplar.time else { return }
        writer.message(3) {
            let seconds = Int64((Double(time.milliseconds) / 1000).rounded(.down))
            $0.varint(1, UInt64(bitPattern: seconds))
            $0.varint(2, UInt64(bitPattern: (time.milliseconds - seconds * 1000) * 1_000_000))
        }
    }

    private static func whole(_ value: Double) -> UInt64 { UInt64(exactly: value) ?? 0 }

    private static func bound(_ point: MetricPoint, _ name: String) -> Double? {
        let label = point.labels.first { $0.name.hasSameBytes(as: name) }
        return label.flatMap { FloatScanner.value(of: $0.value.utf8Span.span) }
    }
}

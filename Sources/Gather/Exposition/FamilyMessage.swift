import Model

// Families as `io.prometheus.client.MetricFamily`. Samples that stand beside each other and have
// the same labels, apart from `le` and `quantile`, become one metric.
extension ExpositionWriter {
    mutating func writeMessage(_ family: MetricFamily) {
        // The bytes are taken over for the while, so that they are not copied.
        var writer = MessageWriter(bytes: bytes)
        bytes = []
        fill(&writer, with: family.withClassicBuckets)
        bytes = writer.bytes
    }

    /// The whole message, its length in front.
    func fill(_ writer: inout MessageWriter, with family: MetricFamily) {
        let type = family.messageType
        writer.delimited {
            writeHead(family, type, to: &$0)
            for metric in grouped(family, type) {
                $0.message(4) { write(metric, of: family, type, to: &$0) }
            }
        }
    }

    /// What stands in front of the metrics.
    private func writeHead(
        _ family: MetricFamily, _ type: MetricType, to message: inout MessageWriter
    ) {
        message.text(1, escaping.escape(declaredName(family), isMetric: true))
        if !family.metadata.help.isEmpty { message.text(2, family.metadata.help) }
        message.varint(3, Self.typeNumber(type))
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
        /// Which of the family's points.
        var points: Range<Int>
    }

    private func grouped(_ family: MetricFamily, _ type: MetricType) -> [Metric] {
        var metrics: [Metric] = []
        let own = Self.ownLabel(type)
        for (index, point) in family.points.enumerated() {
            // A time of creation is no sample here.
            if point.suffix == "_created" { continue }
            var labels = point.labels
            if let own {
                labels.removeAll { $0.name.hasSameBytes(as: own) }
                if let last = metrics.last, last.labels == labels,
                    family.points[last.points.lowerBound].time == point.time
                {
                    metrics[metrics.count - 1].points = last.points.lowerBound..<index + 1
                    continue
                }
            }
            metrics.append(Metric(labels: labels, points: index..<index + 1))
        }
        return metrics
    }

    /// The label that tells one part of a metric from another.
    private static func ownLabel(_ type: MetricType) -> String? {
        switch type {
        case .histogram, .gaugehistogram: LabelName.bucketBound
        case .summary: LabelName.quantile
        default: nil
        }
    }

    private func write(
        _ metric: Metric, of family: MetricFamily, _ type: MetricType,
        to writer: inout MessageWriter
    ) {
        for label in metric.labels { writer.label(label, escaping) }
        let index = metric.points.lowerBound
        let first = family.points[index]
        switch type {
        case .counter:
            writer.message(3) {
                $0.value(1, first.value, of: index)
                if let exemplar = first.exemplar { $0.message(2) { write(exemplar, to: &$0) } }
            }
        case .gauge, .info, .stateset:
            writer.message(2) { $0.value(1, first.value, of: index) }
        case .unknown: writer.message(5) { $0.value(1, first.value, of: index) }
        case .summary: writer.message(4) { summary(family, metric.points, to: &$0) }
        case .histogram, .gaugehistogram:
            writer.message(7) { histogram(family, metric.points, to: &$0) }
        }
        if let time = first.time { writer.time(6, time, of: metric.points) }
    }

    private func summary(
        _ family: MetricFamily, _ points: Range<Int>, to writer: inout MessageWriter
    ) {
        for index in points {
            let point = family.points[index]
            switch point.suffix {
            case "_count": writer.whole(1, point.value, of: index)
            case "_sum": writer.value(2, point.value, of: index)
            case "_created": break
            default:
                guard let quantile = Self.bound(point, LabelName.quantile) else { continue }
                writer.message(3) {
                    $0.double(1, quantile)
                    $0.value(2, point.value, of: index)
                }
            }
        }
    }

    private func histogram(
        _ family: MetricFamily, _ points: Range<Int>, to writer: inout MessageWriter
    ) {
        let native = points.first { family.points[$0].histogram != nil }
        for index in points {
            let point = family.points[index]
            if let histogram = point.histogram {
                if index == native { writer.fill(with: histogram) }
                for exemplar in point.exemplars { writer.message(16) { write(exemplar, to: &$0) } }
                continue
            }
            switch point.suffix {
            // The native histogram says count and sum too.
            case "_count", "_gcount":
                if native == nil { writer.count(1, orFloat: 4, point.value, of: index) }
            case "_sum", "_gsum": if native == nil { writer.value(2, point.value, of: index) }
            case "_created": break
            default:
                guard let bound = Self.bound(point, LabelName.bucketBound) else { continue }
                writer.message(3) {
                    $0.count(1, orFloat: 4, point.value, of: index)
                    $0.double(2, bound)
                    if let exemplar = point.exemplar { $0.message(3) { write(exemplar, to: &$0) } }
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

    private static func bound(_ point: MetricPoint, _ name: String) -> Double? {
        let label = point.labels.first { $0.name.hasSameBytes(as: name) }
        return label.flatMap { FloatScanner.value(of: $0.value.utf8Span.span) }
    }
}

extension MessageWriter {
    /// A native histogram's fields, exemplars aside.
    fileprivate mutating func fill(with histogram: NativeHistogram) {
        let isFloat = histogram.hasFloatCounts
        if isFloat {
            double(4, histogram.count)
        } else {
            varint(1, UInt64(exactly: histogram.count) ?? 0)
        }
        double(2, histogram.sum)
        signed(5, Int64(histogram.schema))
        if histogram.zeroThreshold > 0 { double(6, histogram.zeroThreshold) }
        if isFloat {
            if histogram.zeroCount > 0 { double(8, histogram.zeroCount) }
        } else {
            let zeros = UInt64(exactly: histogram.zeroCount) ?? 0
            if zeros > 0 { varint(7, zeros) }
        }
        spans(9, histogram.negativeSpans)
        buckets(deltas: 10, counts: 11, histogram.negative, isFloat: isFloat)
        spans(12, histogram.positiveSpans)
        buckets(deltas: 13, counts: 14, histogram.positive, isFloat: isFloat)
        let isBare = histogram.zeroThreshold <= 0 && histogram.zeroCount <= 0
        if isBare, histogram.positiveSpans.isEmpty, histogram.negativeSpans.isEmpty {
            // A run of no bucket tells it from a classic histogram.
            spans(12, [NativeHistogram.Span(offset: 0, length: 0)])
        }
    }

    private mutating func spans(_ field: Int, _ spans: [NativeHistogram.Span]) {
        for span in spans {
            message(field) {
                $0.signed(1, Int64(span.offset))
                $0.varint(2, UInt64(span.length))
            }
        }
    }

    private mutating func buckets(
        deltas: Int, counts: Int, _ buckets: NativeHistogram.Buckets, isFloat: Bool
    ) {
        switch buckets {
        case .counts(let list): packed(counts, list)
        case .deltas(let list) where isFloat:
            var count: Int64 = 0
            packed(
                counts,
                list.map {
                    count &+= $0
                    return Double(count)
                })
        case .deltas(let list): packed(deltas, list)
        }
    }
}

extension NativeHistogram {
    /// Whether any of its counts is told as a float.
    fileprivate var hasFloatCounts: Bool {
        if case .counts(let counts) = positive, !counts.isEmpty { return true }
        if case .counts(let counts) = negative, !counts.isEmpty { return true }
        return UInt64(exactly: count) == nil || UInt64(exactly: zeroCount) == nil
    }
}

extension MetricFamily {
    /// The type as protobuf tells it: of native histograms it says whether they are gauges.
    fileprivate var messageType: MetricType {
        guard let histogram = points.first(where: { $0.histogram != nil })?.histogram,
            metadata.type != .gaugehistogram
        else { return metadata.type }
        return histogram.isGauge ? .gaugehistogram : .histogram
    }
}

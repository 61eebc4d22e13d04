import Exposition
import Head
import Model

/// Collects samples of one family for its message.
struct RelayMessages: LiveSink {
    private let style: RelayStyle
    private let exemplars: [UInt32: PlacedExemplar]
    private var family: WrittenRelayFamily?
    private var points: [MetricPoint] = []
    /// The family's message as far as it is made, without its length.
    private var message: [UInt8] = []

    init(_ style: RelayStyle, exemplars: [UInt32: PlacedExemplar]) {
        self.style = style
        self.exemplars = exemplars
    }

    /// What comes next belongs to `family`.
    mutating func begin(_ family: WrittenRelayFamily) { self.family = family }

    /// Takes points that no series has said.
    mutating func take(_ own: [MetricPoint]) { points += own }

    mutating func take(_ sample: LiveSample, _ labels: borrowing LiveLabels) {
        guard let family else { return }
        let index = labels.withMetric { name in
            family.metrics.firstIndex { RelayText.isSame(name, $0.name) }
        }
        guard let index else { return }
        let metric = family.metrics[index]
        if metric.isNative && sample.histogram == nil { return }
        if style.dropsInfinite, sample.histogram == nil, sample.value.isInfinite { return }
        let time = style.hasTimes ? sample.time : nil
        let exemplars = exemplars[sample.series].map {
            [PointExemplar(Array($0.labels), $0.value, time: $0.time)]
        }
        let shown = labels.shown(with: style)
        if let histogram = sample.histogram {
            // Prometheus federates none.
            guard style.form == .metrics else { return }
            points.append(MetricPoint(shown, histogram, time: time, exemplars: exemplars ?? []))
        } else {
            let suffix =
                style.form == .metrics
                ? family.family.metrics[index].dropFirst(family.family.name.count) : ""
            points.append(
                MetricPoint(
                    String(suffix), shown, sample.value, time: time, exemplar: exemplars?.first))
        }
    }

    /// Makes bytes of what was collected, so that a large family does not lie here in parts.
    mutating func pack() {
        guard let family, !points.isEmpty else { return }
        var writer = ExpositionWriter(.protobuf, escaping: style.escaping)
        writer.write(MetricFamily(family.family.name, family.family.metadata, points))
        points.removeAll(keepingCapacity: true)
        // Messages of one kind, one behind the other, are the message of all their fields.
        var at = 0
        while at < writer.bytes.count, writer.bytes[at] > 0x7f { at += 1 }
        message += writer.bytes[(at + 1)...]
    }

    /// The family's whole message behind its length, or nothing where it has no samples.
    mutating func finish() -> [UInt8] {
        pack()
        guard !message.isEmpty else { return [] }
        var bytes: [UInt8] = []
        var rest = message.count
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        bytes += message
        message.removeAll(keepingCapacity: true)
        return bytes
    }
}

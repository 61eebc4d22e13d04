import Model

/// Makes native histograms with bounds of their own of the series of classic ones.
final class ClassicCollector {
    private struct Parts {
        var counts: [Double: Double] = [:]
        var sum = 0.0
        var count: Double?
    }

    private let isWanted: Bool
    private var found: [Labels: [Int64: Parts]] = [:]

    init(isWanted: Bool) { self.isWanted = isWanted }

    func add(_ labels: Labels, _ time: Int64, _ value: ScriptValue) {
        guard isWanted, case .float(let value) = value else { return }
        let name = labels.metric
        guard let suffix = ["_bucket", "_count", "_sum"].first(where: name.hasSuffix) else {
            return
        }
        var builder = LabelsBuilder(labels)
        builder[LabelName.metric] = String(name.dropLast(suffix.count))
        builder[LabelName.bucketBound] = ""
        let key = Labels(builder)
        var parts = found[key]?[time] ?? Parts()
        switch suffix {
        case "_bucket":
            guard let bound = Double(scriptNumber: labels[LabelName.bucketBound][...]),
                !bound.isNaN
            else { return }
            parts.counts[bound] = value
        case "_count": parts.count = value
        default: parts.sum = value
        }
        found[key, default: [:]][time] = parts
    }

    /// The histograms that are sound: those whose counts never fall.
    func histograms() -> [(Labels, Int64, FloatHistogram)] {
        found.flatMap { labels, points in
            points.compactMap { time, parts in
                Self.histogram(parts).map { (labels, time, $0) }
            }
        }
    }

    private static func histogram(_ parts: Parts) -> FloatHistogram? {
        var bounds = parts.counts.keys.sorted()
        var counts = bounds.map { parts.counts[$0] ?? 0 }
        let total = parts.count ?? counts.last ?? 0
        if bounds.last != .infinity {
            bounds.append(.infinity)
            counts.append(total)
        }
        guard counts.last == total, zip(counts, counts.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            return nil
        }
        var histogram = FloatHistogram()
        histogram.schema = NativeHistogram.customSchema
        histogram.customBounds = Array(bounds.dropLast())
        histogram.count = total
        histogram.sum = parts.sum
        var before = 0.0
        var numbered: [(number: Int32, count: Double)] = []
        for (index, count) in counts.enumerated() {
            if count > before { numbered.append((Int32(index), count - before)) }
            before = count
        }
        histogram.positive = BucketSide(numbered: numbered)
        return histogram
    }
}

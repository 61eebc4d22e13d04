public import Model
import Threads

/// The newest that a live series said.
public struct NewestSample: Sendable {
    /// Which series, its name among the labels.
    public let labels: Labels
    /// When.
    public let time: Timestamp
    /// What; never a stale marker.
    public let value: Double
    /// The native histogram, where it said one; `value` means nothing then.
    public let histogram: NativeHistogram?
}

/// A metric family that live series belong to.
public struct LiveFamily: Sendable, Hashable {
    /// Its name, as `TYPE` gives it.
    public let name: String
    /// The newest that was said of it; of unknown type where nothing was.
    public let metadata: MetricMetadata
    /// The names of its metrics in the order in which they are written: buckets, sum, count.
    public let metrics: [String]

    /// A family of these metrics.
    public init(name: String, metadata: MetricMetadata, metrics: [String]) {
        (self.name, self.metadata, self.metrics) = (name, metadata, metrics)
    }
}

extension Head {
    /// The families of all series in memory, sorted by name: what a federating `/metrics` goes
    /// through, one at a time.
    public func families() -> [LiveFamily] {
        let names: [String] = store.table.withLock { table in
            guard let metric = table.name(LabelName.metric) else { return [] }
            return (table.names[metric]?.pairs ?? []).map { table.label($0).value }
        }
        let known = store.notes.withLock { $0.families }
        var metrics: [String: [String]] = [:]
        for name in names {
            metrics[MetricSuffix.family(of: name, known), default: []].append(name)
        }
        return metrics.map { family, names in
            LiveFamily(
                name: family, metadata: known[family]?.last ?? MetricMetadata(),
                metrics: names.sorted { MetricSuffix.rank($0, $1) })
        }.sorted { $0.name.isBytewiseLess(than: $1.name) }
    }

    /// The newest sample of each series of `family` that meets `matchers`, was said at `oldest` or
    /// later, and did not end since.
    ///
    /// Those of one histogram or summary stand together, its buckets by their bounds.
    public func newestSamples(
        of family: LiveFamily, matching matchers: [Matcher] = [], since oldest: Timestamp
    ) throws(SourceError) -> [NewestSample] {
        var samples: [NewestSample] = []
        for metric in family.metrics {
            let asked = [Matcher(LabelName.metric, equals: metric)] + matchers
            samples += try read(try find(asked)) {
                var reader = NewestReader(self, since: oldest)
                return { reader.newest($0) }
            }
        }
        switch family.metadata.type {
        case .histogram, .gaugehistogram, .summary: return MetricSuffix.grouped(samples)
        default: return samples
        }
    }

    /// What was said of each family, the newest last.
    public func metadata() -> [String: [MetricMetadata]] { store.notes.withLock { $0.families } }

    /// The exemplars in `range` of the series that meet `matchers`, oldest first.
    public func exemplars(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) throws(SourceError) -> [(labels: Labels, exemplars: [PlacedExemplar])] {
        let found = try find(matchers)
        let series = Set(found.map(\.series))
        let exemplars = store.notes.withLock { $0.exemplars(of: series, in: range) }
        return found.compactMap { one in exemplars[one.series].map { (one.labels, $0) } }
    }
}

/// Reads the newest row of each clock once.
private struct NewestReader {
    private let clocks: [HeadClock?]
    private let oldest: Timestamp
    private var rows: [UInt32: (row: Row?, time: Timestamp?, hasLoose: Bool)] = [:]

    init(_ head: Head, since oldest: Timestamp) {
        clocks = head.clockSlots
        self.oldest = oldest
    }

    mutating func newest(_ found: Found) -> NewestSample? {
        var newest: NewestSample?
        for home in found.homes where Int(home.clock) < clocks.count {
            guard let clock = clocks[Int(home.clock)] else { continue }
            let (row, time, hasLoose) = rows[home.clock] ?? look(clock)
            if let row, let time, time >= newest?.time ?? oldest, home.place != Place.beside.number
            {
                let value = Double(bitPattern: row.bits(of: Place(number: home.place)))
                if !value.isAbsent {
                    newest = NewestSample(
                        labels: found.labels, time: time, value: value, histogram: nil)
                }
            }
            if hasLoose { lookBeside(found, clock, &newest) }
        }
        guard let newest, newest.histogram != nil || !newest.value.isStaleMarker else {
            return nil
        }
        return newest
    }

    private mutating func look(
        _ clock: HeadClock
    ) -> (row: Row?, time: Timestamp?, hasLoose: Bool) {
        let (row, time) = clock.history.withLock { ($0.newest, $0.newestTime) }
        let looked = (row, time, clock.loose.withLock { !$0.isEmpty })
        rows[clock.id.number] = looked
        return looked
    }

    private func lookBeside(_ found: Found, _ clock: HeadClock, _ newest: inout NewestSample?) {
        let series = found.series.number
        let (sample, point) = clock.loose.withLock { loose in
            (loose.newestSample(of: series), loose.histograms[series]?.last)
        }
        if let sample, sample.time >= newest?.time ?? oldest {
            newest = NewestSample(
                labels: found.labels, time: sample.time, value: sample.value, histogram: nil)
        }
        if let point, point.time >= newest?.time ?? oldest {
            newest = NewestSample(
                labels: found.labels, time: point.time, value: 0, histogram: point.histogram)
        }
    }
}

extension Loose {
    func newestSample(of series: UInt32) -> (time: Timestamp, value: Double)? {
        samples[series]?.newest
    }
}

/// How the names of a family's metrics end, and in which order they are written.
private enum MetricSuffix {
    private static let all = [
        "_bucket", "_gsum", "_sum", "_gcount", "_count", "_total", "_info", "_created",
    ]
    private static let compound: Set<MetricType> = [
        .counter, .histogram, .gaugehistogram, .summary, .info,
    ]

    static func family(of metric: String, _ known: [String: [MetricMetadata]]) -> String {
        if known[metric] != nil { return metric }
        for suffix in all where metric.utf8.count > suffix.utf8.count {
            guard metric.hasSuffix(suffix) else { continue }
            let family = String(metric.dropLast(suffix.count))
            if let said = known[family]?.last, compound.contains(said.type) { return family }
        }
        return metric
    }

    private static func rank(_ metric: String) -> Int {
        all.firstIndex { metric.hasSuffix($0) } ?? -1
    }

    static func rank(_ left: String, _ right: String) -> Bool {
        let (l, r) = (rank(left), rank(right))
        return l != r ? l < r : left.isBytewiseLess(than: right)
    }

    /// Samples of one histogram or summary side by side.
    static func grouped(_ samples: [NewestSample]) -> [NewestSample] {
        let keyed = samples.map { sample in
            var builder = LabelsBuilder(sample.labels)
            for name in [LabelName.metric, LabelName.bucketBound, LabelName.quantile] {
                builder[name] = ""
            }
            let bound =
                Double(sample.labels[LabelName.bucketBound])
                ?? Double(sample.labels[LabelName.quantile]) ?? -.infinity
            return (
                key: Labels(builder), rank: rank(sample.labels.metric), bound: bound, sample: sample
            )
        }
        return keyed.sorted { left, right in
            if left.key != right.key { return left.key < right.key }
            return (left.rank, left.bound) < (right.rank, right.bound)
        }.map(\.sample)
    }
}

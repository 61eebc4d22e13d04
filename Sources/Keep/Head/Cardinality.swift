public import Model
import Threads

/// How many series have what: what `/api/v1/status/tsdb` tells.
public struct Cardinality: Sendable, Equatable {
    /// A name and what was counted for it.
    public struct Count: Sendable, Equatable {
        /// What was counted.
        public let name: String
        /// How much of it.
        public let value: Int

        /// A count.
        public init(name: String, value: Int) {
            self.name = name
            self.value = value
        }
    }

    /// Series in memory.
    public var seriesCount = 0
    /// Labels in memory, each once.
    public var labelPairCount = 0
    /// Compressed blocks in memory, one for each series that they hold.
    public var chunkCount = 0
    /// The oldest and the newest tick in memory.
    public var times: ClosedRange<Timestamp>?
    /// Series by metric, most first.
    public var seriesByMetric: [Count] = []
    /// Different values by label name, most first.
    public var valuesByLabel: [Count] = []
    /// The bytes of the values, once for each series, by label name, most first.
    public var bytesByLabel: [Count] = []
    /// Series by label, `name=value`, most first.
    public var seriesByPair: [Count] = []

    /// Nothing.
    public init() {}
}

extension Head {
    /// The counts, at most `limit` of each kind.
    public func cardinality(limit: Int) -> Cardinality {
        var result = store.table.withLock { $0.cardinality(limit: limit) }
        for clock in heldClocks {
            let history = clock.history.withLock { $0 }
            result.chunkCount += history.blocks.reduce(0) { $0 + $1.layout.width }
            guard let first = history.times.first, let last = history.times.last else { continue }
            let times = result.times ?? first...last
            result.times = min(first, times.lowerBound)...max(last, times.upperBound)
        }
        return result
    }
}

extension SeriesTable {
    fileprivate func cardinality(limit: Int) -> Cardinality {
        var (metrics, labels) = (Largest(limit), Largest(limit))
        var result = Cardinality()
        let metricName = name(LabelName.metric)
        var bytes: [UInt32: Int] = [:]
        for (name, labelsOfName) in names {
            for number in labelsOfName.pairs {
                let pair = pairs[Int(number)]
                let count = Int(pair.postings.count)
                labels.add(number, count)
                bytes[name, default: 0] += count * symbols.length(of: pair.value)
                if name == metricName { metrics.add(number, count) }
            }
        }
        result.seriesCount = count
        result.labelPairCount = pairCount
        result.seriesByMetric = metrics.sorted.map { .init(name: label($0).value, value: $1) }
        result.seriesByPair = labels.sorted.map { pair, count in
            let label = label(pair)
            return .init(name: label.name + "=" + label.value, value: count)
        }
        let byValues = names.values.map { Cardinality.Count(name: $0.text, value: $0.pairs.count) }
        result.valuesByLabel = Self.largest(byValues, limit)
        let byBytes = names.map { Cardinality.Count(name: $1.text, value: bytes[$0] ?? 0) }
        result.bytesByLabel = Self.largest(byBytes, limit)
        return result
    }

    private static func largest(
        _ counts: [Cardinality.Count], _ limit: Int
    ) -> [Cardinality.Count] {
        let sorted = counts.sorted { left, right in
            left.value != right.value
                ? left.value > right.value : left.name.isBytewiseLess(than: right.name)
        }
        return Array(sorted.prefix(limit))
    }
}

/// The largest few of many counts.
private struct Largest {
    private let limit: Int
    private var held: [(label: UInt32, count: Int)] = []
    private var least = 0

    init(_ limit: Int) { self.limit = limit }

    mutating func add(_ label: UInt32, _ count: Int) {
        guard held.count < limit * 2 || count > least else { return }
        held.append((label, count))
        if held.count >= limit * 4 { shrink() }
    }

    private mutating func shrink() {
        held = sorted
        least = held.last?.count ?? 0
    }

    /// The largest, most first.
    var sorted: [(label: UInt32, count: Int)] {
        Array(held.sorted { ($1.count, $0.label) < ($0.count, $1.label) }.prefix(limit))
    }
}

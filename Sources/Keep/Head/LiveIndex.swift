public import Model
import Threads

/// Names of metrics, and which of their series are meant.
public struct LiveSelection: Sendable {
    /// The names, in the order of their bytes.
    public let names: [String]
    /// A bit for each series' number; `nil` where all are meant.
    let chosen: [UInt64]?

    @inline(__always)
    func contains(_ series: UInt32) -> Bool {
        guard let chosen else { return true }
        let word = Int(series >> 6)
        return word < chosen.count && chosen[word] & (1 << UInt64(series & 63)) != 0
    }
}

/// The series of one family, in the order in which they are told.
public struct LiveSeriesList: Sendable {
    /// Their numbers, those of one clock side by side.
    public fileprivate(set) var series: [UInt32] = []
    /// The clock of each, the first one where it has several.
    public fileprivate(set) var clocks: [UInt32] = []
    /// Other clocks that speak of a series, by its place.
    public fileprivate(set) var more: [(place: Int, clock: UInt32)] = []
    /// Whether a series belongs to the metric of the one before: no place to cut between them.
    public fileprivate(set) var continues: [Bool] = []
}

extension Head {
    /// The metrics of the series that one of `selectors` selects; of all series where it is `nil`.
    public func liveSelection(
        _ selectors: [[Matcher]]?
    ) throws(SourceError) -> LiveSelection {
        guard let selectors else { return LiveSelection(names: metricNames(), chosen: nil) }
        var chosen: [UInt64] = []
        var metrics: Set<UInt32> = []
        var names: [String] = []
        for matchers in selectors {
            // A restart finds the same again, and what is gone meanwhile is no sample any more.
            try Selection.forEach(matchers, in: store.table) {
            } body: { table, slice in
                guard let name = table.name(LabelName.metric) else { return false }
                for series in slice {
                    let word = Int(series >> 6)
                    while chosen.count <= word { chosen.append(0) }
                    chosen[word] |= 1 << UInt64(series & 63)
                    unsafe table.withPairs(of: series) { pairs in
                        for index in 0..<pairs.count {
                            let pair = unsafe pairs[index]
                            guard table.pairs[Int(pair)].name == name else { continue }
                            if metrics.insert(pair).inserted {
                                names.append(table.label(pair).value)
                            }
                            return
                        }
                    }
                }
                return true
            }
        }
        // A pair's number may have gone to another name meanwhile: each name counts once.
        let sorted = Set(names).sorted { $0.isBytewiseLess(than: $1) }
        return LiveSelection(names: sorted, chosen: chosen)
    }

    private func metricNames() -> [String] {
        let names: [String] = store.table.withLock { table in
            guard let metric = table.name(LabelName.metric) else { return [] }
            return (table.names[metric]?.pairs ?? []).map { table.label($0).value }
        }
        return names.sorted { $0.isBytewiseLess(than: $1) }
    }

    /// The series of `metrics` in `selection`, clock by clock in the order of `ranks`, which has
    /// one for each number of a clock.
    ///
    /// With `grouped`, those that differ in the metric, `le` or `quantile` alone stand together,
    /// in the order of `metrics` and of their bounds.
    public func liveSeries(
        of metrics: [String], in selection: LiveSelection, ranks: [UInt32], grouped: Bool
    ) -> LiveSeriesList {
        var gatherer = LiveGatherer(ranks: ranks, isGrouped: grouped)
        for (index, metric) in metrics.enumerated() {
            let all: [UInt32] = store.table.withLock { table in
                guard let pair = table.pair(LabelName.metric, metric) else { return [] }
                var all: [UInt32] = []
                all.reserveCapacity(Int(table.pairs[Int(pair)].postings.count))
                table.pairs[Int(pair)].postings.forEach { all.append($0) }
                return all
            }
            var start = 0
            while start < all.count {
                let slice = all[start..<min(start + 2048, all.count)]
                start += slice.count
                store.table.withLock { table in
                    for series in slice where selection.contains(series) {
                        gatherer.take(series, metric: index, in: table)
                    }
                }
            }
        }
        return gatherer.list()
    }
}

/// Puts the series of a family in their order.
private struct LiveGatherer {
    private struct Entry {
        var series: UInt32
        var clock: UInt32
        /// The clock's rank, the group and the metric: what they are sorted by.
        var rank: UInt32
        var group: UInt32 = 0
        var metric: UInt32
        var bound = 0.0
    }

    private let ranks: [UInt32]
    private let isGrouped: Bool
    private var entries: [Entry] = []
    private var more: [UInt32: [UInt32]] = [:]
    /// Groups by what their labels are, in the order in which they are met.
    private var groups: [UInt64: UInt32] = [:]
    private var bounds: [UInt32: Double] = [:]

    init(ranks: [UInt32], isGrouped: Bool) {
        self.ranks = ranks
        self.isGrouped = isGrouped
    }

    mutating func take(_ series: UInt32, metric: Int, in table: borrowing SeriesTable) {
        guard table.isLive(series) else { return }
        let record = table.records[Int(series)]
        guard record.home != .none else { return }
        let clock = record.home.clock
        if record.hasMoreHomes {
            more[series] = table.homes(of: series).map(\.clock).filter { $0 != clock }
        }
        var entry = Entry(
            series: series, clock: clock,
            rank: clock < ranks.count ? ranks[Int(clock)] : .max, metric: UInt32(metric))
        if isGrouped { group(&entry, in: table) }
        entries.append(entry)
    }

    private mutating func group(_ entry: inout Entry, in table: borrowing SeriesTable) {
        let apart = [LabelName.metric, LabelName.bucketBound, LabelName.quantile]
            .map { table.name($0) ?? .max }
        var key: UInt64 = 0
        var bound: UInt32?
        unsafe table.withPairs(of: entry.series) { pairs in
            for index in 0..<pairs.count {
                let pair = unsafe pairs[index]
                let name = table.pairs[Int(pair)].name
                if !apart.contains(name) {
                    key = ByteHash.mix(key, UInt64(pair) &+ 1)
                } else if name != apart[0] {
                    bound = pair
                }
            }
        }
        let next = UInt32(groups.count)
        entry.group = groups[key] ?? next
        groups[key] = entry.group
        guard let bound else { return }
        if let known = bounds[bound] {
            entry.bound = known
        } else {
            entry.bound = Double(table.label(bound).value) ?? .infinity
            bounds[bound] = entry.bound
        }
    }

    func list() -> LiveSeriesList {
        var list = LiveSeriesList()
        let sorted = isGrouped ? entries.sorted { Self.isBefore($0, $1) } : byRank()
        list.series.reserveCapacity(sorted.count)
        list.clocks.reserveCapacity(sorted.count)
        var last: Entry?
        for entry in sorted {
            if !more.isEmpty, let clocks = more[entry.series] {
                for clock in clocks { list.more.append((list.series.count, clock)) }
            }
            let isSame =
                isGrouped
                && last.map { $0.group == entry.group && $0.clock == entry.clock }
                    ?? false
            list.series.append(entry.series)
            list.clocks.append(entry.clock)
            list.continues.append(isSame)
            last = entry
        }
        return list
    }

    /// By rank, those of one rank as they came.
    private func byRank() -> [Entry] {
        let isInOrder = zip(entries, entries.dropFirst()).allSatisfy { $0.rank <= $1.rank }
        if isInOrder { return entries }
        // There are far fewer ranks than series.
        let last = ranks.count
        var places = [Int](repeating: 0, count: last + 2)
        for entry in entries { places[min(Int(entry.rank), last) + 1] += 1 }
        for rank in 1..<places.count { places[rank] += places[rank - 1] }
        var sorted = entries
        for entry in entries {
            let rank = min(Int(entry.rank), last)
            sorted[places[rank]] = entry
            places[rank] += 1
        }
        return sorted
    }

    private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        if left.group != right.group { return left.group < right.group }
        if left.metric != right.metric { return left.metric < right.metric }
        if left.bound != right.bound { return left.bound < right.bound }
        return left.series < right.series
    }
}

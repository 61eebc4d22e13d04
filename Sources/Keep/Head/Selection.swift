import Model
import RE2
import Threads

/// A matcher, and what is known of it from the labels looked at so far.
struct Condition {
    let matcher: Matcher
    /// Whether a series without the label fits.
    let acceptsAbsence: Bool
    /// The label's name, where any series has it.
    let name: UInt32?
    /// The one label that fits, where equality asks for it and it exists.
    let pair: UInt32?
    /// Labels that were looked at, and whether they fit.
    var verdicts: [UInt32: Bool] = [:]

    init(_ matcher: Matcher, in table: borrowing SeriesTable) {
        self.matcher = matcher
        acceptsAbsence = matcher.acceptsAbsence
        name = table.name(matcher.name)
        let isEquality = matcher.operation == .equal && !matcher.value.isEmpty
        pair = isEquality ? table.pair(matcher.name, matcher.value) : nil
    }

    var isEquality: Bool { matcher.operation == .equal && !matcher.value.isEmpty }

    /// Whether a label of this name fits; asked once for each label, however many series have it.
    mutating func accepts(_ label: UInt32, in table: borrowing SeriesTable) -> Bool {
        if isEquality { return label == pair }
        if let known = verdicts[label] { return known }
        let value = table.pairs[Int(label)].value
        let verdict = unsafe table.symbols.withText(value) { text in
            unsafe matcher.accepts(Span(_unsafeElements: text))
        }
        verdicts[label] = verdict
        return verdict
    }

    /// Whether the series with these labels fits.
    mutating func accepts(
        labels: UnsafeBufferPointer<UInt32>, in table: borrowing SeriesTable
    ) -> Bool {
        if isEquality {
            guard let pair else { return false }
            return unsafe labels.contains(pair)
        }
        for index in 0..<labels.count {
            let label = unsafe labels[index]
            if table.pairs[Int(label)].name == name { return accepts(label, in: table) }
        }
        return acceptsAbsence
    }
}

extension Matcher {
    /// Whether a label with this value fits.
    fileprivate func accepts(_ value: Span<UInt8>) -> Bool {
        switch operation {
        case .equal: isValue(value)
        case .notEqual: !isValue(value)
        case .matches: pattern?.matches(value) ?? false
        case .notMatches: !(pattern?.matches(value) ?? true)
        }
    }

    private func isValue(_ other: Span<UInt8>) -> Bool {
        guard value.utf8.count == other.count else { return false }
        var index = 0
        for byte in value.utf8 {
            if byte != other[index] { return false }
            index += 1
        }
        return true
    }
}

/// A series that was found, and where what it said stands.
struct Found: Sendable {
    let series: SeriesID
    let labels: Labels
    let homes: [SeriesTable.Home]

    /// What became of a series since it was found.
    enum Fate {
        case same
        case moved(Found)
        case gone
    }

    func current(in table: borrowing SeriesTable) -> Fate {
        guard table.isLive(series.number) else { return .gone }
        if homes.allSatisfy({ table.isHome($0, of: series.number) }) { return .same }
        return .moved(
            Found(series: series, labels: labels, homes: table.homes(of: series.number)))
    }
}

/// Goes from matchers to series, a slice at a time, so that nobody waits long for the table.
///
/// It begins with the fewest series that one condition leaves, and asks each of them for the other
/// conditions: the time is that of the smallest list, however large the others are.
struct Selection {
    private enum Base {
        case all
        case pairs([UInt32], series: Int)

        var series: Int {
            switch self {
            case .all: .max
            case .pairs(_, let series): series
            }
        }
    }

    // At most about a quarter of a millisecond with the lock held.
    private static let slice = 2048

    private let table: Locked<SeriesTable>
    private var conditions: [Condition]
    private var base = Base.all
    /// The condition that `base` comes from.
    private var met: Int?
    private var generation: Int

    /// What `matchers` select, or `nil` where that is plainly nothing.
    private init?(_ matchers: [Matcher], in table: Locked<SeriesTable>) {
        self.table = table
        let (conditions, generation) = table.withLock { table in
            var conditions: [Condition] = []
            for matcher in matchers { conditions.append(Condition(matcher, in: table)) }
            return (conditions, table.generation)
        }
        self.conditions = conditions
        self.generation = generation
        for condition in conditions where !condition.acceptsAbsence {
            if condition.name == nil || condition.isEquality && condition.pair == nil {
                return nil
            }
        }
    }

    /// Calls `body` with the table and slices of the numbers of all series that meet `matchers`, for
    /// as long as it wants more.
    ///
    /// Where series are taken out meanwhile it begins anew, and `restart` is called before.
    static func forEach(
        _ matchers: [Matcher], in table: Locked<SeriesTable>, restart: () -> Void,
        body: (borrowing SeriesTable, [UInt32]) -> Bool
    ) throws(SourceError) {
        while var selection = Selection(matchers, in: table) {
            if try selection.run(body) { return }
            restart()
        }
    }

    private mutating func run(
        _ body: (borrowing SeriesTable, [UInt32]) -> Bool
    ) throws(SourceError) -> Bool {
        chooseEquality()
        for index in conditions.indices where !conditions[index].acceptsAbsence {
            guard try explore(index) else { return false }
        }
        guard let candidates = try candidates() else { return false }
        // All that it began with meet this one.
        if let met { conditions.remove(at: met) }
        var start = 0
        var wantsMore = true
        while wantsMore && start < candidates.count {
            try Self.checkCancellation()
            let end = min(start + Self.slice, candidates.count)
            let isCurrent = table.withLock { table in
                guard table.generation == generation else { return false }
                var fitting: [UInt32] = []
                for series in candidates[start..<end] where isFitting(series, in: table) {
                    fitting.append(series)
                }
                if !fitting.isEmpty { wantsMore = body(table, fitting) }
                return true
            }
            guard isCurrent else { return false }
            start = end
        }
        return true
    }

    private mutating func isFitting(_ series: UInt32, in table: borrowing SeriesTable) -> Bool {
        guard table.isLive(series) else { return false }
        if conditions.isEmpty { return true }
        return unsafe table.withPairs(of: series) { labels in
            for index in conditions.indices {
                guard unsafe conditions[index].accepts(labels: labels, in: table) else {
                    return false
                }
            }
            return true
        }
    }

    /// Begins with the equality that fewest series meet.
    private mutating func chooseEquality() {
        let conditions = conditions
        let best: (index: Int, pair: UInt32, series: Int)? = table.withLock { table in
            var best: (index: Int, pair: UInt32, series: Int)?
            for (index, condition) in conditions.enumerated() {
                guard let pair = condition.pair, Int(pair) < table.pairs.count else { continue }
                let series = Int(table.pairs[Int(pair)].postings.count)
                if best.map({ series < $0.series }) ?? true { best = (index, pair, series) }
            }
            return best
        }
        guard let best else { return }
        base = .pairs([best.pair], series: best.series)
        met = best.index
    }

    /// Looks which labels fit the condition at `index`, where there are fewer of them than series
    /// to look at, and begins with those if that leaves fewer.
    private mutating func explore(_ index: Int) throws(SourceError) -> Bool {
        let condition = conditions[index]
        guard !condition.isEquality, let name = condition.name else { return true }
        if let texts = condition.matcher.pattern?.literals, condition.matcher.operation == .matches
        {
            return exploreLiterals(texts, of: condition.matcher.name, index)
        }
        let labels = table.withLock { $0.names[name]?.pairs ?? [] }
        guard labels.count < base.series else { return true }
        var (fitting, series): ([UInt32], Int) = ([], 0)
        var start = 0
        while start < labels.count {
            try Self.checkCancellation()
            let end = min(start + Self.slice, labels.count)
            let isCurrent = table.withLock { table in
                guard table.generation == generation else { return false }
                for label in labels[start..<end]
                where conditions[index].accepts(label, in: table) {
                    fitting.append(label)
                    series += Int(table.pairs[Int(label)].postings.count)
                }
                return true
            }
            guard isCurrent else { return false }
            start = end
        }
        begin(with: fitting, series: series, of: index)
        return true
    }

    /// Begins with `labels`, all that the condition at `index` accepts, if they have fewer series.
    private mutating func begin(with labels: [UInt32], series: Int, of index: Int) {
        guard series < base.series else { return }
        base = .pairs(labels, series: series)
        met = index
    }

    private mutating func exploreLiterals(
        _ texts: [String], of name: String, _ index: Int
    ) -> Bool {
        let found: (labels: [UInt32], series: Int)? = table.withLock { table in
            guard table.generation == generation else { return nil }
            var (labels, series): ([UInt32], Int) = ([], 0)
            for text in texts {
                guard let label = table.pair(name, text), !labels.contains(label) else { continue }
                labels.append(label)
                series += Int(table.pairs[Int(label)].postings.count)
            }
            return (labels, series)
        }
        guard let found else { return false }
        begin(with: found.labels, series: found.series, of: index)
        return true
    }

    /// The numbers to look at; `nil` where series were taken out meanwhile.
    private func candidates() throws(SourceError) -> [UInt32]? {
        guard case .pairs(let pairs, let series) = base else {
            let count = table.withLock { $0.records.count }
            return Array(0..<UInt32(count))
        }
        var candidates: [UInt32] = []
        candidates.reserveCapacity(series)
        for pair in pairs {
            try Self.checkCancellation()
            let isCurrent = table.withLock { table in
                guard table.generation == generation else { return false }
                table.pairs[Int(pair)].postings.forEach { candidates.append($0) }
                return true
            }
            guard isCurrent else { return nil }
        }
        return candidates
    }

    private static func checkCancellation() throws(SourceError) {
        if Task.isCancelled { throw .cancelled }
    }
}

public import Model
import Threads

// What labels there are, from the index alone: no sample is read.
extension Head {
    /// The label sets of the series that meet all `matchers` and may have said something in `range`.
    ///
    /// A series is judged by its clock: by when that ticked first and last.
    public func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [Labels] {
        var found: [Labels] = []
        var texts = LabelTexts()
        guard limit ?? 1 > 0 else { return [] }
        try forEachSeries(matchers, speakingIn: range) {
            found.removeAll()
            texts = LabelTexts()
        } body: { table, series in
            found.append(texts.labels(of: series, in: table))
            return found.count < limit ?? .max
        }
        return found
    }

    /// The names of the labels of such series; without matchers those of all that is in memory, if
    /// any of it may have said something in `range`.
    public func labelNames(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        guard matchers.isEmpty else {
            var seen = LabelMarks()
            var names: Set<UInt32> = []
            try forEachLabel(matchers, speakingIn: range, &seen) {
                names.removeAll()
            } body: { table, label in
                names.insert(table.pairs[Int(label)].name)
            }
            let texts = store.table.withLock { table in names.map { table.names[$0]?.text ?? "" } }
            return texts.filter { !$0.isEmpty }.sortedBytewise(limit: limit)
        }
        guard Speakers(clockSlots, in: range).areAny else { return [] }
        return store.table.withLock { $0.names.values.map(\.text) }.sortedBytewise(limit: limit)
    }

    /// The values that the label `name` has in such series, like the names.
    public func labelValues(
        of name: String, matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        guard let symbol = store.table.withLock({ $0.name(name) }) else { return [] }
        guard matchers.isEmpty else {
            var seen = LabelMarks()
            var texts: [String] = []
            try forEachLabel(matchers, speakingIn: range, &seen) {
                texts.removeAll()
            } body: { table, label in
                let pair = table.pairs[Int(label)]
                if pair.name == symbol { texts.append(table.symbols.text(pair.value)) }
            }
            return texts.sortedBytewise(limit: limit)
        }
        guard Speakers(clockSlots, in: range).areAny else { return [] }
        return try values(of: symbol).sortedBytewise(limit: limit)
    }

    /// All values of a name, a slice at a time.
    private func values(of name: UInt32) throws(SourceError) -> [String] {
        while true {
            let (labels, generation) = store.table.withLock { table in
                (table.names[name]?.pairs ?? [], table.generation)
            }
            var texts: [String] = []
            texts.reserveCapacity(labels.count)
            var start = 0
            while start < labels.count {
                if Task.isCancelled { throw .cancelled }
                let end = min(start + 2048, labels.count)
                let isCurrent = store.table.withLock { table in
                    // What was taken out meanwhile may have left its number to another label.
                    guard table.generation == generation else { return false }
                    for label in labels[start..<end] {
                        texts.append(table.symbols.text(table.pairs[Int(label)].value))
                    }
                    return true
                }
                guard isCurrent else { break }
                start = end
            }
            if start >= labels.count { return texts }
        }
    }

    /// Calls `body` once with each label of the series that meet `matchers`.
    private func forEachLabel(
        _ matchers: [Matcher], speakingIn range: ClosedRange<Timestamp>, _ seen: inout LabelMarks,
        restart: () -> Void, body: (borrowing SeriesTable, UInt32) -> Void
    ) throws(SourceError) {
        try forEachSeries(matchers, speakingIn: range) {
            seen = LabelMarks()
            restart()
        } body: { table, series in
            unsafe table.withPairs(of: series) { labels in
                for index in 0..<labels.count {
                    let label = unsafe labels[index]
                    if seen.mark(label) { body(table, label) }
                }
            }
            return true
        }
    }

    /// Calls `body` with each series that meets `matchers` and has a clock that speaks in `range`,
    /// for as long as it wants more.
    private func forEachSeries(
        _ matchers: [Matcher], speakingIn range: ClosedRange<Timestamp>, restart: () -> Void,
        body: (borrowing SeriesTable, UInt32) -> Bool
    ) throws(SourceError) {
        let speakers = Speakers(clockSlots, in: range)
        guard speakers.areAny else { return }
        try Selection.forEach(matchers, in: store.table, restart: restart) { table, slice in
            for series in slice
            where speakers.areAll || table.hasHome(of: series, where: { speakers.has($0) }) {
                guard body(table, series) else { return false }
            }
            return true
        }
    }
}

/// The clocks that said something in a range, or may have.
private struct Speakers {
    private let speaks: [Bool]
    let areAny: Bool
    let areAll: Bool

    init(_ clocks: [HeadClock?], in range: ClosedRange<Timestamp>) {
        speaks = clocks.map { clock in
            guard let clock else { return false }
            return clock.history.withLock { !$0.ticks(in: range).isEmpty }
                || clock.loose.withLock { !$0.isEmpty }
        }
        areAny = speaks.contains(true)
        // Of a clock that is gone nothing is left that could be asked for.
        areAll = zip(clocks, speaks).allSatisfy { $0 == nil || $1 }
    }

    func has(_ home: SeriesTable.Home) -> Bool {
        Int(home.clock) >= speaks.count || speaks[Int(home.clock)]
    }
}

/// Labels that were seen, a bit for each number.
private struct LabelMarks {
    private var words: [UInt64] = []

    /// Whether `label` is seen for the first time.
    @inline(__always)
    mutating func mark(_ label: UInt32) -> Bool {
        let word = Int(label >> 6)
        if word >= words.count {
            words += repeatElement(0, count: word + 1 + words.count / 2 - words.count)
        }
        let bit = UInt64(1) << UInt64(label & 63)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        return true
    }
}

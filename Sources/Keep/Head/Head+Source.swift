public import Model
import Threads

extension Head: SeriesSource {
    /// The series that meet all `matchers` and said something in `range`.
    public func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        let found = try find(matchers)
        var reader = HeadReader(self, range)
        var series: [Series] = []
        for (index, one) in found.enumerated() {
            if index % 256 == 255, Task.isCancelled { throw .cancelled }
            if let one = reader.series(one) { series.append(one) }
        }
        return series
    }

    /// The label sets of the series that meet all `matchers` and may have said something in `range`.
    ///
    /// A series is judged by its clock: by when that ticked first and last.
    public func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Labels] {
        let speaking = heldClocks.map { clock in
            clock.history.withLock { !$0.ticks(in: range).isEmpty }
                || clock.loose.withLock { !$0.isEmpty }
        }
        guard speaking.contains(true) else { return [] }
        return try find(matchers) { home in
            Int(home.clock) >= speaking.count || speaking[Int(home.clock)]
        }.map(\.labels)
    }

    /// The series that meet all `matchers`, with a home that fits.
    func find(
        _ matchers: [Matcher], where fits: (SeriesTable.Home) -> Bool = { _ in true }
    ) throws(SourceError) -> [Found] {
        var found: [Found] = []
        // Many series share a label: its text is made once.
        var texts: [UInt32: Label] = [:]
        try Selection.forEach(matchers, in: store.table) {
            found.removeAll()
            texts.removeAll()
        } body: { table, slice in
            for series in slice {
                let homes = table.homes(of: series)
                guard homes.contains(where: fits) else { continue }
                let labels = unsafe table.withPairs(of: series) { pairs in
                    unsafe pairs.map { pair in
                        if let known = texts[pair] { return known }
                        let label = table.label(pair)
                        texts[pair] = label
                        return label
                    }
                }
                found.append(
                    Found(
                        series: SeriesID(number: series), labels: Labels(inOrder: labels),
                        homes: homes))
            }
        }
        return found
    }
}

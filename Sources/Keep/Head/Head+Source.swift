public import Model
import Threads

extension Head: SeriesSource {
    /// The series that meet all `matchers` and said something in `range`.
    public func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        try read(try find(matchers)) {
            var reader = HeadReader(self, range)
            return { reader.series($0) }
        }
    }

    /// What a reader makes of the series in `found`.
    ///
    /// A series may leave its place between the look into the index and the look at what stands
    /// there, and another take it. It leaves the index before that happens: so where a series still
    /// is where it was, what was read is its own; the others are read anew, by another reader.
    func read<Result>(
        _ found: [Found], with makeReader: () -> (Found) -> Result?
    ) throws(SourceError) -> [Result] {
        var results: [Result] = []
        var left = found
        // What has left three places meanwhile has nothing in memory that is worth another look.
        for _ in 0..<3 where !left.isEmpty {
            let reader = makeReader()
            var moved: [Found] = []
            var start = 0
            while start < left.count {
                if Task.isCancelled { throw .cancelled }
                let slice = left[start..<min(start + 256, left.count)]
                let read = slice.map { reader($0) }
                let now = store.table.withLock { table in slice.map { $0.current(in: table) } }
                for (result, now) in zip(read, now) {
                    switch now {
                    case .same: if let result { results.append(result) }
                    case .moved(let found): moved.append(found)
                    case .gone: break
                    }
                }
                start += slice.count
            }
            left = moved
        }
        return results
    }

    /// The series that meet all `matchers`.
    func find(_ matchers: [Matcher]) throws(SourceError) -> [Found] {
        var found: [Found] = []
        // Many series share a label: its text is made once.
        var texts: [UInt32: Label] = [:]
        try Selection.forEach(matchers, in: store.table) {
            found.removeAll()
            texts.removeAll()
        } body: { table, slice in
            for series in slice {
                found.append(
                    Found(
                        series: SeriesID(number: series),
                        labels: table.labels(of: series, texts: &texts),
                        homes: table.homes(of: series)))
            }
            return true
        }
        return found
    }
}

public import Model
import Threads

extension Head {
    /// Forgets what the series that meet `matchers` said in `range`; both ends belong to it.
    ///
    /// Each clock forgets between two batches: its log hears of it after the last batch before and
    /// before the first one after. Series keep their places, for what they say next.
    public func erase(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) throws(SourceError) {
        let series = Set(try find(matchers).map(\.series.number))
        guard !series.isEmpty else { return }
        for clock in heldClocks { clock.erase(series, in: range) }
        store.notes.withLock { $0.erase(series, in: range) }
    }
}

extension HeadClock {
    fileprivate func erase(_ series: Set<UInt32>, in range: ClosedRange<Timestamp>) {
        layout.withLock { layout in
            let places = layout.owners.indices.filter { series.contains(layout.owners[$0]) }
                .map { Place(number: UInt32($0)) }
            if !places.isEmpty { erase(places, in: range) }
            loose.withLock { $0.erase(series, in: range) }
            log?.erased(
                id, series: Set(series.map { SeriesID(number: $0) }),
                places: places.map {
                    Placement(
                        series: SeriesID(number: layout.owners[Int($0.number)]),
                        tile: UInt32($0.tile), position: UInt8($0.position))
                }, in: range)
        }
    }

    private func erase(_ places: [Place], in range: ClosedRange<Timestamp>) {
        // Only who holds the layout changes rows and blocks, so that this copy stays true.
        let old = history.withLock { $0 }
        let ticks = old.ticks(in: range)
        guard !ticks.isEmpty else { return }
        var builder = BlockBuilder()
        let blocks = old.blocks.map { block in
            guard block.first < ticks.upperBound, block.end > ticks.lowerBound else { return block }
            return builder.block(of: block, without: places, at: ticks)
        }
        let first = old.end - old.rows.count
        let rows = old.rows.enumerated().map { index, row in
            ticks.contains(first + index) ? row.without(places) : row
        }
        let isNewestErased = ticks.contains(old.end - 1)
        history.withLock { history in
            history.replace(
                blocks: blocks, rows: rows,
                newest: isNewestErased ? old.newest?.without(places) : old.newest)
        }
    }
}

extension Row {
    fileprivate func without(_ places: [Place]) -> Row {
        var values = values
        for place in places {
            if let index = layout.index(of: place) { values[index] = Absent.value }
        }
        return Row(layout: layout, values: values)
    }
}

extension Loose {
    fileprivate mutating func erase(_ series: Set<UInt32>, in range: ClosedRange<Timestamp>) {
        for number in series { erase(number, in: range) }
    }
}

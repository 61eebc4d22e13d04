import Model
import Telemetry
import Threads

/// A clock in memory: its writer's side and what it said.
///
/// Its writer works under `layout`, which readers never take; what they read they copy out of
/// `history`, where the copy is a snapshot, so that nobody waits for longer than that takes.
final class HeadClock: SampleClock {
    /// A block of rows becomes one when there are this many of them.
    static let rowsOfBlock = 15
    /// Blocks of rows become one of the longest when there are this many of them.
    static let blocksOfLongest = ColumnForm.longest / rowsOfBlock

    let id: ClockID
    let key: ClockKey
    let layout = Locked(Layout())
    let history = Locked(History())
    let loose = Locked(Loose())
    private let store: HeadStore
    var log: (any TickLog)? { store.log }

    init(id: ClockID, key: ClockKey, store: HeadStore) {
        self.id = id
        self.key = key
        self.store = store
    }

    func open(interval: TimeSpan?) {
        layout.withLock { layout in
            layout.isOpen = true
            layout.interval = interval
        }
        store.log?.opened(id, as: key, interval: interval)
    }

    func close() {
        let wasOpen = layout.withLock { layout in
            guard layout.isOpen else { return false }
            layout.close(last: history.withLock { $0.end } - 1)
            leaveBeside(&layout)
            return true
        }
        if wasOpen { store.log?.closed(id) }
    }

    /// Whether nobody writes to it and nothing of it is left.
    var isSpent: Bool {
        layout.withLock { layout in
            !layout.isOpen && history.withLock { $0.times.isEmpty }
                && loose.withLock { $0.isEmpty } && layout.isEmpty
        }
    }

    func append(_ batch: borrowing SampleBatch) throws(SinkError) {
        try layout.withLock { layout throws(SinkError) in
            try append(batch, &layout)
        }
    }

    private func append(
        _ batch: borrowing SampleBatch, _ layout: inout Layout
    ) throws(SinkError) {
        let (newest, end) = history.withLock { ($0.newestTime, $0.end) }
        register(batch, &layout, last: end - 1)
        let isLater = newest.map { $0 < batch.time } ?? true
        let isTick = isLater && !batch.series.isEmpty
        if isTick { settle(layout.placeless(in: batch), &layout) }
        let row = isTick ? layout.row(of: batch) : nil
        let tick = tick(of: batch, row, layout)
        try store.log?.take(tick)
        layout.introduced.removeAll()
        layout.placed.removeAll()
        take(tick)
        if let row {
            let rows = history.withLock { history in
                history.append(row, at: batch.time)
                return history.rows.count
            }
            if rows >= Self.rowsOfBlock { compress() }
        }
        store.samplesTaken.add(batch.series.count)
        retire(batch.retired, &layout, last: isTick ? end : end - 1)
        leaveBeside(&layout)
        if rowsWereCompressed(row) { trim(&layout, before: batch.time - store.longest) }
    }

    private func rowsWereCompressed(_ row: Row?) -> Bool {
        row != nil && history.withLock { $0.rows.isEmpty }
    }
}

// MARK: The steps of taking a batch

extension HeadClock {
    private func register(
        _ batch: borrowing SampleBatch, _ layout: inout Layout, last: Int
    ) {
        guard !batch.newSeries.isEmpty else { return }
        // What has only histograms or instants of its own needs no place in the rows.
        var beside = Set(batch.histograms.map(\.series))
        for index in batch.times.indices
        where batch.times[index] != SampleBatch.noTime
            && batch.times[index] != batch.time.milliseconds
        {
            beside.insert(batch.series[index])
        }
        let new = batch.newSeries
        let clock = id.number
        withTable(&layout) { layout, table in
            layout.register(new, clock: clock, table: &table, last: last) { beside.contains($0) }
        }
    }

    private func settle(_ numbers: [UInt32], _ layout: inout Layout) {
        guard !numbers.isEmpty else { return }
        let clock = id.number
        withTable(&layout) { layout, table in
            for number in numbers { layout.settle(number, clock: clock, table: &table) }
        }
    }

    private func withTable(
        _ layout: inout Layout, _ body: (inout Layout, inout SeriesTable) -> Void
    ) {
        store.table.withLock { table in body(&layout, &table) }
    }

    /// What the log hears, and what is taken beside the rows.
    private func tick(of batch: borrowing SampleBatch, _ row: Row?, _ layout: Layout) -> Tick {
        var tick = Tick(clock: id, time: batch.time, isTick: row != nil)
        tick.introduced = layout.introduced
        tick.placed = layout.placed
        if let row {
            tick.tiles = row.layout.tiles
            tick.values = row.values
        }
        if row == nil || !batch.times.isEmpty { tick.loose = looseSamples(batch, row, layout) }
        tick.metadata = batch.metadata
        for exemplar in batch.exemplars {
            guard let series = layout.series(exemplar.series) else { continue }
            tick.exemplars.append(
                PlacedExemplar(
                    series: series, labels: exemplar.labels, value: exemplar.value,
                    time: exemplar.time ?? batch.time))
        }
        for sample in batch.histograms {
            guard let series = layout.series(sample.series) else { continue }
            let point = HistogramPoint(
                time: sample.time ?? batch.time, histogram: sample.histogram)
            tick.histograms.append(PlacedHistogram(series: series, point: point))
        }
        return tick
    }

    private func looseSamples(
        _ batch: borrowing SampleBatch, _ row: Row?, _ layout: Layout
    ) -> [LooseSample] {
        var samples: [LooseSample] = []
        for index in batch.series.indices {
            let own = batch.times.isEmpty ? SampleBatch.noTime : batch.times[index]
            let isAtTick = own == SampleBatch.noTime || own == batch.time.milliseconds
            guard row == nil || !isAtTick, let series = layout.series(batch.series[index]) else {
                continue
            }
            let value = batch.values[index]
            samples.append(
                LooseSample(
                    series: series,
                    time: isAtTick ? batch.time : Timestamp(milliseconds: own),
                    value: value.isAbsent
                        ? Double(bitPattern: StaleMarker.ordinaryNaNBits) : value))
        }
        return samples
    }

    private func take(_ tick: Tick) {
        if !tick.loose.isEmpty || !tick.histograms.isEmpty {
            let oldest = store.now() - store.longest
            let late = loose.withLock { loose in
                var late = 0
                for sample in tick.loose {
                    if sample.time < oldest { late += 1 } else { loose.insert(sample) }
                }
                for sample in tick.histograms where sample.point.time >= oldest {
                    loose.insert(sample)
                }
                return late
            }
            store.samplesTooOld.add(late)
            store.samplesBeside.add(tick.loose.count)
        }
        guard !tick.metadata.isEmpty || !tick.exemplars.isEmpty else { return }
        store.types.withLock { $0.take(tick.metadata, from: id.number) }
        store.notes.withLock { notes in
            notes.take(tick.metadata)
            for exemplar in tick.exemplars { notes.take(exemplar) }
        }
    }

    private func retire(_ numbers: [UInt32], _ layout: inout Layout, last: Int) {
        guard !numbers.isEmpty else { return }
        for number in numbers { layout.retire(number, last: last) }
        guard layout.isThin else { return }
        let clock = id.number
        withTable(&layout) { layout, table in
            layout.compact(clock: clock, table: &table, last: last)
        }
    }

    /// Takes the home beside the rows from series that the writer has no more, where nothing of
    /// them is left there.
    private func leaveBeside(_ layout: inout Layout) {
        guard !layout.silent.isEmpty else { return }
        let silent = layout.silent.filter { !layout.isBeside($0) }
        layout.silent.removeAll()
        let gone = loose.withLock { loose in
            silent.filter { loose.samples[$0] == nil && loose.histograms[$0] == nil }
        }
        store.removeHomes(gone.map { ($0, .init(clock: id.number, place: Place.beside.number)) })
    }

    private func compress() {
        // Only writers change rows and blocks, and there is only this one now.
        var (rows, blocks, end) = history.withLock { ($0.rows, $0.blocks, $0.end) }
        var builder = BlockBuilder()
        let block = builder.block(of: rows, first: end - rows.count)
        rows.removeAll()
        blocks.append(block)
        history.withLock { $0.replaceRows(with: block) }
        let small = blocks.suffix(while: { $0.count < ColumnForm.longest })
        guard small.count >= Self.blocksOfLongest else { return }
        let merged = builder.block(merging: Array(small.suffix(Self.blocksOfLongest)))
        history.withLock { $0.replaceBlocks(with: merged) }
    }

    /// Forgets what was said before `time`.
    func trim(_ layout: inout Layout, before time: Timestamp) {
        let first = history.withLock { history in
            _ = history.drop(before: time)
            return history.first
        }
        let empty = loose.withLock { $0.drop(before: time) }
        let freed = layout.free(before: first)
        var homes = freed.map {
            ($0.series, SeriesTable.Home(clock: id.number, place: $0.place.number))
        }
        let beside = SeriesTable.Home(clock: id.number, place: Place.beside.number)
        let speaking = loose.withLock { loose in
            freed.filter { loose.samples[$0.series] != nil || loose.histograms[$0.series] != nil }
        }
        // What it said beside the rows may be newer than its last tick.
        store.addHomes(speaking.map { ($0.series, beside) })
        for series in empty where !layout.isBeside(series) { homes.append((series, beside)) }
        store.removeHomes(homes)
    }
}

extension Array {
    /// The longest end of the array whose elements all fit.
    fileprivate func suffix(while fits: (Element) -> Bool) -> ArraySlice<Element> {
        var start = endIndex
        while start > startIndex, fits(self[start - 1]) { start -= 1 }
        return self[start...]
    }
}

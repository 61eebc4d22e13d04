public import Model
import Threads

extension Head: WindowSource {
    /// Every clock that has ticks in memory or a writer.
    public func clocks() -> [ClockStatus] {
        heldClocks.compactMap { clock in
            let (isOpen, interval) = clock.layout.withLock { ($0.isOpen, $0.interval) }
            let (first, last, count) = clock.history.withLock {
                ($0.times.first, $0.times.last, $0.times.count)
            }
            guard isOpen || count > 0 else { return nil }
            let ticks = first.flatMap { first in last.map { first...$0 } }
            return ClockStatus(
                clock: clock.id, key: clock.key, interval: interval, isOpen: isOpen, ticks: ticks,
                tickCount: count)
        }
    }

    /// The ticks of `clock` from `start` and before `end`; `nil` where it has none.
    public func window(
        of clock: ClockID, from start: Timestamp, before end: Timestamp
    ) -> ClockWindow? {
        guard start < end, let held = heldClock(clock) else { return nil }
        // The owners first: a place that is new afterwards said nothing before.
        let (owners, history) = held.layout.withLock { layout in
            (layout.owners, held.history.withLock { $0 })
        }
        let ticks = history.ticks(from: start, before: end)
        let range = start...(end - TimeSpan(milliseconds: 1))
        let (loose, histograms) = held.loose.withLock { loose in
            (loose.samples(in: range), loose.histograms(in: range))
        }
        guard !ticks.isEmpty || !loose.isEmpty || !histograms.isEmpty else { return nil }
        let columns = HistoryColumns(history, ticks, owners: ticks.isEmpty ? [] : owners)
        return ClockWindow(
            clock: clock, times: history.times(of: ticks), series: columns.series, loose: loose,
            histograms: histograms, columns: columns)
    }

    /// Everything that `clock` said before `end` leaves memory.
    public func drop(_ clock: ClockID, before end: Timestamp) {
        guard let held = heldClock(clock) else { return }
        held.layout.withLock { held.trim(&$0, before: end) }
    }

    /// The labels of `series`, or `nil` where the number means nothing any more.
    public func labels(of series: SeriesID) -> Labels? {
        store.table.withLock { table in
            table.isLive(series.number) ? table.labels(of: series.number) : nil
        }
    }
}

/// The columns of a clock at some of its ticks.
private struct HistoryColumns: WindowColumns {
    let series: [SeriesID]
    private let places: [[Place]]
    private let history: History
    private let ticks: Range<Int>

    init(_ history: History, _ ticks: Range<Int>, owners: [UInt32]) {
        self.history = history
        self.ticks = ticks
        var order: [SeriesID] = []
        var places: [[Place]] = []
        var indices: [UInt32: Int] = [:]
        for (number, owner) in owners.enumerated() where owner != .max {
            let place = Place(number: UInt32(number))
            if let index = indices[owner] {
                places[index].append(place)
            } else {
                indices[owner] = order.count
                order.append(SeriesID(number: owner))
                places.append([place])
            }
        }
        series = order
        self.places = places
    }

    func read(_ index: Int, into column: inout [Double]) -> Bool {
        let count = ticks.count
        if column.count != count { column = [Double](repeating: Absent.value, count: count) }
        var isPresent = false
        for (turn, place) in places[index].enumerated() {
            var one = turn == 0 ? [] : [Double](repeating: Absent.value, count: count)
            let isHere =
                turn == 0 ? readOne(place, into: &column) : readOne(place, into: &one)
            guard turn > 0 && isHere else {
                isPresent = isPresent || isHere
                continue
            }
            if !isPresent { column = [Double](repeating: Absent.value, count: count) }
            for tick in 0..<count where !one[tick].isAbsent { column[tick] = one[tick] }
            isPresent = true
        }
        return isPresent
    }

    private func readOne(_ place: Place, into column: inout [Double]) -> Bool {
        // Safe: a double and its bits take the same room, and the column has one for each tick.
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: ColumnForm.longest) {
            spare in
            unsafe column.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress, let room = spare.baseAddress else {
                    return false
                }
                let bits = unsafe base.bindMemory(to: UInt64.self, capacity: ticks.count)
                defer { unsafe base.bindMemory(to: Double.self, capacity: ticks.count) }
                return unsafe history.read(place, ticks, into: bits, spare: room)
            }
        }
    }
}

extension Loose {
    fileprivate func samples(in range: ClosedRange<Timestamp>) -> [LooseSample] {
        samples.sorted { $0.key < $1.key }.flatMap { series, column in
            column.samples(in: range).map {
                LooseSample(series: SeriesID(number: series), time: $0.time, value: $0.value)
            }
        }
    }

    fileprivate func histograms(in range: ClosedRange<Timestamp>) -> [PlacedHistogram] {
        histograms.sorted { $0.key < $1.key }.flatMap { series, points in
            points.filter { range.contains($0.time) }.map {
                PlacedHistogram(series: SeriesID(number: series), point: $0)
            }
        }
    }
}

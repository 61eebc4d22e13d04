public import Model
import Threads

/// The labels of a series, lent for as long as a call lasts.
@safe public struct LiveLabels: ~Copyable {
    // Safe: whoever makes one holds the lock of the table for longer than it lives, and a value
    // that cannot be copied and is only lent stays in the call.
    fileprivate let table: UnsafePointer<SeriesTable>
    fileprivate let pairs: UnsafeBufferPointer<UInt32>

    /// Calls `body` with the name and the value of each, in the order of the names.
    @inline(__always)
    public func forEach(_ body: (Span<UInt8>, Span<UInt8>) -> Void) {
        for index in 0..<(unsafe pairs.count) {
            let pair = unsafe table.pointee.pairs[Int(pairs[index])]
            unsafe table.pointee.symbols.withText(pair.name) { name in
                unsafe table.pointee.symbols.withText(pair.value) { value in
                    body(
                        unsafe Span(_unsafeElements: name), unsafe Span(_unsafeElements: value))
                }
            }
        }
    }
}

extension LiveLabels {
    /// Calls `body` with the metric's name; `nil` where there is none.
    @inline(__always)
    public func withMetric<Result>(_ body: (Span<UInt8>) -> Result?) -> Result? {
        for index in 0..<(unsafe pairs.count) {
            let pair = unsafe table.pointee.pairs[Int(pairs[index])]
            let isMetric = unsafe table.pointee.symbols.withText(pair.name) { name in
                unsafe name.elementsEqual(LabelName.metric.utf8)
            }
            guard isMetric else { continue }
            return unsafe table.pointee.symbols.withText(pair.value) { value in
                body(unsafe Span(_unsafeElements: value))
            }
        }
        return nil
    }
}

/// What a series said last.
public struct LiveSample: Sendable {
    /// Whose it is, as a `LiveSeriesList` numbers it.
    public let series: UInt32
    /// When.
    public let time: Timestamp
    /// What; a stale marker only where those that have ended were asked for.
    public let value: Double
    /// The native histogram, where it said one; `value` means nothing then.
    public let histogram: NativeHistogram?
}

/// What takes the newest samples, one after the other.
public protocol LiveSink: Sendable {
    /// Takes a sample; it is called with a lock held, so it only writes down what it gets.
    mutating func take(_ sample: LiveSample, _ labels: borrowing LiveLabels)
}

/// Reads the newest samples of series, as `clocks` have them.
public struct LiveReader: Sendable {
    private let head: Head
    private let clocks: LiveClocks
    private let oldest: Timestamp
    /// Where it is set: how far the clocks had come when the reader was here last.
    ///
    /// Then only series are told of whose clocks one has moved, and those that have ended since,
    /// by a stale marker.
    public var since: [LiveVersion?]?
    /// The oldest time among what was read: when the first of it will be too old.
    public private(set) var oldestRead = Timestamp.distantFuture

    /// A reader of what was said at `oldest` or later.
    public init(_ head: Head, _ clocks: LiveClocks, since oldest: Timestamp) {
        self.head = head
        self.clocks = clocks
        self.oldest = oldest
    }

    /// Hands each of `series` that is live to `sink`, in their order.
    public mutating func read(_ series: ArraySlice<UInt32>, into sink: inout some LiveSink) {
        let reader = self
        oldestRead = min(
            oldestRead,
            head.store.table.withLock { table in table.tell(series, by: reader, to: &sink) })
    }

    @inline(__always)
    fileprivate func news(_ series: UInt32, in table: borrowing SeriesTable) -> LiveSample? {
        guard let since else { return newest(series, in: table) }
        let homes = table.homes(of: series)
        let hasMoved = homes.contains { home in
            let clock = Int(home.clock)
            return clock >= since.count || since[clock] != clocks.version(of: clock)
        }
        guard hasMoved else { return nil }
        if let newest = newest(series, in: table) { return newest }
        guard homes.contains(where: { wasLive($0, at: since) }) else { return nil }
        let time = homes.compactMap { clocks.time(of: Int($0.clock)) }.max() ?? oldest
        return LiveSample(series: series, time: time, value: StaleMarker.value, histogram: nil)
    }

    private func newest(_ series: UInt32, in table: borrowing SeriesTable) -> LiveSample? {
        let record = table.records[Int(series)]
        var newest: LiveSample?
        look(at: record.home, series, &newest)
        if record.hasMoreHomes {
            for home in table.homes(of: series).dropFirst() { look(at: home, series, &newest) }
        }
        guard let newest, newest.histogram == nil, newest.value.isStaleMarker else {
            return newest
        }
        return nil
    }

    @inline(__always)
    private func look(
        at home: SeriesTable.Home, _ series: UInt32, _ newest: inout LiveSample?
    ) {
        guard home.clock < clocks.slots.count, let slot = clocks.slots[Int(home.clock)] else {
            return
        }
        if home.place != Place.beside.number, let row = slot.row, let time = slot.time,
            time >= newest?.time ?? oldest
        {
            let value = Double(bitPattern: row.bits(of: Place(number: home.place)))
            if !value.isAbsent {
                newest = LiveSample(series: series, time: time, value: value, histogram: nil)
            } else if slot.clock.key.kind == .sender {
                lookBack(at: home, series, slot, &newest)
            }
        }
        if slot.hasLoose { lookBeside(series, slot.clock, &newest) }
    }

    private func lookBeside(
        _ series: UInt32, _ clock: HeadClock, _ newest: inout LiveSample?
    ) {
        let (sample, point) = clock.loose.withLock { loose in
            (loose.newestSample(of: series), loose.histograms[series]?.last)
        }
        if let sample, sample.time >= newest?.time ?? oldest {
            newest = LiveSample(
                series: series, time: sample.time, value: sample.value, histogram: nil)
        }
        if let point, point.time >= newest?.time ?? oldest {
            newest = LiveSample(
                series: series, time: point.time, value: 0, histogram: point.histogram)
        }
    }

    /// A sender does not tell every series each time.
    private func lookBack(
        at home: SeriesTable.Home, _ series: UInt32, _ slot: LiveClocks.Slot,
        _ newest: inout LiveSample?
    ) {
        let history = slot.clock.history.withLock { $0 }
        let ticks = history.ticks(in: (newest?.time ?? oldest)...Timestamp.distantFuture)
        guard let last = history.last(at: Place(number: home.place), in: ticks) else { return }
        newest = LiveSample(series: series, time: last.time, value: last.value, histogram: nil)
    }

    /// Whether a series said something at a home that was live when the clocks had come so far.
    private func wasLive(_ home: SeriesTable.Home, at before: [LiveVersion?]) -> Bool {
        let clock = Int(home.clock)
        guard home.place != Place.beside.number, clock < before.count,
            let version = before[clock], clock < clocks.slots.count,
            let slot = clocks.slots[clock]
        else { return false }
        let history = slot.clock.history.withLock { $0 }
        guard version.end > history.first, version.end <= history.end else { return false }
        let ticks = (version.end - 1)..<version.end
        let last = history.last(at: Place(number: home.place), in: ticks)
        return last.map { !$0.value.isStaleMarker } ?? false
    }
}

extension SeriesTable {
    /// Hands what `reader` finds of `series` to `sink`; gives back the oldest time of it.
    fileprivate borrowing func tell(
        _ series: ArraySlice<UInt32>, by reader: LiveReader, to sink: inout some LiveSink
    ) -> Timestamp {
        var oldest = Timestamp.distantFuture
        // Safe: the table stays where it is for as long as it is borrowed here.
        unsafe withUnsafePointer(to: self) { table in
            for number in series {
                guard unsafe table.pointee.isLive(number),
                    let sample = unsafe reader.news(number, in: table.pointee)
                else { continue }
                oldest = min(oldest, sample.time)
                unsafe table.pointee.withPairs(of: number) { pairs in
                    sink.take(sample, unsafe LiveLabels(table: table, pairs: pairs))
                }
            }
        }
        return oldest
    }
}

extension History {
    /// The newest that stood at `place` at `ticks`.
    func last(at place: Place, in ticks: Range<Int>) -> (time: Timestamp, value: Double)? {
        guard !ticks.isEmpty else { return nil }
        var values = [UInt64](repeating: Absent.bits, count: ticks.count)
        var spare = [UInt64](repeating: 0, count: ColumnForm.longest)
        // Safe: both have the room that `read` asks for.
        _ = unsafe values.withUnsafeMutableBufferPointer { values in
            unsafe spare.withUnsafeMutableBufferPointer { spare in
                guard let out = values.baseAddress, let room = spare.baseAddress else {
                    return false
                }
                return unsafe read(place, ticks, into: out, spare: room)
            }
        }
        guard let index = values.lastIndex(where: { $0 != Absent.bits }) else { return nil }
        return (times[ticks.lowerBound + index - first], Double(bitPattern: values[index]))
    }
}

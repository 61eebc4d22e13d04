import Head
import Model
import Postgres

/// Chunks decoded straight into the columns of series; series that speak at the same instants share
/// one array of them.
struct ChunkColumns: ~Copyable {
    private let range: ClosedRange<Timestamp>
    private let sampleLimit: Int
    private var sampleCount = 0
    /// Why no more is read.
    private(set) var refusal: SourceError?

    /// A window of a clock, as a key.
    private struct WindowKey: Hashable {
        let clock: Int32
        let win: Int32
    }

    /// The ticks of a window that are in the range.
    private struct Instants {
        var skipped = 0
        var times: [Timestamp] = []
    }

    /// Where a row belongs.
    struct Place {
        let series: Int32
        let clock: Int32
        let win: Int32
        let row: Int
    }

    /// What one series said at the ticks of one clock.
    private struct Column {
        var times: [Timestamp]
        var values: [Double]
    }

    private var instants: [WindowKey: Instants] = [:]
    private var columns: [Int32: [Column]] = [:]
    // Which windows in a row make which array of instants.
    private var shared: [[WindowKey]: [Timestamp]] = [:]

    init(range: ClosedRange<Timestamp>, sampleLimit: Int) {
        self.range = range
        self.sampleLimit = sampleLimit
    }

    /// The rows in the order of series, clock and window, and the clocks among them.
    func index(
        _ rows: borrowing PostgresResult
    ) throws(PostgresError) -> (order: [Place], clocks: Set<Int32>) {
        var order: [Place] = []
        var clocks: Set<Int32> = []
        order.reserveCapacity(rows.rowCount)
        for row in 0..<rows.rowCount {
            guard let series = try rows.int(row, 2), let clock = try rows.int(row, 3),
                let win = try rows.int(row, 4)
            else { continue }
            clocks.insert(Int32(clock))
            order.append(
                Place(series: Int32(series), clock: Int32(clock), win: Int32(win), row: row))
        }
        order.sort { ($0.series, $0.clock, $0.win) < ($1.series, $1.clock, $1.win) }
        return (order, clocks)
    }

    /// Reads the instants of windows: columns base, slope, clock, win, bytes, exact.
    mutating func readInstants(_ rows: borrowing PostgresResult) throws(PostgresError) {
        for row in 0..<rows.rowCount {
            guard let clock = try rows.int(row, 2), let win = try rows.int(row, 3) else { continue }
            let key = WindowKey(clock: Int32(clock), win: Int32(win))
            instants[key] = try readInstants(rows, row)
        }
    }

    private func readInstants(
        _ rows: borrowing PostgresResult, _ row: Int
    ) throws(PostgresError) -> Instants {
        var instants = Instants()
        for milliseconds in try ChunkLine.instants(rows, row) {
            let time = Timestamp(milliseconds: milliseconds)
            if range.contains(time) {
                instants.times.append(time)
            } else if instants.times.isEmpty {
                instants.skipped += 1
            }
        }
        return instants
    }

    // MARK: Values

    /// Decodes the chunks of `rows` in this order; `false` where that is too much.
    mutating func read(
        _ rows: borrowing PostgresResult, _ order: [Place]
    ) throws(PostgresError) -> Bool {
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, order[end].series == order[start].series,
                order[end].clock == order[start].clock
            { end += 1 }
            try read(rows, order[start..<end])
            if refusal != nil { return false }
            start = end
        }
        return true
    }

    private mutating func read(
        _ rows: borrowing PostgresResult, _ places: ArraySlice<Place>
    ) throws(PostgresError) {
        let keys = places.map { WindowKey(clock: $0.clock, win: $0.win) }
        let times = times(of: keys)
        sampleCount += times.count
        guard sampleCount <= sampleLimit, !Task.isCancelled else {
            refusal =
                Task.isCancelled ? .cancelled : .tooMuch(what: "samples", limit: sampleLimit)
            return
        }
        guard !times.isEmpty, let series = places.first?.series else { return }
        var values = Array(repeating: 0.0, count: times.count)
        var offset = 0
        for (place, key) in zip(places, keys) {
            guard let window = instants[key] else { continue }
            let end = offset + window.times.count
            try ChunkLine.decode(
                rows, place.row, base: 0, slope: 1, bytes: 5, exact: 6, from: window.skipped,
                into: &values, offset..<end)
            offset = end
        }
        if values.contains(where: { $0.isAbsent }) {
            var column = Column(times: [], values: [])
            for index in values.indices where !values[index].isAbsent {
                column.times.append(times[index])
                column.values.append(values[index])
            }
            if !column.times.isEmpty { columns[series, default: []].append(column) }
        } else {
            columns[series, default: []].append(Column(times: times, values: values))
        }
    }

    private mutating func times(of keys: [WindowKey]) -> [Timestamp] {
        if let known = shared[keys] { return known }
        let times = keys.flatMap { instants[$0]?.times ?? [] }
        shared[keys] = times
        return times
    }

    // MARK: Series

    /// What a series said, or `nil` where that is nothing.
    ///
    /// `loose` counts before chunks, and of two with one time the later one.
    mutating func series(
        _ id: Int32, _ labels: Labels, with loose: [Sample], _ histograms: [HistogramPoint]
    ) -> Series? {
        let found = columns[id] ?? []
        if loose.isEmpty, found.count == 1 {
            return Series(
                labels: labels, times: found[0].times, values: found[0].values,
                histograms: histograms)
        }
        if found.isEmpty, loose.isEmpty {
            guard !histograms.isEmpty else { return nil }
            return Series(labels: labels, times: [], values: [], histograms: histograms)
        }
        sampleCount += loose.count
        if sampleCount > sampleLimit {
            refusal = .tooMuch(what: "samples", limit: sampleLimit)
            return nil
        }
        var merged = SampleMerge()
        for column in found { merged.add(column.times, column.values) }
        for sample in loose { merged.add(sample.time, sample.value) }
        let (times, values) = merged.columns()
        return Series(labels: labels, times: times, values: values, histograms: histograms)
    }
}

/// Samples from several places in the order of their times; of two with one time the one that was
/// added last counts.
struct SampleMerge {
    private var entries: [(time: Timestamp, rank: Int, value: Double)] = []

    mutating func add(_ time: Timestamp, _ value: Double) {
        entries.append((time, entries.count, value))
    }

    mutating func add(_ times: [Timestamp], _ values: [Double]) {
        for (time, value) in zip(times, values) { add(time, value) }
    }

    consuming func columns() -> ([Timestamp], [Double]) {
        entries.sort { ($0.time, $0.rank) < ($1.time, $1.rank) }
        var times: [Timestamp] = []
        var values: [Double] = []
        times.reserveCapacity(entries.count)
        values.reserveCapacity(entries.count)
        for entry in entries {
            if times.last == entry.time {
                values[values.count - 1] = entry.value
            } else {
                times.append(entry.time)
                values.append(entry.value)
            }
        }
        return (times, values)
    }
}

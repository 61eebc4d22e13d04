import Head
public import Model
public import Postgres

/// Writes a day anew and puts it where the old one was.
///
/// Short windows become long ones, late samples part of them, and what should go is left out.
public enum DayMerge {
    /// What a merge did.
    public struct Outcome: Sendable, Equatable {
        /// Chunks that the day had.
        public var before = 0
        /// Chunks that it has.
        public var after = 0
        /// Late samples that are in chunks now.
        public var late = 0

        /// Nothing done yet.
        public init() {}
    }

    /// Merges the day that begins at `start`; `nil` where another program seals or merges now.
    ///
    /// What the series of `erasing` said in these ranges of milliseconds is left out, but for what
    /// is late: that was said since. With `waits` it waits for that other program.
    public static func run(
        _ start: Timestamp, erasing: [Int32: ClosedRange<Int64>] = [:], waits: Bool = false,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Outcome? {
        try connection.transaction { connection throws(PostgresError) -> Outcome? in
            guard try Sealer.takeLock(connection, waits: waits) else { return nil }
            try Days.ensure(start, connection)
            var work = MergeWork(start, erasing)
            return try work.run(connection)
        }
    }
}

/// One merge at work.
private struct MergeWork: ~Copyable {
    private static let suffix = "_n"
    // As many rows as are in memory at once, if no series has more.
    private static let pageRows = 4000

    /// The ticks of a clock in the day, where its windows begin among them, and how they are cut now.
    private struct Ticks {
        var times: [Int64] = []
        var begins: [Int32: Int] = [:]
        var counts: [Int32: Int] = [:]
        var windows: [Window] = []
    }

    private let start: Timestamp
    private let erasing: [Int32: ClosedRange<Int64>]
    private var encoder = ChunkEncoder()
    private var clocks: [Int32: Ticks] = [:]
    private var late: DayLate
    private var values: [Double] = []
    private var output: [ChunkRow] = []
    private var outcome = DayMerge.Outcome()

    init(_ start: Timestamp, _ erasing: [Int32: ClosedRange<Int64>]) {
        self.start = start
        self.erasing = erasing
        late = DayLate(start: start)
    }

    private var old: (chunk: String, tick: String) { Partitions.dayTables(start) }
    private var new: (chunk: String, tick: String) {
        Partitions.dayTables(start, suffix: Self.suffix)
    }

    mutating func run(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> DayMerge.Outcome {
        try late.read(connection)
        try readTicks(connection)
        try connection.run(Partitions.makeDay(start, suffix: Self.suffix))
        var after: (metric: Int32, series: Int32) = (ChunkRow.instants, .max)
        var limit = Self.pageRows
        while true {
            let rows = try page(after, limit, connection)
            let end = try wholeSeries(rows, isLast: rows.rowCount < limit)
            if end == 0 {
                if rows.rowCount < limit { break }
                limit *= 2
                continue
            }
            try merge(rows, end)
            after = (
                Int32(try rows.int(end - 1, 2) ?? 0), Int32(try rows.int(end - 1, 3) ?? 0)
            )
            try flush(connection)
            if rows.rowCount < limit, end == rows.rowCount { break }
        }
        try addLateClocks(connection)
        try addInstants()
        try flush(connection)
        try Window.copy(
            clocks.values.flatMap(\.windows).sorted { ($0.clock, $0.win) < ($1.clock, $1.win) },
            into: new.tick, isFresh: true, connection)
        try connection.run(Partitions.indexDay(start, suffix: Self.suffix))
        try late.remove(connection)
        try swap(connection)
        return outcome
    }

    // MARK: Reading

    private mutating func readTicks(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let rows = try connection.query(
            """
            SELECT base, slope, clock, win, bytes FROM \(old.chunk)
            WHERE metric = 0 ORDER BY clock, win
            """)
        for row in 0..<rows.rowCount {
            guard let clock = try rows.int(row, 2), let win = try rows.int(row, 3) else { continue }
            let times = try ChunkLine.instants(rows, row)
            var ticks = clocks[Int32(clock)] ?? Ticks()
            ticks.begins[Int32(win)] = ticks.times.count
            ticks.counts[Int32(win)] = times.count
            ticks.times += times
            clocks[Int32(clock)] = ticks
            outcome.before += 1
        }
        for (clock, ticks) in clocks {
            let isOrdered = zip(ticks.times, ticks.times.dropFirst()).allSatisfy { $0 < $1 }
            guard isOrdered else { throw .malformed(what: "instants in order") }
            clocks[clock]?.windows = Window.cut(ticks.times[...], of: clock)
        }
    }

    private func page(
        _ after: (metric: Int32, series: Int32), _ limit: Int,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> PostgresResult {
        try connection.query(
            """
            SELECT \(ChunkRow.columns) FROM \(old.chunk)
            WHERE (metric, series) > ($1, $2) ORDER BY metric, series, clock, win LIMIT $3
            """, [.int4(after.metric), .int4(after.series), .int8(Int64(limit))])
    }

    /// How many of the rows are of series that are there as a whole.
    private func wholeSeries(
        _ rows: borrowing PostgresResult, isLast: Bool
    ) throws(PostgresError) -> Int {
        var end = rows.rowCount
        if isLast || end == 0 { return end }
        let last = try rows.int(end - 1, 3)
        while end > 0, try rows.int(end - 1, 3) == last { end -= 1 }
        return end
    }

    // MARK: Merging

    private mutating func merge(
        _ rows: borrowing PostgresResult, _ end: Int
    ) throws(PostgresError) {
        var first = 0
        while first < end {
            let series = try rows.int(first, 3)
            let clock = try rows.int(first, 4)
            var last = first + 1
            while last < end, try rows.int(last, 3) == series, try rows.int(last, 4) == clock {
                last += 1
            }
            outcome.before += last - first
            try merge(rows, first..<last)
            first = last
        }
    }

    private mutating func merge(
        _ rows: borrowing PostgresResult, _ range: Range<Int>
    ) throws(PostgresError) {
        let row = range.lowerBound
        guard let metric = try rows.int(row, 2), let series = try rows.int(row, 3),
            let clock = try rows.int(row, 4), let ticks = clocks[Int32(clock)]
        else { return }
        values.removeAll(keepingCapacity: true)
        values.append(contentsOf: repeatElement(Absent.value, count: ticks.times.count))
        for row in range {
            guard let win = try rows.int(row, 5), let begin = ticks.begins[Int32(win)],
                let count = ticks.counts[Int32(win)]
            else { throw .malformed(what: "a window of the clock") }
            try ChunkLine.decode(
                rows, row, base: 0, slope: 1, bytes: 6, exact: 7, from: 0, into: &values,
                begin..<begin + count)
        }
        erase(Int32(series), at: ticks.times)
        late.apply(to: &values, of: Int32(series), at: ticks.times)
        Self.encode(
            values, ticks.windows, (Int32(metric), Int32(series)), with: &encoder, to: &output)
    }

    private mutating func erase(_ series: Int32, at times: [Int64]) {
        guard let range = erasing[series] else { return }
        for index in times.indices where range.contains(times[index]) {
            values[index] = Absent.value
        }
    }

    private static func encode(
        _ values: [Double], _ windows: [Window], _ name: (metric: Int32, series: Int32),
        with encoder: inout ChunkEncoder, to output: inout [ChunkRow]
    ) {
        var begin = 0
        for window in windows {
            let end = begin + window.times.count
            if let chunk = encoder.encode(values.span.extracting(begin..<end)) {
                output.append(
                    ChunkRow(
                        metric: name.metric, series: name.series, clock: window.clock,
                        win: window.win, chunk: chunk))
            }
            begin = end
        }
    }

    /// Samples at instants that are no ticks get clocks of their own.
    private mutating func addLateClocks(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        for group in late.groups() {
            let clock = try Identities.clock(
                [
                    .text("late"), .text(Partitions.name(start, Partitions.day)),
                    .text("\(group.times[0])/\(try freshNumber(connection))"), .text("{}"), .null,
                ], connection)
            var ticks = Ticks(times: group.times)
            ticks.windows = Window.cut(group.times[...], of: clock)
            clocks[clock] = ticks
            for (series, metric) in group.members {
                values.removeAll(keepingCapacity: true)
                values.append(contentsOf: repeatElement(Absent.value, count: group.times.count))
                late.apply(to: &values, of: series, at: group.times)
                Self.encode(values, ticks.windows, (metric, series), with: &encoder, to: &output)
            }
        }
        outcome.late = late.count
    }

    private func freshNumber(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Int {
        try connection.query("SELECT nextval(pg_get_serial_sequence('weir_data.clock', 'id'))")
            .int(0, 0) ?? 0
    }

    private mutating func addInstants() throws(PostgresError) {
        for ticks in clocks.values {
            for window in ticks.windows {
                if let row = window.row(&encoder) { output.append(row) }
            }
        }
    }

    private mutating func flush(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        try ChunkRow.copy(output, into: new.chunk, isFresh: true, connection)
        outcome.after += output.count
        output.removeAll(keepingCapacity: true)
    }

    // MARK: Swapping

    /// Puts the new tables where the old ones were, in a moment when nobody reads those.
    private func swap(_ connection: borrowing PostgresConnection) throws(PostgresError) {
        try connection.run("ANALYZE \(new.chunk), \(new.tick)")
        try connection.run("SET LOCAL lock_timeout = '500ms'")
        for attempt in 1... {
            do throws(PostgresError) {
                try connection.transaction { connection throws(PostgresError) in
                    _ = try connection.run("DROP TABLE \(old.chunk), \(old.tick)")
                }
                break
            } catch {
                // Who waits for this lock makes all readers wait, so it waits shortly and often.
                guard error.sqlState == "55P03", attempt < 60 else { throw error }
                try connection.run("SELECT pg_sleep(0.5)")
            }
        }
        let short = (old.chunk.dropFirst(10), old.tick.dropFirst(10))
        try connection.run(
            """
            ALTER TABLE \(new.chunk) RENAME TO \(short.0);
            ALTER TABLE \(new.tick) RENAME TO \(short.1);
            \(Partitions.attachDay(start));
            """)
        _ = try connection.query(
            "UPDATE weir_data.span SET merged = now() WHERE kind = 'day' AND start = $1",
            [.timestamp(microsecondsSince1970: start.microseconds)])
    }
}

import Head
public import Model
public import Postgres

/// Turns hot partitions into chunks: one transaction each, then the partition is dropped.
public enum Sealer {
    /// What sealing did.
    public struct Outcome: Sendable, Equatable {
        /// Hot partitions that became chunks.
        public var spans = 0
        /// Chunks made of them.
        public var chunks = 0
        /// Ticks in them.
        public var ticks = 0

        /// Nothing done yet.
        public init() {}
    }

    /// Who seals or merges holds it, in whichever process.
    static let lock = TickTransaction.lock + 2

    /// Says that nothing before `end` becomes a hot row any more.
    public static func close(
        before end: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        try connection.transaction { connection throws(PostgresError) in
            // Waits for those who write, and they for this moment.
            _ = try connection.query(
                "SELECT pg_advisory_xact_lock($1)", [.int8(TickTransaction.lock)])
            _ = try connection.execute(
                "UPDATE weir_data.horizon SET closed = greatest(closed, $1)",
                [.timestamp(microsecondsSince1970: end.microseconds)])
        }
    }

    /// Seals all that is closed, oldest first; `nil` where another program is at it.
    public static func seal(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Outcome? {
        var outcome = Outcome()
        while true {
            let more = try connection.transaction {
                connection throws(PostgresError) -> Bool? in
                guard try takeLock(connection) else { return nil }
                guard let start = try nextSpan(connection) else {
                    try connection.run("UPDATE weir_data.horizon SET sealed = closed")
                    return false
                }
                var sealing = SpanSealing()
                try sealing.seal(start, connection, &outcome)
                _ = try connection.execute(
                    "UPDATE weir_data.horizon SET sealed = $1",
                    [.timestamp(microsecondsSince1970: (start + Partitions.hot).microseconds)])
                _ = try connection.execute(
                    "UPDATE weir_data.span SET merged = now() WHERE kind = 'hot' AND start = $1",
                    [.timestamp(microsecondsSince1970: start.microseconds)])
                outcome.spans += 1
                return true
            }
            guard let more else { return nil }
            if !more { return outcome }
        }
    }

    static func takeLock(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Bool {
        try connection.query("SELECT pg_try_advisory_xact_lock($1)", [.int8(lock)]).bool(0, 0)
            ?? false
    }

    private static func nextSpan(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Timestamp? {
        let found = try connection.query(
            """
            SELECT start FROM weir_data.span, weir_data.horizon
            WHERE kind = 'hot' AND merged IS NULL AND "end" <= closed ORDER BY start LIMIT 1
            """)
        guard found.rowCount > 0, let start = try found.microsecondsSince1970(0, 0) else {
            return nil
        }
        return Timestamp(milliseconds: start / 1000)
    }

    /// Drops the partitions whose rows are sealed; those that somebody reads stay until next time.
    public static func dropSealed(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let found = try connection.query(
            "SELECT start FROM weir_data.span WHERE kind = 'hot' AND merged IS NOT NULL")
        for row in 0..<found.rowCount {
            guard let start = try found.microsecondsSince1970(row, 0) else { continue }
            let time = Timestamp(milliseconds: start / 1000)
            do throws(PostgresError) {
                try connection.transaction { connection throws(PostgresError) in
                    // Who waits for this lock makes all others wait.
                    try connection.run("SET LOCAL lock_timeout = '500ms'")
                    try connection.run(
                        "DROP TABLE weir_data.scrape_\(Partitions.name(time, Partitions.hot))")
                    _ = try connection.query(
                        "DELETE FROM weir_data.span WHERE kind = 'hot' AND start = $1",
                        [.timestamp(microsecondsSince1970: start)])
                }
            } catch {
                guard error.sqlState == "55P03" else { throw error }
            }
        }
        // Places of tiles that no hot row and no writer has.
        try connection.run(
            """
            WITH gone AS (
                DELETE FROM weir_data.tile t
                WHERE t.run IN (SELECT id FROM weir_data.run WHERE seen < now() - interval '1 day')
                    AND NOT EXISTS (SELECT FROM weir_data.scrape s WHERE s.tile = t.id)
                RETURNING id)
            DELETE FROM weir_data.placement p USING gone WHERE p.tile = gone.id
            """)
    }
}

/// The sealing of one hot partition.
struct SpanSealing: ~Copyable {
    private var encoder = ChunkEncoder()
    private var windows: [Int32: [Window]] = [:]
    private var rows: [ChunkRow] = []

    private struct Place {
        let position: Int
        let series: Int32
        let metric: Int32
    }

    /// Writes what the partition that begins at `start` holds as chunks.
    mutating func seal(
        _ start: Timestamp, _ connection: borrowing PostgresConnection,
        _ outcome: inout Sealer.Outcome
    ) throws(PostgresError) {
        let table = "weir_data.scrape_\(Partitions.name(start, Partitions.hot))"
        try readWindows(table, connection)
        guard !windows.isEmpty else { return }
        let places = try readPlaces(table, connection)
        try readRows(table, places, connection)
        let all = windows.values.flatMap { $0 }.sorted { ($0.clock, $0.win) < ($1.clock, $1.win) }
        for window in all {
            if let row = window.row(&encoder) { rows.append(row) }
            outcome.ticks += window.times.count
        }
        rows.sort(by: ChunkRow.isBefore)
        try joinTwins()
        let day = Partitions.start(of: start, Partitions.day)
        try Days.ensure(day, connection)
        let tables = Partitions.dayTables(day)
        try ChunkRow.copy(rows, into: tables.chunk, connection)
        try Window.copy(all, into: tables.tick, connection)
        outcome.chunks += rows.count
    }

    /// Makes one chunk of those that a series has in one window because it stood in two places: after
    /// a restart, or when its clock got new tiles.
    private mutating func joinTwins() throws(PostgresError) {
        var joined: [ChunkRow] = []
        joined.reserveCapacity(rows.count)
        for row in rows {
            guard let last = joined.last, last.series == row.series, last.metric == row.metric,
                last.clock == row.clock, last.win == row.win
            else {
                joined.append(row)
                continue
            }
            let count = windows[row.clock]?.first { $0.win == row.win }?.times.count ?? 0
            var (values, others) = ([Double](repeating: 0, count: count), [Double]())
            others = values
            var output = values.mutableSpan
            var otherOutput = others.mutableSpan
            guard last.chunk.decode(into: &output, from: 0),
                row.chunk.decode(into: &otherOutput, from: 0)
            else { throw .malformed(what: "a chunk just made") }
            for tick in 0..<count where !others[tick].isAbsent { values[tick] = others[tick] }
            guard let chunk = encoder.encode(values.span) else { continue }
            joined[joined.count - 1].chunk = chunk
        }
        rows = joined
    }

    private mutating func readWindows(
        _ table: String, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        var times: [Int32: [Int64]] = [:]
        let sql = "SELECT clock, time FROM \(table) GROUP BY 1, 2 ORDER BY 1, 2"
        try connection.copyOut("COPY (\(sql)) TO STDOUT (FORMAT binary)") {
            row throws(PostgresError) in
            guard let clock = try row.int(), let time = try row.microsecondsSince1970() else {
                return
            }
            times[Int32(clock), default: []].append(time / 1000)
        }
        windows = Dictionary(
            uniqueKeysWithValues: times.map { ($0, Window.cut($1[...], of: $0)) })
    }

    private func readPlaces(
        _ table: String, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [Int32: [Place]] {
        var places: [Int32: [Place]] = [:]
        let sql = """
            SELECT p.tile, p.position, p.series, s.metric
            FROM weir_data.placement p JOIN weir_data.series s ON s.id = p.series
            WHERE p.tile IN (SELECT tile FROM \(table))
            """
        try connection.copyOut("COPY (\(sql)) TO STDOUT (FORMAT binary)") {
            row throws(PostgresError) in
            guard let tile = try row.int(), let position = try row.int(),
                let series = try row.int(), let metric = try row.int()
            else { return }
            places[Int32(tile), default: []].append(
                Place(position: position, series: Int32(series), metric: Int32(metric)))
        }
        return places
    }

    private mutating func readRows(
        _ table: String, _ places: [Int32: [Place]], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        var columns = TileColumns()
        var current: (clock: Int32, tile: Int32) = (0, 0)
        // By the index, so that nothing is sorted.
        try connection.run("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off")
        let sql = "SELECT clock, tile, time, values FROM \(table) ORDER BY tile, time"
        var scratch: [Double] = []
        // A closure cannot change what is borrowed here, so the state moves in and out.
        var found: [ChunkRow] = []
        var encoder = ChunkEncoder()
        let windows = self.windows
        func finish() {
            guard current.tile != 0 else { return }
            for place in places[current.tile] ?? [] {
                for (index, window) in (windows[current.clock] ?? []).enumerated() {
                    guard
                        let chunk = columns.encode(
                            place.position, window: index, with: &encoder)
                    else { continue }
                    found.append(
                        ChunkRow(
                            metric: place.metric, series: place.series, clock: current.clock,
                            win: window.win, chunk: chunk))
                }
            }
        }
        try connection.copyOut("COPY (\(sql)) TO STDOUT (FORMAT binary)") {
            row throws(PostgresError) in
            guard let clock = try row.int(), let tile = try row.int(),
                let time = try row.microsecondsSince1970()
            else { return }
            if tile != current.tile {
                finish()
                current = (Int32(clock), Int32(tile))
                columns.begin(windows[current.clock] ?? [])
            }
            scratch.removeAll(keepingCapacity: true)
            _ = try row.append(to: &scratch, missing: Absent.value)
            columns.add(scratch, at: time / 1000)
        }
        finish()
        try connection.run("RESET enable_sort; RESET enable_seqscan")
        rows = found
    }
}

/// The rows of one tile turned into columns, window by window.
struct TileColumns: ~Copyable {
    private var values: [[Double]] = []
    private var counts: [Int] = []
    private var times: [Int64] = []
    private var next = 0

    /// Begins a tile whose clock has these windows.
    mutating func begin(_ windows: [Window]) {
        counts = windows.map(\.times.count)
        times = windows.flatMap(\.times)
        next = 0
        let size = Tick.tileWidth
        for index in counts.indices {
            let needed = counts[index] * size
            if index >= values.count { values.append([]) }
            if values[index].count != needed {
                values[index] = Array(repeating: Absent.value, count: needed)
            } else {
                for place in values[index].indices { values[index][place] = Absent.value }
            }
        }
    }

    /// Adds the row of the tick at `time`; rows come in the order of their times.
    mutating func add(_ row: [Double], at time: Int64) {
        while next < times.count, times[next] < time { next += 1 }
        guard next < times.count, times[next] == time else { return }
        let window = next / Chunk.maximumTicks
        let tick = next % Chunk.maximumTicks
        let count = counts[window]
        for position in row.indices where position < Tick.tileWidth {
            values[window][position * count + tick] = row[position]
        }
    }

    /// What the series at `position` said in a window, as a chunk.
    func encode(_ position: Int, window: Int, with encoder: inout ChunkEncoder) -> Chunk? {
        let count = counts[window]
        let range = position * count..<(position + 1) * count
        let columns = values[window]
        return encoder.encode(columns.span.extracting(range))
    }
}

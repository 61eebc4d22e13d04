import Head
import Model
import Postgres

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

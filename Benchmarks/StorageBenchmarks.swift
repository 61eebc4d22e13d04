import Glibc
import Head
import Migrations
import Model
import Postgres
import PrivatePostgres
import Storage
import Telemetry
import TestKit

/// Samples in PostgreSQL: how small, how fast in and out, beside Prometheus's own blocks.
///
/// The data are 240 real scrapes of four exporters, taken every 5 s and stretched to 30 s: two
/// hours. A day repeats them twelve times, with counters that go on counting.
enum StorageBenchmarks {
    private static let step: Int64 = 30_000
    // The beginning of a day.
    private static let start: Int64 = 1_789_948_800_000

    static func run(_ report: inout BenchmarkReport) async throws {
        guard let frames = try Frames.read() else { return }
        var template = Array("/tmp/weir-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        let cluster = try PrivateCluster(path + "/postgres", log: .silent)
        try await cluster.start()
        do {
            try await sizes(frames, cluster, path, &report)
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
        _ = system("rm -rf '\(path)'")
    }

    private static func sizes(
        _ frames: Frames, _ cluster: PrivateCluster, _ path: String,
        _ report: inout BenchmarkReport
    ) async throws {
        let options = try cluster.options()
        try await Migrator().migrate(options)
        let pool = PostgresPool(options)
        let hours = try await write(frames, repeats: 0..<1, pool)
        report.add(
            "2 h: bytes written into the log", hours.wal / hours.samples, "B/sample",
            bar: "≤ 15")
        let sealing = try await seal(pool, hours: 2)
        report.add(
            "2 h: sealing, both processes", sealing / hours.samples * 1e6, "µs/sample", bar: "≤ 0.2"
        )
        let peer = try blocks(frames, repeats: 1, path)
        let own = try await size(pool)
        report.add(
            "2 h: chunks, ticks and indexes", own / hours.samples, "B/sample", bar: "≤ 1.47",
            peer: "Prometheus's block: \(rounded(peer / hours.samples))")
        try await sayTables(pool)
        let rest = try await write(frames, repeats: 1..<12, pool)
        let more = try await seal(pool, hours: 24)
        report.add(
            "the next 22 h: sealing, both processes", more / rest.samples * 1e6, "µs/sample",
            bar: "≤ 0.2")
        let samples = hours.samples + rest.samples
        let unmerged = try await size(pool)
        report.add("24 h in windows of 2 h", unmerged / samples, "B/sample")
        let merging = try await merge(pool)
        report.add(
            "24 h: merging, both processes", merging / samples * 1e6, "µs/sample", bar: "≤ 0.2")
        let merged = try await size(pool)
        let dayPeer = try blocks(frames, repeats: 12, path)
        report.add(
            "24 h merged: chunks, ticks and indexes", merged / samples, "B/sample",
            bar: "≤ 0.75 × Prometheus", peer: "Prometheus's blocks: \(rounded(dayPeer / samples))")
        report.add("24 h merged, over Prometheus's", merged / dayPeer, "", bar: "≤ 0.75")
        try await sayTables(pool)
        try await reading(pool, frames, &report)
    }

    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    // MARK: In

    private static func write(
        _ frames: Frames, repeats: Range<Int>, _ pool: PostgresPool
    ) async throws -> (samples: Double, wal: Double) {
        let before = try await number(
            pool, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8")
        let writer = TickWriter(
            pool: pool, byteLimit: 1 << 30, registry: MetricRegistry(), log: .silent)
        let run = Task { await writer.run() }
        let clock = ClockID(number: 0)
        writer.opened(
            clock, as: ClockKey(kind: .scrape, name: "bench", place: "frames"),
            interval: .seconds(30))
        var samples = 0
        for turn in repeats {
            for index in 0..<frames.count {
                let time = start + Int64(turn * frames.count + index) * step
                var tick = Tick(clock: clock, time: Timestamp(milliseconds: time), isTick: true)
                if turn == repeats.lowerBound, index == 0 { introduce(frames, &tick) }
                tick.values = frames.values(index, turn: turn)
                samples += tick.values.reduce(0) { $0 + ($1.isAbsent ? 0 : 1) }
                var place = 0
                while place < tick.values.count {
                    let width = min(Tick.tileWidth, tick.values.count - place)
                    tick.tiles.append(TileRow(tile: UInt32(place / Tick.tileWidth), width: width))
                    place += width
                }
                try writer.take(tick)
            }
        }
        try await writer.settle()
        run.cancel()
        await run.value
        let after = try await number(
            pool, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8")
        return (Double(samples), Double(after - before))
    }

    private static func introduce(_ frames: Frames, _ tick: inout Tick) {
        for (index, labels) in frames.labels.enumerated() {
            let id = SeriesID(number: UInt32(index))
            tick.introduced.append(IntroducedSeries(series: id, labels: labels))
            tick.placed.append(
                Placement(
                    series: id, tile: UInt32(index / Tick.tileWidth),
                    position: UInt8(index % Tick.tileWidth)))
        }
    }

    // MARK: Sealed

    private static func cpu(
        _ pool: PostgresPool,
        _ body: @Sendable (borrowing PostgresConnection) throws(PostgresError) -> Void
    ) async throws -> Double {
        try await pool.run { connection throws(PostgresError) in
            let process = try connection.query("SELECT pg_backend_pid()").int(0, 0) ?? 0
            let own = BenchmarkReport.cpuSeconds
            let server = ProcessTimes.cpuSeconds(of: process)
            try body(connection)
            return BenchmarkReport.cpuSeconds - own + ProcessTimes.cpuSeconds(of: process) - server
        }
    }

    private static func seal(_ pool: PostgresPool, hours: Int64) async throws -> Double {
        try await cpu(pool) { connection throws(PostgresError) in
            let end = Timestamp(milliseconds: start) + .hours(hours)
            try Sealer.close(before: end, connection)
            _ = try Sealer.seal(connection)
            try Sealer.dropSealed(connection)
        }
    }

    private static func merge(_ pool: PostgresPool) async throws -> Double {
        try await cpu(pool) { connection throws(PostgresError) in
            _ = try DayMerge.run(Timestamp(milliseconds: start), connection)
        }
    }

    private static func size(_ pool: PostgresPool) async throws -> Double {
        Double(
            try await number(
                pool,
                """
                SELECT sum(pg_total_relation_size(relid))::int8 FROM (
                    SELECT relid FROM pg_partition_tree('weir_data.chunk') UNION ALL
                    SELECT relid FROM pg_partition_tree('weir_data.tick')) t
                """))
    }

    private static func number(_ pool: PostgresPool, _ sql: String) async throws -> Int {
        try await pool.run { connection throws(PostgresError) in
            try connection.query(sql).int(0, 0) ?? 0
        }
    }

    /// What takes the room, for whoever wants it smaller.
    private static func sayTables(_ pool: PostgresPool) async throws {
        let lines = try await pool.run { connection throws(PostgresError) in
            let rows = try connection.query(
                """
                SELECT relname::text || ' ' || pg_relation_size(oid)::text
                FROM pg_class WHERE relnamespace = 'weir_data'::regnamespace
                    AND relname ~ '^(chunk|tick)_' ORDER BY 1
                """)
            var lines: [String] = []
            for row in 0..<rows.rowCount { lines.append(try rows.text(row, 0) ?? "") }
            let forms = try connection.query(
                """
                SELECT CASE WHEN exact IS NOT NULL THEN 'exact'
                    WHEN bytes IS NOT NULL THEN 'bytes ' || (get_byte(bytes, 0) & 7)
                        || CASE WHEN get_byte(bytes, 0) >= 16 THEN ' framed' ELSE '' END
                    WHEN slope IS NULL THEN 'constant' ELSE 'line' END
                    || ': ' || count(*) || ', ' || sum(pg_column_size(c.*)) FROM weir_data.chunk c
                GROUP BY CASE WHEN exact IS NOT NULL THEN 'exact'
                    WHEN bytes IS NOT NULL THEN 'bytes ' || (get_byte(bytes, 0) & 7)
                        || CASE WHEN get_byte(bytes, 0) >= 16 THEN ' framed' ELSE '' END
                    WHEN slope IS NULL THEN 'constant' ELSE 'line' END ORDER BY 1
                """)
            for row in 0..<forms.rowCount { lines.append(try forms.text(row, 0) ?? "") }
            return lines
        }
        for line in lines {
            let text = "    \(line)\n"
            Glibc.write(2, text, text.utf8.count)
        }
    }

    // MARK: The peer

    /// What Prometheus makes of the same samples, in bytes.
    private static func blocks(_ frames: Frames, repeats: Int, _ path: String) throws -> Double {
        let input = path + "/samples.om"
        let output = path + "/blocks"
        try frames.writeOpenMetrics(to: input, repeats: repeats, start: start, step: step)
        let days = repeats > 1 ? "--max-block-duration=24h" : ""
        _ = system("rm -rf '\(output)'")
        let command = "promtool tsdb create-blocks-from openmetrics \(days) '\(input)' '\(output)'"
        guard system(command + " > /dev/null 2>&1") == 0 else { return .nan }
        // Chunks and index alone, without the files of a few bytes beside them.
        let sum = "cat '\(output)'/*/index '\(output)'/*/chunks/* | wc -c > '\(path)/size'"
        guard system(sum) == 0, let file = fopen(path + "/size", "r") else { return .nan }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, 64, file) != nil else { return .nan }
        return Double(atoll(line))
    }

    // MARK: Out

    private static func reading(
        _ pool: PostgresPool, _ frames: Frames, _ report: inout BenchmarkReport
    ) async throws {
        let history = History(pool: pool)
        let day =
            Timestamp(milliseconds: start)...Timestamp(milliseconds: start + 86_400_000)
        var best = Double.infinity
        var samples = 0
        for _ in 0..<5 {
            let began = BenchmarkReport.cpuSeconds
            let found = try await history.series(matching: [], in: day)
            best = min(best, BenchmarkReport.cpuSeconds - began)
            samples = found.reduce(0) { $0 + $1.values.count }
        }
        report.add(
            "reading all series of a day, this process", Double(samples) / best / 1e6,
            "M samples/s", bar: "≥ 20")
        let some = try Matcher(LabelName.metric, .matches, "node_.*")
        var walls: [Double] = []
        var count = 0
        for _ in 0..<5 {
            let began = ContinuousClock.now
            let found = try await history.series(matching: [some], in: day)
            walls.append((ContinuousClock.now - began) / .milliseconds(1))
            count = found.count
        }
        report.add(
            "\(count) series × 24 h, as 200 of them", walls.sorted()[2] * 200 / Double(count), "ms",
            bar: "< 60")
    }
}

import Glibc
import Head
import Migrations
import Model
import Postgres
import PrivatePostgres
import Storage
import Telemetry
import TestKit

/// SQL on a day of 200 targets with 500 series each, every 30 s, 90 days of partitions beside it.
///
/// `WEIR_SQL_TARGETS` makes it smaller while one works on it.
enum SQLBenchmarks {
    private static let step: Int64 = 30_000
    private static let day: Int64 = 86_400_000
    private static let days: Int64 = 90
    /// The beginning of the day that is asked for; the others lie before it.
    private static let start: Int64 = 1_789_948_800_000
    private static let seriesPerTarget = 500
    private static var targets: Int {
        getenv("WEIR_SQL_TARGETS").flatMap { Int(String(cString: $0)) } ?? 200
    }

    static func run(_ report: inout BenchmarkReport) async throws {
        var template = Array("/tmp/weir-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        let cluster = try PrivateCluster(path + "/postgres", log: .silent)
        try await cluster.start()
        do {
            try await measure(cluster, &report)
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
        _ = system("rm -rf '\(path)'")
    }

    private static func measure(
        _ cluster: PrivateCluster, _ report: inout BenchmarkReport
    ) async throws {
        let options = try cluster.options()
        try await Migrator().migrate(options)
        let pool = PostgresPool(options)
        say("90 days of a small target")
        try await write(pool, Farm(targets: 1, series: 20, first: 1000, metric: "long"), days: days)
        say("a day of \(targets) targets")
        let farm = Farm(targets: targets, series: seriesPerTarget, first: 0, metric: "m")
        try await write(pool, farm, days: 1)
        for index in 0..<days {
            try await pool.run { connection throws(PostgresError) in
                _ = try DayMerge.run(
                    Timestamp(milliseconds: start - index * day), connection)
            }
        }
        say("an hour of hot rows")
        try await write(pool, farm, hours: 1)
        try await pool.run { connection throws(PostgresError) in
            try connection.run("SELECT weir.make_metric_views('*'); VACUUM ANALYZE")
        }
        try await panels(pool, &report)
    }

    // MARK: In

    /// Targets whose series are gauges, counters and constants in turn.
    private struct Farm {
        let targets: Int
        let series: Int
        let first: Int
        let metric: String

        func labels(_ target: Int, _ index: Int) -> Labels {
            // The small target has all its series in one metric.
            let isOne = metric == "long"
            var labels = [
                Label(LabelName.metric, isOne ? metric : "\(metric)\(index)"),
                Label("job", "farm"), Label("instance", "host\(target):9100"),
                Label("dc", target % 2 == 0 ? "fra" : "ams"),
            ]
            if isOne { labels.append(Label("cpu", "\(index)")) }
            return Labels(labels)
        }

        func introduce(_ target: Int, _ tick: inout Tick) {
            for index in 0..<series {
                let id = SeriesID(number: UInt32((first + target) * 1000 + index))
                tick.introduced.append(
                    IntroducedSeries(series: id, labels: labels(target, index)))
                tick.placed.append(
                    Placement(
                        series: id, tile: UInt32(index / Tick.tileWidth),
                        position: UInt8(index % Tick.tileWidth)))
            }
        }
    }

    private static func write(_ pool: PostgresPool, _ farm: Farm, days: Int64) async throws {
        let first = start - (days - 1) * day
        try await write(pool, farm, from: first, to: start + day)
        // What waits is sealed two hours at a time.
        try await pool.run { connection throws(PostgresError) in
            if farm.metric != "long" {
                try Sealer.close(before: Timestamp(milliseconds: start + day), connection)
                _ = try Sealer.seal(connection)
                try Sealer.dropSealed(connection)
            }
        }
    }

    private static func write(_ pool: PostgresPool, _ farm: Farm, hours: Int64) async throws {
        try await write(pool, farm, from: start + day, to: start + day + hours * 3_600_000)
    }

    private static func write(
        _ pool: PostgresPool, _ farm: Farm, from: Int64, to: Int64
    ) async throws {
        let writer = TickWriter(
            pool: pool, byteLimit: 1 << 30, registry: MetricRegistry(), log: .silent)
        let run = Task { await writer.run() }
        var random = UInt64(88_172_645_463_325_252)
        var counters = Array(repeating: 0.0, count: farm.targets * farm.series)
        for target in 0..<farm.targets {
            writer.opened(
                ClockID(number: UInt32(farm.first + target)),
                as: ClockKey(
                    kind: .scrape, name: "farm", place: "http://host\(farm.first + target)/metrics"),
                interval: .seconds(30))
        }
        var count = 0
        for time in stride(from: from, to: to, by: Int(step)) {
            for target in 0..<farm.targets {
                let phase = Int64(target % 30) * 1000
                var tick = Tick(
                    clock: ClockID(number: UInt32(farm.first + target)),
                    time: Timestamp(milliseconds: time + phase), isTick: true)
                if count == 0 { farm.introduce(target, &tick) }
                fill(&tick, farm, target, &counters, &random)
                try writer.take(tick)
            }
            count += 1
            if count % 120 == 0 { try await writer.settle() }
        }
        try await writer.settle()
        run.cancel()
        await run.value
    }

    private static func fill(
        _ tick: inout Tick, _ farm: Farm, _ target: Int, _ counters: inout [Double],
        _ random: inout UInt64
    ) {
        tick.values.reserveCapacity(farm.series)
        for index in 0..<farm.series {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            switch index % 5 {
            // Load averages, requests, and what does not change.
            case 0: tick.values.append(Double(random % 3000) / 100)
            case 1:
                counters[target * farm.series + index] += Double(random % 2000)
                tick.values.append(counters[target * farm.series + index])
            default: tick.values.append(Double(index))
            }
        }
        var place = 0
        while place < farm.series {
            let width = min(Tick.tileWidth, farm.series - place)
            tick.tiles.append(TileRow(tile: UInt32(place / Tick.tileWidth), width: width))
            place += width
        }
    }

    // MARK: Out

    private struct Panel {
        let name: String
        let bar: String
        let sql: String
        var flat: String?
    }

    private static func text(_ milliseconds: Int64) -> String {
        "'\(Timestamp(milliseconds: milliseconds))'"
    }

    /// `time` as Grafana's filter writes it, the last `hours` of the day.
    private static func filter(_ hours: Int64, before: Int64 = start + day - 1000) -> String {
        "time BETWEEN \(text(before - hours * 3_600_000 + 1000)) AND \(text(before))"
    }

    private static func all() -> [Panel] {
        func panel(_ name: String, _ hours: Int64, _ bar: String, _ more: String = "") -> Panel {
            let condition = filter(hours) + more
            return Panel(
                name: name, bar: bar,
                sql: "SELECT time, value, instance FROM metric.m0 WHERE \(condition)",
                flat: """
                    SELECT f.time, f.value, s.labels ->> 'instance' FROM flat f
                    JOIN weir_data.series s ON s.id = f.series
                    WHERE s.metric = (SELECT id FROM weir_data.metric WHERE name = 'm0')
                        AND \(condition.replacing("time B", with: "f.time B").replacing(
                            "instance =", with: "s.labels ->> 'instance' ="))
                    """)
        }
        return [
            panel("\(targets) series × 1 h", 1, "≤ 30"),
            panel("\(targets) series × 6 h", 6, "≤ 100"),
            panel("\(targets) series × 24 h", 24, "≤ 250"),
            panel("one series × 24 h", 24, "≤ 5", " AND instance = 'host7:9100'"),
            Panel(
                name: "one series × 24 h, by labels", bar: "≤ 5",
                sql: "SELECT time, value, instance FROM metric.m0 WHERE \(filter(24)) "
                    + "AND labels @> '{\"instance\": \"host7:9100\"}'"),
            Panel(
                name: "one series × 30 d", bar: "≤ 150",
                sql: "SELECT time, value, instance FROM metric.long WHERE "
                    + filter(24 * 30) + " AND cpu = '7'"),
            Panel(
                name: "\(targets) series × 1 h, hot", bar: "≤ 30",
                sql: "SELECT time, value, instance FROM metric.m0 WHERE "
                    + filter(1, before: start + day + 3_600_000 - 1000)),
            Panel(
                name: "weir.rate, \(targets) series × 24 h at 5 m", bar: "≤ 400",
                sql: "SELECT time, value, instance FROM weir.rate('m1', \(text(start)), "
                    + "\(text(start + day - 1000)), '5m', '5m')"),
        ]
    }

    private static func panels(
        _ pool: PostgresPool, _ report: inout BenchmarkReport
    ) async throws {
        try await pool.run { connection throws(PostgresError) in
            try connection.run(
                """
                CREATE TABLE flat (time timestamptz NOT NULL, series int4 NOT NULL,
                    value float8 NOT NULL) PARTITION BY RANGE (time);
                CREATE TABLE flat_1 PARTITION OF flat
                    FOR VALUES FROM (\(text(start))) TO (\(text(start + day)));
                INSERT INTO flat SELECT t.time, c.series,
                        weir_data.value_at(c.base, c.slope, c.bytes, c.exact, t.n)
                    FROM weir_data.chunk c
                    JOIN weir_data.tick t ON t.clock = c.clock AND t.win = c.win
                    WHERE c.metric = ANY (ARRAY(SELECT id FROM weir_data.metric
                            WHERE name IN ('m0', 'm5', 'm10', 'm15', 'm20')))
                        AND t.\(filter(24)) ORDER BY t.time;
                CREATE INDEX ON flat (series, time);
                ANALYZE flat;
                """)
        }
        for panel in all() {
            let seen = try await time(pool, panel.sql)
            var peer = "\(seen.rows) rows, \(rounded(seen.cpu)) ms of the server's CPU"
            if let flat = panel.flat {
                let rows = try await time(pool, flat)
                peer +=
                    "; a row per sample: \(rounded(rows.wall)) ms, \(rows.rows) rows, "
                    + "\(rounded(rows.cpu)) ms CPU"
            }
            report.add(panel.name, seen.wall, "ms", bar: panel.bar, peer: peer)
        }
        let planning = try await pool.run { connection throws(PostgresError) in
            let sql = "EXPLAIN (SUMMARY) \(all()[2].sql)"
            var best = Double.infinity
            for _ in 0..<5 {
                let found = try connection.query(sql)
                for row in 0..<found.rowCount {
                    let line = try found.text(row, 0) ?? ""
                    guard line.hasPrefix("Planning Time: ") else { continue }
                    best = min(best, Double(line.dropFirst(15).dropLast(3)) ?? best)
                }
            }
            return best
        }
        report.add("planning, warm, best of five", planning, "ms", bar: "≤ 10")
        let touched = try await pool.run { connection throws(PostgresError) in
            let found = try connection.query("EXPLAIN \(all()[2].sql)")
            var tables: Set<String> = []
            for row in 0..<found.rowCount {
                for word in (try found.text(row, 0) ?? "").split(separator: " ")
                where word.hasPrefix("chunk_2") || word.hasPrefix("tick_2") {
                    tables.insert(String(word))
                }
            }
            return tables.filter { !$0.contains("idx") }.sorted()
        }
        report.add(
            "partitions touched for a day", Double(touched.count), "", bar: "2",
            peer: touched.prefix(4).joined(separator: " "))
        try await sizes(pool, &report)
    }

    private static func sizes(
        _ pool: PostgresPool, _ report: inout BenchmarkReport
    ) async throws {
        let (flat, chunks) = try await pool.run { connection throws(PostgresError) in
            let found = try connection.query(
                """
                SELECT pg_total_relation_size('flat_1')::float8 / (SELECT count(*) FROM flat),
                    (SELECT pg_total_relation_size('weir_data.chunk_20260921')
                        + pg_total_relation_size('weir_data.tick_20260921'))::float8
                """)
            return (try found.double(0, 0) ?? 0, try found.double(0, 1) ?? 0)
        }
        report.add("a row per sample", flat, "B/sample")
        report.add(
            "the day in chunks and ticks",
            chunks / Double(targets * seriesPerTarget * 2880), "B/sample")
    }

    /// The median of ten runs, warm, with all rows fetched.
    private static func time(
        _ pool: PostgresPool, _ sql: String
    ) async throws -> (wall: Double, cpu: Double, rows: Int) {
        try await pool.run { connection throws(PostgresError) in
            let process = connection.announcedProcess
            var walls: [Double] = []
            var rows = try connection.query(sql).rowCount
            let before = ProcessTimes.cpuSeconds(of: process)
            for _ in 0..<10 {
                let began = ContinuousClock.now
                rows = try connection.query(sql).rowCount
                walls.append((ContinuousClock.now - began) / .milliseconds(1))
            }
            let cpu = (ProcessTimes.cpuSeconds(of: process) - before) * 100
            return (walls.sorted()[5], cpu, rows)
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private static func say(_ text: String) {
        let line = "  … \(text)\n"
        Glibc.write(2, line, line.utf8.count)
    }
}

import Head
import Model
import Postgres
import PromQL
import Telemetry
import TestKit
import Testing
import Threads

@testable import Storage

/// Three targets over ten hours of two days, in every form that samples are kept in: merged, sealed,
/// hot and late; with counters that begin anew, gaps, ends, and instants that tremble.
struct SQLWorld {
    static let hour: Int64 = 3_600_000
    /// The first instant of the first day.
    static let day = SealerTests.start
    static let begin = day + 19 * hour
    static let end = day + 29 * hour

    let place: Place
    let store: Store
    private let now = Locked(SQLWorld.begin)
    private let metrics: [String]

    /// Made once; a writer stays for as long as the tests run.
    static var shared: SQLWorld {
        get async throws { try await made.value }
    }
    private static let made = Task { try await SQLWorld(await Place()) }

    init(_ place: Place) async throws {
        self.place = place
        let now = now
        store = Store(
            pool: place.pool, registry: MetricRegistry(), log: .silent,
            now: { Timestamp(milliseconds: now.withLock { $0 }) })
        metrics = []
        let writer = store.writer
        let running = Task { await writer.run() }
        defer { running.cancel() }
        try await write()
        _ = try await place.sql("SELECT weir.make_metric_views('*')")
        _ = try await place.sql("ANALYZE")
        running.cancel()
        await running.value
    }

    private func write() async throws {
        var random = SeededRandom(seed: 11)
        var targets: [SQLTarget] = []
        for number in 0..<3 {
            targets.append(
                SQLTarget(
                    number,
                    try await store.open(
                        ClockKey(
                            kind: .scrape, name: "node", place: "http://host\(number):9100/metrics",
                            labels: ["instance": "host\(number):9100", "job": "node"]),
                        interval: .seconds(30))))
        }
        var tick = 0
        for time in stride(from: Self.begin, to: Self.end, by: 30_000) {
            now.withLock { $0 = time }
            for index in targets.indices {
                try targets[index].scrape(tick, time, &random)
            }
            tick += 1
            if time % (2 * Self.hour) == 1_200_000 {
                try await store.settle()
                try await store.tidy()
            }
        }
        try await store.settle()
        try await late()
        try await store.settle()
    }

    /// Samples that come after their windows were sealed, before the merge and behind it.
    private func late() async throws {
        let clock = try await store.open(
            ClockKey(kind: .sender, name: "late", place: "x"), interval: nil)
        for (offset, value) in [(3, 1.5), (20, 7.25), (95, 3.125)] as [(Int64, Double)] {
            var batch = SampleBatch(time: Timestamp(milliseconds: Self.end))
            batch.newSeries = [NewSeries(number: 0, labels: SQLTarget.load(0))]
            let old = Self.begin + offset * 300_000
            batch.series = [0, 0]
            batch.values = [value, value * 2]
            // One takes the place of a sample, the other stands between two.
            batch.times = [old, old + 11_111]
            try clock.append(batch)
        }
    }

    /// What PromQL says, by labels and milliseconds.
    func promQL(
        _ text: String, from: Int64, to: Int64, step: TimeSpan
    ) async throws -> [String: [Int64: UInt64]] {
        let result = try await Engine().query(
            text, from: Timestamp(milliseconds: from), through: Timestamp(milliseconds: to),
            step: step, source: store)
        guard case .matrix(let matrix) = result.value else { return [:] }
        var seen: [String: [Int64: UInt64]] = [:]
        for series in matrix {
            let name = series.labels.filter { $0.name != LabelName.metric }
                .map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            for (time, value) in zip(series.times, series.values) {
                seen[name, default: [:]][time.milliseconds] =
                    (value.isNaN ? .nan : value).bitPattern
            }
        }
        return seen
    }

    /// What SQL says: columns `time`, `value` and `labels`.
    func answer(
        _ sql: String, as user: String? = nil
    ) async throws -> [String: [Int64: UInt64]] {
        let text = """
            SELECT round(date_part('epoch', q.time) * 1000)::int8, q.value,
                (SELECT string_agg(key || '=' || e.value, ',' ORDER BY key COLLATE "C")
                    FROM jsonb_each_text(q.labels) e)
            FROM (\(sql)) q
            """
        return try await place.pool.run { connection throws(PostgresError) in
            let rows = try connection.query(text)
            var seen: [String: [Int64: UInt64]] = [:]
            for row in 0..<rows.rowCount {
                guard let time = try rows.int(row, 0), let value = try rows.double(row, 1) else {
                    continue
                }
                seen[try rows.text(row, 2) ?? "", default: [:]][Int64(time)] =
                    (value.isNaN ? .nan : value).bitPattern
            }
            return seen
        }
    }

    /// Where two answers differ, so that a failure can be read; empty where they do not.
    static func difference(
        _ sql: [String: [Int64: UInt64]], _ promQL: [String: [Int64: UInt64]]
    ) -> String {
        var lines: [String] = []
        for name in Set(sql.keys).union(promQL.keys).sorted() {
            let (left, right) = (sql[name] ?? [:], promQL[name] ?? [:])
            for time in Set(left.keys).union(right.keys).sorted() where left[time] != right[time] {
                let values = [left[time], right[time]].map {
                    $0.map { "\(Double(bitPattern: $0))" } ?? "-"
                }
                lines.append("{\(name)}@\((time - begin) / 1000)s: \(values[0]) not \(values[1])")
            }
        }
        return lines.prefix(5).joined(separator: "\n")
            + (lines.count > 5 ? "\n… \(lines.count)" : "")
    }

    static func text(_ time: Int64) -> String { "'\(Timestamp(milliseconds: time))'" }
}

/// One of the targets, and what it says at each tick.
struct SQLTarget {
    static let bounds = ["0.005", "0.01", "0.1", "0.5", "1", "2.5", "+Inf"]

    private let number: Int
    private let clock: any SampleClock
    private var counters = [0.0, 0.0]
    private var buckets = Array(repeating: 0.0, count: bounds.count)
    private var isKnown = false

    init(_ number: Int, _ clock: any SampleClock) {
        self.number = number
        self.clock = clock
    }

    static func load(_ number: Int) -> Labels {
        of("node_load1", number, ["dc": number == 1 ? "ams" : "fra"])
    }

    private static func of(
        _ metric: String, _ number: Int, _ more: [String: String] = [:]
    ) -> Labels {
        Labels(
            [
                Label(LabelName.metric, metric), Label("job", "node"),
                Label("instance", "host\(number):9100"),
            ] + more.map { Label($0.key, $0.value) })
    }

    private var series: [Labels] {
        [
            Self.of("up", number), Self.of("scrape_duration_seconds", number),
            Self.of("scrape_samples_scraped", number),
            Self.of("scrape_samples_post_metric_relabeling", number),
            Self.of("scrape_series_added", number), Self.load(number),
            Self.of("http_requests_total", number, ["code": "200"]),
            Self.of("http_requests_total", number, ["code": "500"]),
            Self.of("flapping", number, ["time": "noon"]),
            Self.of("ALERTS", number, ["alertname": "Hot", "alertstate": "firing"]),
        ]
            + Self.bounds.map {
                Self.of("http_request_duration_seconds_bucket", number, ["le": $0])
            }
    }

    mutating func scrape(
        _ tick: Int, _ time: Int64, _ random: inout SeededRandom
    ) throws {
        let tremble = number == 2 ? Int64(random.next() % 40) : Int64(number) * 7_013
        var batch = SampleBatch(time: Timestamp(milliseconds: time + tremble))
        if !isKnown {
            batch.newSeries = series.enumerated().map {
                NewSeries(number: UInt32($0.offset), labels: $0.element)
            }
            isKnown = true
        }
        func say(_ index: Int, _ value: Double) {
            batch.series.append(UInt32(index))
            batch.values.append(value)
        }
        let isDown = number == 1 && tick % 400 > 380
        say(0, isDown ? 0 : 1)
        say(1, Double(random.next() % 1_000_000) / 1e7)
        for index in 2...4 { say(index, isDown ? 0 : Double(17 * (index - 1))) }
        if isDown {
            // Its series end once, and come back later.
            if tick % 400 == 381 { for index in 5..<series.count { say(index, StaleMarker.value) } }
            return try clock.append(batch)
        }
        // A gap now and then.
        if tick % 37 != 5 { say(5, Double(random.next() % 1000) / 100) }
        for index in 0..<2 {
            counters[index] += Double(random.next() % 10_000) / (index == 0 ? 1 : 1000)
            if random.next() % (index == 0 ? 300 : 4) == 0 { counters[index] = random.unit }
            say(6 + index, counters[index])
        }
        switch tick % 20 {
        case 0: say(8, StaleMarker.value)
        case 1..<12: say(8, tick % 3 == 0 ? .infinity : random.unit)
        case 13: say(8, .nan)
        default: break
        }
        if tick % 120 < 60 {
            say(9, 1)
        } else if tick % 120 == 60 {
            say(9, StaleMarker.value)
        }
        var added = 0.0
        for index in buckets.indices {
            added += Double(random.next() % 5)
            buckets[index] += added
            say(10 + index, buckets[index])
        }
        try clock.append(batch)
    }
}

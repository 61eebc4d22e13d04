import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing
import Threads

@testable import Storage

/// The store as a whole, against a plain dictionary.
struct StoreTests {
    private let start = SealerTests.start
    private var all: ClosedRange<Timestamp> {
        Timestamp(milliseconds: 0)...Timestamp(milliseconds: start * 2)
    }

    private func store(
        _ place: Place, _ now: Locked<Int64>, _ options: StoreOptions = StoreOptions()
    ) -> Store {
        Store(
            pool: place.pool, options: options, registry: MetricRegistry(), log: .silent,
            now: { Timestamp(milliseconds: now.withLock { $0 }) })
    }

    /// What every series should say, by its name.
    private typealias Model = [String: [Int64: Double]]

    private func expect(_ source: any SeriesSource, _ model: Model, _ note: String) async throws {
        let found = try await source.series(matching: [], in: all)
        var seen: [String: [Int64: UInt64]] = [:]
        for series in found {
            #expect(seen[series.labels["name"]] == nil, "\(note): twice")
            seen[series.labels["name"]] = Dictionary(
                uniqueKeysWithValues: zip(
                    series.times.map(\.milliseconds), series.values.map(\.bitPattern)))
        }
        let expected = model.filter { !$0.value.isEmpty }.mapValues { $0.mapValues(\.bitPattern) }
        #expect(Self.difference(seen, expected) == "", "\(note)")
    }

    /// The first samples that differ, so that a failure can be read.
    private static func difference(
        _ seen: [String: [Int64: UInt64]], _ expected: [String: [Int64: UInt64]]
    ) -> String {
        var lines: [String] = []
        for name in Set(seen.keys).union(expected.keys).sorted() {
            let (left, right) = (seen[name] ?? [:], expected[name] ?? [:])
            for time in Set(left.keys).union(right.keys).sorted() where left[time] != right[time] {
                let values = [left[time], right[time]].map {
                    $0.map { "\(Double(bitPattern: $0))" }
                }
                lines.append("\(name)@\(time): \(values[0] ?? "-") not \(values[1] ?? "-")")
            }
        }
        return lines.prefix(4).joined(separator: ", ") + (lines.count > 4 ? "… \(lines.count)" : "")
    }

    private func expectSQL(_ place: Place, _ model: Model, _ note: String) async throws {
        let values = model.values.flatMap(\.values).filter { !$0.isStaleMarker }
        let seen = try await place.sql(
            "SELECT count(*), count(DISTINCT (labels, time)) FROM weir.sample")
        #expect(seen == "\(values.count)|\(values.count)", "\(note)")
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random writes, seals, merges, restarts and erasures leave what a dictionary has`(
        seed: UInt64
    ) async throws {
        let place = try await Place()
        var random = SeededRandom(seed: seed)
        var model: Model = [:]
        let now = Locked(start)
        for life in 0..<3 {
            // Each life is a start of the program on what the one before left.
            let store = store(place, now)
            let running = Task { await store.writer.run() }
            defer { running.cancel() }
            let clocks = try await open(store)
            for _ in 0..<6 {
                let note = "seed \(seed), life \(life)"
                for _ in 0..<Int(random.next() % 40) {
                    try write(clocks, &model, now, &random)
                }
                try await store.settle()
                switch random.next() % 6 {
                case 0:
                    now.withLock { $0 += 3_600_000 * Int64(random.next() % 8) }
                    try await store.tidy()
                case 1:
                    now.withLock { $0 += 86_400_000 }
                    try await store.tidy()
                case 2: try await late(store, &model, now, &random)
                case 3: try await erase(store, &model, now, &random)
                default: break
                }
                try await expect(store, model, note)
                try await expect(store.history, model, note + ", database alone")
                try await expectSQL(place, model, note)
            }
            running.cancel()
            await running.value
        }
    }

    private func open(_ store: Store) async throws -> [any SampleClock] {
        var clocks: [any SampleClock] = []
        for number in 0..<3 {
            let clock = try await store.open(
                ClockKey(kind: .scrape, name: "job", place: "\(number)"), interval: .seconds(30))
            clocks.append(clock)
        }
        return clocks
    }

    private func labels(_ clock: Int, _ series: Int) -> Labels {
        .of("m\(series % 2)", ["name": "\(clock)/\(series)"])
    }

    /// One scrape of each clock, of some of its series.
    private func write(
        _ clocks: [any SampleClock], _ model: inout Model, _ now: Locked<Int64>,
        _ random: inout SeededRandom
    ) throws {
        let time = now.withLock {
            $0 += 30_000
            return $0
        }
        for (number, clock) in clocks.enumerated() {
            var batch = SampleBatch(time: Timestamp(milliseconds: time + Int64(number)))
            for index in 0..<5 where random.next() % 4 > 0 {
                let series = UInt32(index)
                batch.newSeries.append(
                    NewSeries(number: series, labels: labels(number, index)))
                let value: Double =
                    switch random.next() % 6 {
                    case 0: StaleMarker.value
                    case 1: random.anyDouble
                    default: Double(index) * Double(time % 1_000_000)
                    }
                batch.series.append(series)
                batch.values.append(value)
                model["\(number)/\(index)", default: [:]][time + Int64(number)] = value
            }
            try clock.append(batch)
        }
    }

    /// Samples at old instants, some of them for the second time.
    private func late(
        _ store: Store, _ model: inout Model, _ now: Locked<Int64>, _ random: inout SeededRandom
    ) async throws {
        let sender = try await store.open(
            ClockKey(kind: .sender, name: "late", place: "\(random.next())"), interval: nil)
        var batch = SampleBatch(time: Timestamp(milliseconds: now.withLock { $0 }))
        for index in 0..<5 {
            let name = "0/\(index)"
            batch.newSeries.append(NewSeries(number: UInt32(index), labels: labels(0, index)))
            var times = Set((model[name] ?? [:]).keys.sorted().prefix(Int(random.next() % 4)))
            let past = now.withLock { $0 } - start
            times.insert(start + Int64(random.next() % 50_000_000) % max(1, past))
            for time in times.sorted() {
                let value = Double(random.next() % 1000)
                batch.series.append(UInt32(index))
                batch.values.append(value)
                batch.times.append(time)
                model[name, default: [:]][time] = value
            }
        }
        try sender.append(batch)
        sender.close()
        try await store.settle()
    }

    /// Erases a stretch of some series, often what is in memory and what waits.
    private func erase(
        _ store: Store, _ model: inout Model, _ now: Locked<Int64>, _ random: inout SeededRandom
    ) async throws {
        let pattern = ["0/1", "0/.", "./2", ".*"][Int(random.next() % 4)]
        let time = now.withLock { $0 }
        let last = time - Int64(random.next() % 3_600_000) * Int64(random.next() % 2)
        let first = last - Int64(random.next() % [600_000, 90_000_000][Int(random.next() % 2)])
        let range = Timestamp(milliseconds: first)...Timestamp(milliseconds: last)
        let matcher = try Matcher("name", .matches, pattern)
        _ = try await store.erase(matching: [matcher], in: range)
        for name in model.keys where matcher.accepts(name) {
            model[name] = model[name]?.filter {
                !range.contains(Timestamp(milliseconds: $0.key))
            }
        }
    }

    @Test func `days past the retention go, and with them series of which nothing is left`()
        async throws
    {
        let place = try await Place()
        let now = Locked(start)
        var options = StoreOptions()
        options.retention = .days(3)
        options.retentionRules = [
            RetentionRule(Selector([Matcher("name", equals: "b")]), keep: .days(1)),
            RetentionRule(try Selector(#"{name=~"b|c"}"#), keep: .days(5)),
        ]
        let store = store(place, now, options)
        let running = Task { await store.writer.run() }
        defer { running.cancel() }
        let clock = try await store.open(
            ClockKey(kind: .scrape, name: "job", place: "x"), interval: nil)
        for day in 0..<6 {
            var batch = SampleBatch(time: Timestamp(milliseconds: now.withLock { $0 }))
            batch.newSeries = [
                NewSeries(number: 0, labels: .of("m", ["name": "a"])),
                NewSeries(number: 1, labels: .of("m", ["name": "b"])),
                NewSeries(number: 2, labels: .of("m", ["name": "c"])),
            ]
            batch.series = [0, 1, 2]
            batch.values = [Double(day), Double(day), Double(day)]
            try clock.append(batch)
            try await store.settle()
            now.withLock { $0 += 86_400_000 }
            try await store.tidy()
        }
        let found = try await store.history.series(matching: [], in: all)
        let values = Dictionary(uniqueKeysWithValues: found.map { ($0.labels["name"], $0.values) })
        // Now is the first instant of day 6.
        #expect(values["a"] == [3, 4, 5])
        #expect(values["b"] == [5])
        #expect(values["c"] == [1, 2, 3, 4, 5])
        #expect(
            try await place.sql("SELECT count(*) FROM weir_data.span WHERE kind = 'day'") == "5")
        options.retentionBytes = 1
        _ = try await Retention(pool: place.pool, options: options).apply(
            Timestamp(milliseconds: now.withLock { $0 })
        ) { #expect($0.count == 4) }
        #expect(
            try await place.sql("SELECT count(*) FROM weir_data.span WHERE kind = 'day'") == "1")
    }

    @Test func `the oldest days go when the disk runs low, until it does not`() async throws {
        let place = try await Place()
        let now = Locked(start)
        var options = StoreOptions()
        let pool = place.pool
        options.diskSpace = { DiskSpace(free: 10 << 30, total: 20 << 30) }
        let store = store(place, now, options)
        let running = Task { await store.writer.run() }
        defer { running.cancel() }
        let clock = try await store.open(
            ClockKey(kind: .scrape, name: "job", place: "x"), interval: nil)
        for day in 0..<5 {
            var batch = SampleBatch(time: Timestamp(milliseconds: now.withLock { $0 }))
            batch.newSeries = [NewSeries(number: 0, labels: .of("m", ["name": "\(day)"]))]
            (batch.series, batch.values) = ([0], [Double(day)])
            try clock.append(batch)
            try await store.settle()
            now.withLock { $0 += 86_400_000 }
            try await store.tidy()
        }
        let days = "SELECT count(*) FROM weir_data.span WHERE kind = 'day'"
        #expect(try await place.sql(days) == "5")
        #expect(try await Retention(pool: pool, options: options).makeRoom() == [])
        // Something else fills the disk, and the first look that is not low comes after two days.
        let looks = Locked(0)
        options.diskSpace = {
            let look = looks.withLock {
                $0 += 1
                return $0
            }
            return DiskSpace(free: look <= 3 ? 1 << 20 : 5 << 30, total: 20 << 30)
        }
        let gone = try await Retention(pool: pool, options: options).makeRoom()
        #expect(gone.map(\.milliseconds) == [start, start + 86_400_000])
        #expect(try await place.sql(days) == "3")
        // The newest stays whatever happens.
        options.diskSpace = { DiskSpace(free: 0, total: 20 << 30) }
        #expect(try await Retention(pool: pool, options: options).makeRoom().count == 2)
        #expect(try await place.sql(days) == "1")
        let left = try await store.history.series(matching: [], in: all)
        #expect(left.map { $0.labels["name"] } == ["4"])
    }

    @Test func `memory answers while the database is away, with a warning for who hears it`()
        async throws
    {
        let pool = PostgresPool(try PostgresOptions("host=/nowhere dbname=none"), size: 1)
        let store = Store(pool: pool, registry: MetricRegistry(), log: .silent) {
            Timestamp(milliseconds: start)
        }
        let clock = try await store.open(
            ClockKey(kind: .scrape, name: "job", place: "x"), interval: nil)
        var batch = SampleBatch(time: Timestamp(milliseconds: start + 1000))
        batch.newSeries = [NewSeries(number: 0, labels: .of("m"))]
        (batch.series, batch.values) = ([0], [1])
        try clock.append(batch)
        await #expect(throws: SourceError.self) {
            _ = try await store.series(matching: [], in: all)
        }
        let heard = Locked<[String]>([])
        let told = store.hearing { text in heard.withLock { $0.append(text) } }
        let found = try await told.series(matching: [], in: all)
        #expect(found.map(\.values) == [[1]])
        #expect(heard.withLock { $0.count } == 1)
        #expect(heard.withLock { $0[0] }.contains("samples before"))
    }

    @Test func `a restart has all at once: what was sealed and what was hot`() async throws {
        let place = try await Place()
        let now = Locked(start)
        var model: Model = [:]
        var random = SeededRandom(seed: 9)
        do {
            let store = store(place, now)
            let running = Task { await store.run() }
            let clocks = try await open(store)
            for _ in 0..<300 { try write(clocks, &model, now, &random) }
            try await store.settle()
            running.cancel()
            await running.value
        }
        let store = store(place, now)
        try await expect(store, model, "after a restart")
        let sets = try await store.labelSets(matching: [], in: all, limit: nil)
        #expect(sets.count == 15)
    }
}

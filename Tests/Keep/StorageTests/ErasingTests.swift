import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing
import Threads

@testable import Storage

struct ErasingTests {
    private let start = SealerTests.start
    private var all: ClosedRange<Timestamp> {
        Timestamp(milliseconds: 0)...Timestamp(milliseconds: start * 2)
    }

    private func store(_ place: Place, _ now: Locked<Int64>) -> Store {
        Store(
            pool: place.pool, registry: MetricRegistry(), log: .silent,
            now: { Timestamp(milliseconds: now.withLock { $0 }) })
    }

    private func exemplar(_ series: UInt32, _ id: String, at time: Int64) -> Exemplar {
        Exemplar(
            series: series, labels: ["trace_id": id], value: 0.5,
            time: Timestamp(milliseconds: time))
    }

    /// Three ticks of two series, with an exemplar each, from `time` on.
    private func write(_ clock: any SampleClock, _ time: Int64) throws {
        for tick in 0..<3 {
            let time = time + Int64(tick) * 1000
            var batch = SampleBatch(time: Timestamp(milliseconds: time))
            for (number, name) in ["a", "b"].enumerated() {
                let number = UInt32(number)
                batch.newSeries.append(
                    NewSeries(number: number, labels: .of("m", ["name": name])))
                batch.series.append(number)
                batch.values.append(Double(tick))
                batch.exemplars.append(exemplar(number, "\(name)\(tick)", at: time))
            }
            try clock.append(batch)
        }
    }

    private func ids(_ found: [ExemplarSeries]) -> [String] {
        found.flatMap { $0.exemplars.map { $0.labels["trace_id"] } }.sorted()
    }

    @Test func `exemplars come from memory and database as one, each once, also after a restart`()
        async throws
    {
        let place = try await Place()
        let now = Locked(start)
        let key = ClockKey(kind: .scrape, name: "job", place: "x")
        do {
            let store = store(place, now)
            let running = Task { await store.writer.run() }
            let clock = try await store.open(key, interval: nil)
            try write(clock, start)
            #expect(ids(try await store.exemplars(matching: [], in: all)).count == 6)
            try await store.settle()
            #expect(ids(try await store.exemplars(matching: [], in: all)).count == 6)
            running.cancel()
            await running.value
        }
        let store = store(place, now)
        let running = Task { await store.writer.run() }
        defer { running.cancel() }
        try write(try await store.open(key, interval: nil), start + 2500)
        let found = try await store.exemplars(matching: [Matcher("name", equals: "a")], in: all)
        #expect(found.count == 1)
        let traces = found[0].exemplars.map { $0.labels["trace_id"] }
        #expect(traces == ["a0", "a1", "a2", "a0", "a1", "a2"])
        let range = Timestamp(milliseconds: start)...Timestamp(milliseconds: start + 1000)
        #expect(
            ids(try await store.exemplars(matching: [], in: range)) == ["a0", "a1", "b0", "b1"])
    }

    @Test func `what is erased is gone everywhere, and what is said next is there`() async throws {
        let place = try await Place()
        let now = Locked(start)
        let store = store(place, now)
        let key = ClockKey(kind: .scrape, name: "job", place: "x")
        let clock = try await store.open(key, interval: nil)
        let running = Task { await store.writer.run() }
        defer { running.cancel() }
        // A day that is merged, a window that is sealed, hot rows, and ticks that still wait.
        for step in [0, 86_400_000, 90_000_000] as [Int64] {
            now.withLock { $0 = start + step }
            try write(clock, start + step)
            try await store.settle()
            try await store.tidy()
        }
        now.withLock { $0 = start + 97_200_000 }
        try await store.tidy()
        try write(clock, start + 97_200_000)
        let count = try await store.erase(matching: [Matcher("name", equals: "a")], in: all)
        #expect(count == 1)
        #expect(try await store.erase(matching: [Matcher("name", equals: "none")], in: all) == 0)
        try await store.settle()
        for source in [store, store.history] as [any SeriesSource] {
            let found = try await source.series(matching: [], in: all)
            #expect(found.map { $0.labels["name"] } == ["b"])
            #expect(found.first?.values.count == 12)
        }
        #expect(
            try await place.sql("SELECT DISTINCT labels ->> 'name' FROM weir.sample") == "b")
        let exemplars = try await store.exemplars(matching: [], in: all)
        #expect(exemplars.map { $0.labels["name"] } == ["b"])
        try write(clock, start + 97_300_000)
        let found = try await store.series(matching: [Matcher("name", equals: "a")], in: all)
        #expect(found.first?.values == [0, 1, 2])
    }

    @Test func `erasing while the database is away changes nothing and says why`() async throws {
        let registry = MetricRegistry()
        let pool = PostgresPool(try PostgresOptions("host=/nowhere dbname=none"), size: 1)
        let store = Store(pool: pool, registry: registry, log: .silent) {
            Timestamp(milliseconds: start)
        }
        let clock = try await store.open(
            ClockKey(kind: .scrape, name: "job", place: "x"), interval: nil)
        try write(clock, start + 120_000)
        await #expect(throws: SourceError.self) {
            _ = try await store.erase(matching: [], in: all)
        }
        let recent = Timestamp(milliseconds: start + 100_000)...all.upperBound
        #expect(try await store.series(matching: [], in: recent).count == 2)
    }

    @Test func `metadata of the past is told with the time for which it held`() async throws {
        let place = try await Place()
        let store = store(place, Locked(start))
        let running = Task { await store.writer.run() }
        defer { running.cancel() }
        let clock = try await store.open(
            ClockKey(kind: .scrape, name: "job", place: "x"), interval: nil)
        for (index, help) in ["old", "new"].enumerated() {
            var batch = SampleBatch(time: Timestamp(milliseconds: start + Int64(index) * 60_000))
            batch.metadata = [
                FamilyMetadata(
                    family: "m", metadata: MetricMetadata(type: .gauge, help: help))
            ]
            batch.newSeries = [NewSeries(number: 0, labels: .of("m"))]
            (batch.series, batch.values) = ([0], [1])
            try clock.append(batch)
            try await store.settle()
        }
        let spans = try await store.metadata(in: all)
        #expect(spans.map(\.metadata.help) == ["old", "new"])
        #expect(spans.map(\.until.milliseconds) == [start + 60_000, .max])
        let before = Timestamp(milliseconds: start)...Timestamp(milliseconds: start + 1000)
        #expect(try await store.metadata(of: "m", in: before).map(\.metadata.help) == ["old"])
        #expect(try await store.metadata(of: "n", in: all).isEmpty)
    }
}

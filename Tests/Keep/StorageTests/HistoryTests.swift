import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing

@testable import Storage

struct HistoryTests {
    private let start = SealerTests.start

    private func range(_ from: Int64, _ to: Int64) -> ClosedRange<Timestamp> {
        Timestamp(milliseconds: from)...Timestamp(milliseconds: to)
    }

    private func expect(
        _ shapes: [Shape], _ place: Place, ticks: ClosedRange<Int>
    ) async throws {
        let range = range(
            start + Int64(ticks.lowerBound) * 30_000, start + Int64(ticks.upperBound) * 30_000)
        let found = try await History(pool: place.pool).series(
            matching: [Matcher(LabelName.metric, equals: "shape")], in: range)
        let byName = Dictionary(uniqueKeysWithValues: found.map { ($0.labels["name"], $0) })
        for shape in shapes {
            let expected = ticks.filter {
                $0 < shape.values.count && !shape.values[$0].isAbsent
            }
            let series = byName[shape.testDescription]
            let times = series?.times.map { ($0.milliseconds - start) / 30_000 } ?? []
            #expect(times == expected.map(Int64.init), "\(shape.testDescription)")
            let values = bits(series?.values ?? [])
            #expect(values == bits(expected.map { shape.values[$0] }), "\(shape.testDescription)")
        }
    }

    @Test func `every shape comes back bit for bit, hot and sealed, whole and in parts`()
        async throws
    {
        let place = try await Place()
        let shapes = Shape.all(300)
        _ = try await SealerTests.write(shapes, place)
        try await expect(shapes, place, ticks: 0...299)
        try await expect(shapes, place, ticks: 17...18)
        _ = try await SealerTests.seal(place, before: start + 7_200_000)
        try await expect(shapes, place, ticks: 0...299)
        try await expect(shapes, place, ticks: 100...260)
        try await expect(shapes, place, ticks: 239...240)
        _ = try await SealerTests.seal(place, before: start + 86_400_000)
        try await expect(shapes, place, ticks: 0...299)
        try await expect(shapes, place, ticks: 200...250)
    }

    @Test(
        arguments: [
            (#"up{job="a"}"#, ["up/a/x", "up/a/"]),
            (#"{job="a"}"#, ["up/a/x", "up/a/", "load/a/"]),
            (#"{job=~"a|b"}"#, ["up/a/x", "up/a/", "up/b/x", "load/a/"]),
            (#"{job=~"a.*", zone=""}"#, ["up/a/", "load/a/"]),
            (#"{job!="a"}"#, ["up/b/x", "other//"]),
            (#"{job!=""}"#, ["up/a/x", "up/a/", "up/b/x", "load/a/"]),
            (#"{job!~"a|"}"#, ["up/b/x"]),
            (#"{job=~".*"}"#, ["up/a/x", "up/a/", "up/b/x", "load/a/", "other//"]),
            (#"{job=~".+", zone=~".+"}"#, ["up/a/x", "up/b/x"]),
            (#"{__name__=~"up|other"}"#, ["up/a/x", "up/a/", "up/b/x", "other//"]),
            (#"{__name__!="up", job="a"}"#, ["load/a/"]),
            (#"{__name__!~"up|load"}"#, ["other//"]),
            (#"{job=""}"#, ["other//"]),
            (#"nothing"#, []),
            (#"{job="none"}"#, []),
            (#"{job=~"x+"}"#, []),
        ] as [(String, [String])])
    func `matchers find in the database what they find in memory`(
        selector: String, expected: [String]
    ) async throws {
        let place = try await Self.matched.value
        let matchers = try Selector(selector).matchers
        let range = range(0, start * 2)
        let found = try await History(pool: place.pool).series(matching: matchers, in: range)
        let sets = try await History(pool: place.pool).labelSets(
            matching: matchers, in: range, limit: nil)
        func names(_ labels: [Labels]) -> [String] {
            labels.map { "\($0.metric)/\($0["job"])/\($0["zone"])" }.sorted()
        }
        #expect(names(found.map(\.labels)) == expected.sorted())
        #expect(names(sets) == expected.sorted())
    }

    @Test func `labels are found in the database, at most as many as are wanted`() async throws {
        let place = try await Self.matched.value
        let history = History(pool: place.pool)
        let range = range(0, start * 2)
        let names = ["__name__", "job", "zone"]
        #expect(try await history.labelNames(matching: [], in: range, limit: nil) == names)
        #expect(
            try await history.labelNames(matching: [], in: range, limit: 2) == ["__name__", "job"])
        let metrics = try await history.labelValues(
            of: "__name__", matching: [], in: range, limit: 2)
        #expect(metrics == ["load", "other"])
        #expect(
            try await history.labelValues(of: "job", matching: [], in: range, limit: nil)
                == ["a", "b"])
        #expect(try await history.labelValues(of: "no", matching: [], in: range, limit: nil) == [])
        let zoned = try Selector(#"{zone="x"}"#).matchers
        #expect(
            try await history.labelValues(of: "job", matching: zoned, in: range, limit: nil)
                == ["a", "b"])
        #expect(try await history.labelNames(matching: zoned, in: range, limit: nil) == names)
        for selector in [#"{job="a"}"#, #"{job!=""}"#, "{}"] {
            let matchers = try Selector(selector).matchers
            let sets = try await history.labelSets(matching: matchers, in: range, limit: 2)
            #expect(sets.count == 2)
            #expect(sets.allSatisfy { matchers.accept($0) })
        }
    }

    private static let matched = Task {
        let place = try await Place()
        let clock = HandClock(
            0,
            [
                .of("up", ["job": "a", "zone": "x"]), .of("up", ["job": "a"]),
                .of("up", ["job": "b", "zone": "x"]), .of("load", ["job": "a"]), .of("other"),
            ])
        let writer = TickWriter(pool: place.pool, registry: MetricRegistry(), log: .silent)
        try await place.during({ await writer.run() }) {
            writer.opened(clock.clock, as: clock.key, interval: nil)
            try writer.take(clock.tick(SealerTests.start, [1, 2, 3, 4, 5], isFirst: true))
            try await writer.settle()
        }
        return place
    }

    @Test func `late samples count before chunks and rows`() async throws {
        let place = try await Place()
        _ = try await SealerTests.write([Shape("a", (0..<250).map(Double.init))], place)
        _ = try await SealerTests.seal(place, before: start + 7_200_000)
        try await place.pool.run { connection throws(PostgresError) in
            var late = LateSamples()
            late.add(1, Timestamp(milliseconds: start + 30_000), -1)
            late.add(1, Timestamp(milliseconds: start + 30_001), -2)
            late.add(1, Timestamp(milliseconds: start + 245 * 30_000), -3)
            try LateSamples.write(late, connection)
        }
        let found = try await History(pool: place.pool).series(
            matching: [], in: range(0, start * 2))
        let values = try #require(found.first?.values)
        #expect(values.count == 251)
        #expect(values[0...3] == [0, -1, -2, 2])
        #expect(values[246] == -3)
        #expect(
            try await place.sql("SELECT count(*), sum(value) FROM weir.sample")
                == "251|\(249 * 125 - 1 - 245 - 6)")
    }

    @Test func `too much is refused, and a cancelled question ends`() async throws {
        let place = try await Place()
        _ = try await SealerTests.write(
            [Shape("a", (0..<20).map(Double.init)), Shape("b", (0..<20).map(Double.init))], place)
        var limits = ReadLimits()
        limits.series = 1
        await #expect(throws: SourceError.tooMuch(what: "series", limit: 1)) {
            try await History(pool: place.pool, limits: limits)
                .series(matching: [], in: range(0, start * 2))
        }
        limits.series = 10
        limits.samples = 30
        await #expect(throws: SourceError.tooMuch(what: "samples", limit: 30)) {
            try await History(pool: place.pool, limits: limits)
                .series(matching: [], in: range(0, start * 2))
        }
        _ = try await SealerTests.seal(place, before: start + 7_200_000)
        await #expect(throws: SourceError.tooMuch(what: "samples", limit: 30)) {
            try await History(pool: place.pool, limits: limits)
                .series(matching: [], in: range(0, start * 2))
        }
        let task = Task {
            try await History(pool: place.pool).series(matching: [], in: range(0, start * 2))
        }
        task.cancel()
        await #expect(throws: SourceError.cancelled) { try await task.value }
    }
}

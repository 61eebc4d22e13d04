import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing
import Threads

@testable import Storage

struct BackfillTests {
    private let start = SealerTests.start
    private var all: ClosedRange<Timestamp> {
        Timestamp(milliseconds: 0)...Timestamp(milliseconds: start * 2)
    }

    private func read(_ place: Place) async throws -> [String: [Int64: UInt64]] {
        let found = try await History(pool: place.pool).series(matching: [], in: all)
        return Dictionary(
            uniqueKeysWithValues: found.map { series in
                (
                    series.labels["name"],
                    Dictionary(
                        uniqueKeysWithValues: zip(
                            series.times.map(\.milliseconds), series.values.map(\.bitPattern)))
                )
            })
    }

    @Test func `every shape is in chunks at once, bit by bit, and still after a merge`()
        async throws
    {
        let place = try await Place()
        let shapes = Shape.all(240)
        var backfill = Backfill(pool: place.pool)
        for shape in shapes {
            let series = backfill.introduce(
                .of("shape", ["name": shape.testDescription, "job": "j"]))
            for (index, value) in shape.values.enumerated() where !value.isAbsent {
                backfill.add(start + Int64(index) * 30_000, value, to: series)
            }
        }
        try await backfill.flush(noting: nil)
        let count = shapes.reduce(0) { $0 + $1.values.count { !$0.isAbsent } }
        #expect(backfill.outcome.sealed == count)
        #expect(backfill.outcome.late == 0)
        try await SealerTests.expectSQL(shapes, place)
        // Those that share their instants share a clock.
        #expect(try await place.sql("SELECT count(*) < 20 FROM weir_data.clock") == "t")
        for _ in 0..<2 {
            let seen = try await read(place)
            for shape in shapes {
                var expected: [Int64: UInt64] = [:]
                for (index, value) in shape.values.enumerated() where !value.isAbsent {
                    expected[start + Int64(index) * 30_000] = value.bitPattern
                }
                #expect(seen[shape.testDescription] ?? [:] == expected, "\(shape.testDescription)")
            }
            try await place.pool.run { connection throws(PostgresError) in
                _ = try DayMerge.run(Timestamp(milliseconds: start), connection)
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `samples in any order, again and over others, are what a dictionary has`(
        seed: UInt64
    ) async throws {
        let place = try await Place()
        var random = SeededRandom(seed: seed)
        var model: [String: [Int64: UInt64]] = [:]
        var clock: HandClock?
        if seed % 2 == 1 {
            // Something is there already, sealed and hot.
            let shape = Shape("0", (0..<300).map(Double.init))
            clock = try await SealerTests.write([shape], place)
            _ = try await SealerTests.seal(place, before: start + 7_200_000)
            for index in 0..<300 {
                model["0", default: [:]][start + Int64(index) * 30_000] =
                    Double(index).bitPattern
            }
        }
        var backfill = Backfill(pool: place.pool)
        for _ in 0..<6 {
            for name in 0..<8 {
                let metric = clock == nil ? "m" : "shape"
                let labels = Labels.of(metric, ["name": "\(name)", "job": "j"])
                let series = backfill.introduce(labels)
                let begin = start + Int64(random.next() % 5) * 40_000_000
                var time = begin
                for _ in 0..<Int(random.next() % 200) {
                    time += random.next() % 50 == 0 ? -900_000 : 30_000 * Int64(1 + name % 2)
                    let value = random.next() % 9 == 0 ? random.anyDouble : Double(name)
                    backfill.add(time, value, to: series)
                    model["\(name)", default: [:]][time] = value.bitPattern
                }
            }
            try await backfill.flush(noting: nil)
            #expect(try await read(place) == model.filter { !$0.value.isEmpty })
        }
        let days = try await place.sql(
            "SELECT string_agg(extract(epoch FROM start)::int8::text, ' ') FROM weir_data.span "
                + "WHERE kind = 'day'")
        for day in days.split(separator: " ") {
            let start = Timestamp(milliseconds: (Int64(day) ?? 0) * 1000)
            try await place.pool.run { connection throws(PostgresError) in
                _ = try DayMerge.run(start, connection)
            }
        }
        #expect(try await read(place) == model.filter { !$0.value.isEmpty })
    }

    @Test func `a mark is part of the commit that it speaks of`() async throws {
        let place = try await Place()
        var backfill = Backfill(pool: place.pool)
        backfill.add(start, 1, to: backfill.introduce(.of("m", ["name": "a"])))
        var mark = BackfillMark(
            name: "file", bytes: 10, samples: 1, typeLine: "# TYPE m gauge", isDone: false)
        try await backfill.flush(noting: mark)
        #expect(try await BackfillMark.read("file", place.pool) == mark)
        #expect(try await BackfillMark.read("other", place.pool) == nil)
        mark.isDone = true
        mark.bytes = 20
        backfill.add(Int64.max / 2, 1, to: backfill.introduce(.of("m", ["name": "b"])))
        try await backfill.flush(noting: mark)
        #expect(try await BackfillMark.read("file", place.pool) == mark)
        #expect(backfill.outcome.refused == 1)
        #expect(backfill.outcome.sealed == 1)
    }

    @Test func `metadata and exemplars come along, and an export has all of it`() async throws {
        let place = try await Place()
        var backfill = Backfill(pool: place.pool)
        for name in ["a", "b"] {
            let series = backfill.introduce(.of("m_total", ["name": name]))
            for tick in 0..<5 { backfill.add(start + Int64(tick) * 1000, Double(tick), to: series) }
            backfill.add(
                ExemplarPoint(
                    labels: ["trace_id": name], value: 1,
                    time: Timestamp(milliseconds: start + 500)), to: series)
        }
        backfill.add(
            FamilyMetadata(
                family: "m", metadata: MetricMetadata(type: .counter, unit: "", help: "Help")))
        try await backfill.flush(noting: nil)
        var export = Export(
            pool: place.pool, matching: [[Matcher("name", equals: "a")], []], in: all)
        try await export.begin()
        #expect(export.metadata["m"]?.help == "Help")
        var seen: [ExportedSeries] = []
        while let page = try await export.next() { seen += page }
        #expect(seen.map { $0.series.labels["name"] } == ["a", "b"])
        #expect(seen.map(\.family) == ["m", "m"])
        #expect(seen.map { $0.exemplars.map { $0.labels["trace_id"] } } == [["a"], ["b"]])
        #expect(seen.allSatisfy { $0.series.values == [0, 1, 2, 3, 4] })
    }
}

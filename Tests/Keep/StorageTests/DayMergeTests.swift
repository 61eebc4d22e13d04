import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing

@testable import Storage

struct DayMergeTests {
    private let start = SealerTests.start

    private func merge(_ place: Place) async throws -> DayMerge.Outcome? {
        try await place.pool.run { connection throws(PostgresError) in
            try DayMerge.run(Timestamp(milliseconds: start), connection)
        }
    }

    private func read(_ place: Place) async throws -> [String: Series] {
        let all = Timestamp(milliseconds: 0)...Timestamp(milliseconds: start * 2)
        let found = try await History(pool: place.pool).series(matching: [], in: all)
        return Dictionary(uniqueKeysWithValues: found.map { ($0.labels["name"], $0) })
    }

    @Test func `a day merged says what it said, in fewer chunks`() async throws {
        let place = try await Place()
        let shapes = Shape.all(1000)
        _ = try await SealerTests.write(shapes, place)
        _ = try await SealerTests.seal(place, before: start + 86_400_000)
        let before = try await read(place)
        let outcome = try #require(try await merge(place))
        #expect(outcome.after * 2 < outcome.before)
        try await SealerTests.expectSQL(shapes, place)
        let after = try await read(place)
        for shape in shapes {
            let name = shape.testDescription
            let expected = shape.values.filter { !$0.isAbsent }
            #expect(bits(after[name]?.values ?? []) == bits(expected), "\(name)")
            #expect(after[name]?.times ?? [] == before[name]?.times ?? [], "\(name)")
        }
        #expect(try await merge(place)?.before == outcome.after)
        try await SealerTests.expectSQL(shapes, place)
        #expect(
            try await place.sql(
                "SELECT string_agg(relid::text, ' ') FROM pg_partition_tree('weir_data.chunk')")
                == "weir_data.chunk weir_data.chunk_20260921")
    }

    @Test func `late samples become part of the day, over what was said before`() async throws {
        let place = try await Place()
        let names = (0..<70).map { Shape("\($0)", (0..<250).map(Double.init)) }
        _ = try await SealerTests.write(names, place)
        _ = try await SealerTests.seal(place, before: start + 86_400_000)
        let ids = try await place.sql(
            "SELECT string_agg(labels->>'name', ' ' ORDER BY id) FROM weir_data.series")
        let order = ids.split(separator: " ").map(String.init)
        try await place.pool.run { connection throws(PostgresError) in
            var late = LateSamples()
            for index in 0..<70 {
                let id = Int32(index + 1)
                late.add(id, Timestamp(milliseconds: start + 30_000), -1)
                // Each at an instant of its own, and all at one.
                late.add(id, Timestamp(milliseconds: start + 40_000 + Int64(index)), -2)
                late.add(id, Timestamp(milliseconds: start + 50_000), -3)
            }
            late.add(1, Timestamp(milliseconds: start + 86_400_000), 5)
            try LateSamples.write(late, connection)
        }
        for _ in 0..<2 {
            #expect(try await merge(place) != nil)
            let found = try await read(place)
            #expect(found.count == 70)
            for (index, name) in order.enumerated() {
                let series = try #require(found[name])
                #expect(series.values.prefix(6) == [0, -1, -2, -3, 2, 3], "\(name)")
                #expect(
                    series.times[2].milliseconds == start + 40_000 + Int64(index), "\(name)")
                #expect(series.values.count == (index == 0 ? 253 : 252))
            }
            #expect(try await place.sql("SELECT count(*) FROM weir_data.late") == "1")
            let seen = try await place.sql(
                "SELECT count(*), sum(value)::int8 FROM weir.sample")
            let sum = 70 * (249 * 125 - 7) + 5
            #expect(seen == "\(70 * 252 + 1)|\(sum)")
        }
    }
}

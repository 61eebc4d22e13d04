import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing

@testable import Storage

struct SealerTests {
    /// The beginning of a day, and so of a hot partition.
    static let start: Int64 = 1_789_948_800_000

    /// Writes each shape as a series of one clock, a tick every 30 s.
    static func write(
        _ shapes: [Shape], _ place: Place, from start: Int64 = start, every step: Int64 = 30_000
    ) async throws -> HandClock {
        let clock = HandClock(
            0, shapes.map { .of("shape", ["name": $0.testDescription, "job": "j"]) })
        let writer = TickWriter(pool: place.pool, registry: MetricRegistry(), log: .silent)
        try await place.during({ await writer.run() }) {
            writer.opened(clock.clock, as: clock.key, interval: .seconds(30))
            for index in 0..<(shapes.first?.values.count ?? 0) {
                try writer.take(
                    clock.tick(
                        start + Int64(index) * step, shapes.map { $0.values[index] },
                        isFirst: index == 0))
            }
            try await writer.settle()
        }
        return clock
    }

    static func seal(_ place: Place, before end: Int64) async throws -> Sealer.Outcome? {
        try await place.pool.run { connection throws(PostgresError) in
            try Sealer.close(before: Timestamp(milliseconds: end), connection)
            let outcome = try Sealer.seal(connection)
            try Sealer.dropSealed(connection)
            return outcome
        }
    }

    /// What the view shows of each shape, bit by bit, and what it should show.
    static func expectSQL(_ shapes: [Shape], _ place: Place, from start: Int64 = start) async throws
    {
        let seen = try await place.pool.run { connection throws(PostgresError) in
            let found = try connection.query(
                """
                SELECT labels ->> 'name', (extract(epoch FROM time) * 1000)::int8, value
                FROM weir.sample WHERE metric = 'shape' ORDER BY 1, 2
                """)
            var seen: [String: [Int64: UInt64]] = [:]
            for row in 0..<found.rowCount {
                guard let name = try found.text(row, 0), let time = try found.int(row, 1),
                    let value = try found.double(row, 2)
                else { continue }
                // Which NaN it is SQL does not tell.
                seen[name, default: [:]][Int64(time)] = (value.isNaN ? .nan : value).bitPattern
            }
            return seen
        }
        for shape in shapes {
            var expected: [Int64: UInt64] = [:]
            for (index, value) in shape.values.enumerated()
            where !value.isAbsent && !value.isStaleMarker {
                expected[start + Int64(index) * 30_000] = (value.isNaN ? .nan : value).bitPattern
            }
            let found = seen[shape.testDescription] ?? [:]
            #expect(found == expected, "\(shape.testDescription)")
        }
    }

    @Test func `every shape comes out of hot rows and of chunks as it went in, through SQL`()
        async throws
    {
        let place = try await Place()
        let shapes = Shape.all(240)
        _ = try await Self.write(shapes, place)
        try await Self.expectSQL(shapes, place)
        let outcome = try await Self.seal(place, before: Self.start + 7_200_000)
        #expect(outcome?.spans == 1)
        #expect(outcome?.ticks == 240)
        try await Self.expectSQL(shapes, place)
        #expect(try await place.sql("SELECT count(*) FROM weir_data.scrape") == "0")
        #expect(
            try await place.sql("SELECT count(*) FROM weir_data.span WHERE kind = 'hot'") == "0")
    }

    @Test func `what is not closed stays hot, and sealing twice changes nothing`() async throws {
        let place = try await Place()
        let shapes = [Shape("a", (0..<300).map(Double.init))]
        _ = try await Self.write(shapes, place)
        #expect(try await Self.seal(place, before: Self.start + 7_200_000)?.ticks == 240)
        #expect(try await Self.seal(place, before: Self.start + 7_200_000)?.ticks == 0)
        try await Self.expectSQL(shapes, place)
        #expect(try await place.sql("SELECT count(*) FROM weir_data.scrape") == "60")
    }

    @Test func `the functions of chunks become part of the query`() async throws {
        let place = try await Place()
        _ = try await Self.write([Shape("a", [1, 2, 3])], place)
        _ = try await Self.seal(place, before: Self.start + 7_200_000)
        let plan = try await place.sql("EXPLAIN VERBOSE SELECT value FROM weir.sample")
        #expect(!plan.contains("value_at("))
        #expect(!plan.contains("residual("))
        #expect(!plan.contains("divisor("))
    }

    @Test
    func `ninety days of a thousand metrics are fewer than 500 relations, none of them vacuumed`()
        async throws
    {
        let place = try await Place()
        let metrics = (0..<1000).map { Labels.of("metric_\($0)", ["job": "j"]) }
        try await place.pool.run { connection throws(PostgresError) in
            var numbers: [String: Int32] = [:]
            _ = try Identities.series(metrics, &numbers, connection)
            let start = Timestamp(milliseconds: Self.start)
            for day in 0..<90 {
                try Days.ensure(start + .days(Int64(day)), connection)
                _ = try RollupPartitions.ensure(start + .days(Int64(day)), connection)
            }
            for hot in 0..<3 {
                try TickTransaction.ensureHot(
                    start + .days(90) + .hours(Int64(2 * hot)), Partitions.hot, connection)
            }
        }
        let relations = """
            FROM pg_class c WHERE relnamespace IN ('weir'::regnamespace, 'weir_data'::regnamespace)
                OR c.oid IN (SELECT reltoastrelid FROM pg_class
                    WHERE relnamespace = 'weir_data'::regnamespace)
            """
        let count = try #require(Int(try await place.sql("SELECT count(*) \(relations)")))
        #expect(count < 500)
        #expect(count > 360)
        // Nothing beside rows, and nothing for autovacuum to do.
        let odd = """
            FROM pg_class WHERE relnamespace = 'weir_data'::regnamespace AND relkind = 'r'
                AND (relname ~ '^(chunk|tick)_' AND (reltoastrelid <> 0
                        OR NOT coalesce(reloptions @> '{autovacuum_enabled=off}', false))
                    OR relname ~ '^scrape_' AND (reltoastrelid <> 0 OR NOT coalesce(
                        reloptions @> '{autovacuum_vacuum_insert_threshold=-1}', false)))
            """
        #expect(try await place.sql("SELECT string_agg(relname, ' ') \(odd)") == "")
    }
}

import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing

@testable import Storage

struct TickWriterTests {
    private let start: Int64 = 1_790_000_000_000

    private func writer(_ place: Place, byteLimit: Int = 64 << 20) -> TickWriter {
        TickWriter(pool: place.pool, byteLimit: byteLimit, registry: MetricRegistry(), log: .silent)
    }

    @Test func `a settled scrape can be read with SQL`() async throws {
        let place = try await Place()
        let writer = writer(place)
        let clock = HandClock(
            0, [.of("up", ["job": "a"]), .of("load", ["job": "a", "x": "\"\\\n\u{1}é"])])
        try await place.during({ await writer.run() }) {
            writer.opened(clock.clock, as: clock.key, interval: .seconds(30))
            try writer.take(clock.tick(start, [1, 0.25], isFirst: true))
            try writer.take(clock.tick(start + 30_000, [StaleMarker.value, Absent.value]))
            try writer.take(clock.tick(start + 60_000, [.nan, 0.1 + 0.2]))
            try await writer.settle()
        }
        #expect(
            try await place.sql(
                """
                SELECT extract(epoch FROM time)::int8 - 1790000000, metric, value, job
                FROM weir.sample ORDER BY 1, 2
                """) == """
                    0|load|0.25|a
                    0|up|1|a
                    60|load|0.30000000000000004|a
                    60|up|NaN|a
                    """)
        #expect(
            try await place.sql(
                "SELECT labels->>'x' = E'\"\\\\\\n\\x01é' FROM weir.series WHERE metric = 'load'")
                == "t")
        #expect(
            try await place.sql("SELECT job, url, interval_s FROM weir.target")
                == "job|http://place/0|30")
    }

    @Test func `writing the same scrape again changes nothing`() async throws {
        let place = try await Place()
        let clock = HandClock(0, [.of("up")])
        for _ in 0..<2 {
            let writer = writer(place)
            try await place.during({ await writer.run() }) {
                writer.opened(clock.clock, as: clock.key, interval: nil)
                try writer.take(clock.tick(start, [1], isFirst: true))
                try await writer.settle()
            }
        }
        let again = writer(place)
        again.opened(clock.clock, as: clock.key, interval: nil)
        try again.take(clock.tick(start, [1], isFirst: true))
        try await place.pool.run { connection throws(PostgresError) in
            var ids = Identities(run: "0b0b0b0b-0000-4000-8000-000000000000")
            let news = TickQueue.News(
                opened: [(clock.clock, clock.key, nil)],
                introduced: clock.tick(0, [1], isFirst: true).introduced,
                placed: clock.tick(0, [1], isFirst: true).placed.map { (clock.clock, $0) })
            let tick = clock.tick(start, [1])
            try ids.learn(news, [tick], connection)
            let repeated = TickTransaction(ids: ids, isRepeated: true)
            #expect(try repeated.write([tick], [], connection).rows == 0)
        }
        #expect(try await place.sql("SELECT count(*) FROM weir_data.series") == "1")
        #expect(try await place.sql("SELECT count(*) FROM weir_data.clock") == "1")
        #expect(try await place.sql("SELECT count(*) FROM weir_data.label") == "0")
    }

    @Test func `late, loose and repeated samples count before rows`() async throws {
        let place = try await Place()
        let writer = writer(place)
        let clock = HandClock(0, [.of("up"), .of("down")])
        try await place.during({ await writer.run() }) {
            writer.opened(clock.clock, as: clock.key, interval: nil)
            try writer.take(clock.tick(start, [1, 2], isFirst: true))
            var loose = Tick(
                clock: clock.clock, time: Timestamp(milliseconds: start), isTick: false)
            loose.loose = [
                LooseSample(series: clock.id(0), time: Timestamp(milliseconds: start), value: 7),
                LooseSample(series: clock.id(0), time: Timestamp(milliseconds: 5), value: 8),
                LooseSample(series: clock.id(0), time: Timestamp(milliseconds: start), value: 9),
                LooseSample(series: clock.id(0), time: .distantPast, value: 10),
            ]
            try writer.take(loose)
            try await writer.settle()
            try await place.pool.run { connection throws(PostgresError) in
                try connection.run("UPDATE weir_data.horizon SET closed = '2040-01-01'")
            }
            try writer.take(clock.tick(start + 1000, [3, 4]))
            try await writer.settle()
        }
        #expect(
            try await place.sql("SELECT metric, value FROM weir.sample ORDER BY time, metric")
                == """
                up|8
                down|2
                up|9
                down|4
                up|3
                """)
        #expect(try await place.sql("SELECT count(*) FROM weir_data.scrape") == "1")
    }

    @Test func `a server killed while writing loses nothing that was settled`() async throws {
        let server = try await PostgresServer(.init(settings: ["fsync = on"]))
        let place = try await Place(on: server)
        let writer = writer(place)
        let clock = HandClock(0, (0..<300).map { .of("m\($0)") })
        let settled = try await place.during({ await writer.run() }) {
            writer.opened(clock.clock, as: clock.key, interval: nil)
            for number in 0..<60 {
                let values = (0..<300).map { Double(number * 1000 + $0) }
                try writer.take(
                    clock.tick(start + Int64(number) * 1000, values, isFirst: number == 0))
                if number % 10 == 9 { try await writer.settle() }
                if number == 24 || number == 44 {
                    await server.kill()
                    try await server.start()
                }
            }
            try await writer.settle()
            return 60
        }
        let sum = 1000 * 300 * (59 * 60 / 2) + 60 * (299 * 300 / 2)
        let seen = try await place.sql(
            "SELECT count(*), count(DISTINCT time), sum(value)::int8 FROM weir.sample")
        #expect(seen == "\(settled * 300)|\(settled)|\(sum)")
    }

    @Test func `past its bound the queue drops the oldest, counts them and keeps the news`() {
        var queue = TickQueue(byteLimit: 3000)
        let clock = HandClock(0, [.of("up")])
        var dropped: [Int64] = []
        for number in 0..<30 {
            dropped += queue.take(clock.tick(Int64(number), [1], isFirst: number == 0))
                .map(\.time.milliseconds)
        }
        let batch = queue.nextBatch(byteLimit: .max)
        #expect(dropped == Array(0..<Int64(dropped.count)))
        #expect(dropped.count + batch.ticks.count == 30)
        #expect(batch.last == 30)
        #expect(batch.news.introduced.count == 1)
        #expect(batch.news.placed.count == 1)
    }

    @Test func `metadata, exemplars and native histograms are kept`() async throws {
        let place = try await Place()
        let writer = writer(place)
        let clock = HandClock(0, [.of("up_total")])
        var histogram = NativeHistogram()
        histogram.count = 3
        histogram.sum = -1.5
        histogram.positiveSpans = [.init(offset: -3, length: 2)]
        histogram.positive = .deltas([1, -1])
        histogram.negative = .counts([0.5])
        histogram.customBounds = [1, .infinity]
        let point = HistogramPoint(time: Timestamp(milliseconds: start), histogram: histogram)
        try await place.during({ await writer.run() }) {
            writer.opened(clock.clock, as: clock.key, interval: nil)
            for (number, help) in ["one", "one", "two"].enumerated() {
                var tick = clock.tick(start + Int64(number), [1], isFirst: number == 0)
                tick.metadata = [
                    FamilyMetadata(family: "up", metadata: .init(type: .counter, help: help))
                ]
                tick.exemplars = [
                    PlacedExemplar(
                        series: clock.id(0), labels: ["trace_id": "x"], value: 0.5, time: tick.time)
                ]
                tick.histograms =
                    number == 0 ? [PlacedHistogram(series: clock.id(0), point: point)] : []
                try writer.take(tick)
                try await writer.settle()
            }
        }
        #expect(
            try await place.sql(
                "SELECT help, until = 'infinity' FROM weir_data.metadata ORDER BY since")
                == "one|f\ntwo|t")
        #expect(try await place.sql("SELECT * FROM weir.metric") == "up_total|counter||two")
        #expect(try await place.sql("SELECT count(*) FROM weir_data.exemplar") == "3")
        let bytes = try await place.pool.run { connection throws(PostgresError) in
            try connection.query("SELECT bytes FROM weir_data.histogram").byteArray(0, 0)
        }
        #expect(HistogramCodec.decode(bytes ?? []) == [point])
    }
}

import Head
import Model
import Postgres
import Telemetry
import TestKit
import Testing

@testable import Storage

/// What waits on disk while the database is away comes to it whole, and once.
struct TickSpoolTests {
    private let start: Int64 = 1_790_000_000_000
    private let folder: TemporaryFolder
    private let clock = HandClock(0, (0..<150).map { .of("m", ["n": "\($0)"]) })

    init() throws { folder = try TemporaryFolder("spool") }

    private func writer(_ place: Place, byteLimit: Int = 64 << 20) -> TickWriter {
        let writer = TickWriter(
            pool: place.pool, byteLimit: byteLimit, registry: MetricRegistry(),
            log: .silent)
        var spool = SpoolPlace(folder.file("spool"))
        spool.patience = .milliseconds(300)
        // What tests place is told in the same batch, or by this.
        let clock = clock
        writer.use(spool) { id in
            id.number < 150 ? clock.series[Int(id.number)] : nil
        }
        return writer
    }

    private func tick(_ number: Int, isFirst: Bool = false) -> Tick {
        var values = (0..<150).map { Double(number * 1000 + $0) }
        if number % 3 == 0 { values[7] = Absent.value }
        return clock.tick(start + Int64(number) * 1000, values, isFirst: isFirst)
    }

    /// Whether the database has all of `numbers`, each sample once.
    private func expect(
        _ place: Place, _ numbers: Range<Int>, _ note: String,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let count = numbers.reduce(0) { $0 + ($1 % 3 == 0 ? 149 : 150) }
        let sum = numbers.reduce(0) { sum, number in
            sum + number * 1000 * 150 + 149 * 150 / 2 - (number % 3 == 0 ? number * 1000 + 7 : 0)
        }
        let seen = try await place.sql(
            """
            SELECT count(*), count(DISTINCT (time, labels)), count(DISTINCT time), sum(value)::int8
            FROM weir.sample
            """)
        #expect(
            seen == "\(count)|\(count)|\(numbers.count)|\(sum)", "\(note)", sourceLocation: location
        )
    }

    private func eventually(_ holds: () -> Bool) async throws {
        for _ in 0..<1200 where !holds() { try await Task.sleep(for: .milliseconds(25)) }
        #expect(holds())
    }

    @Test func `a batch is the same after it was bytes`() throws {
        var tick = tick(3, isFirst: true)
        tick.loose = [LooseSample(series: clock.id(1), time: Timestamp(milliseconds: -5), value: 2)]
        tick.exemplars = [
            PlacedExemplar(
                series: clock.id(2), labels: ["trace_id": "é"], value: -0.5, time: tick.time)
        ]
        var histogram = NativeHistogram()
        histogram.positiveSpans = [.init(offset: -3, length: 2)]
        histogram.positive = .deltas([1, -1])
        let point = HistogramPoint(time: tick.time, histogram: histogram)
        tick.histograms = [PlacedHistogram(series: clock.id(0), point: point)]
        var news = TickQueue.News()
        news.opened = [(clock.clock, clock.key, nil), (clock.clock, clock.key, .seconds(15))]
        news.introduced = tick.introduced
        news.placed = tick.placed.map { (clock.clock, $0) }
        let metadata = MetricMetadata(type: .gauge, unit: "s", help: "h")
        news.metadata = [
            (clock.clock, tick.time, FamilyMetadata(family: "m", metadata: metadata))
        ]
        let bytes = SpooledBatch(run: "run", news: news, ticks: [tick]).bytes
        let back = try SpooledBatch(bytes)
        #expect(back.bytes == bytes)
        #expect(back.run == "run")
        #expect(back.news.opened.map(\.interval) == [nil, .seconds(15)])
        #expect(back.news.opened[0].key == clock.key)
        #expect(back.ticks[0].values.map(\.bitPattern) == tick.values.map(\.bitPattern))
        #expect(back.ticks[0].tiles == tick.tiles)
        #expect(back.ticks[0].loose == tick.loose)
        #expect(back.ticks[0].histograms[0].point == point)
        // Whatever is cut off or changed is refused, or at least does not end the program.
        for length in 0..<min(bytes.count, 400) {
            #expect(throws: NotSpooled.self) { try SpooledBatch(Array(bytes[..<length])) }
        }
        for index in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[index] ^= 0xff
            _ = try? SpooledBatch(changed)
        }
    }

    @Test func `while the database is away samples go to the disk, and then to it`() async throws {
        let server = try await PostgresServer(.init())
        let place = try await Place(on: server)
        let writer = writer(place)
        try await place.during({ await writer.run() }) {
            writer.opened(clock.clock, as: clock.key, interval: .seconds(1))
            for number in 0..<5 { try writer.take(tick(number, isFirst: number == 0)) }
            try await writer.settle()
            await server.stop()
            for number in 5..<10 { try writer.take(tick(number)) }
            try await eventually { writer.safety.waitingInSpool > 0 }
            for number in 10..<20 { try writer.take(tick(number)) }
            try await eventually { writer.safety.queuedTicks == 0 }
            try await server.start()
            for number in 20..<25 { try writer.take(tick(number)) }
            try await writer.settle()
            try await eventually {
                writer.safety.waitingInSpool == 0 && writer.safety.waitingInMemory == 0
            }
        }
        try await expect(place, 0..<25, "after the outage")
        #expect(writer.safety.lost == 0)
        #expect(writer.safety.spoolBytes == 0)
    }

    @Test func `what a run left in the spool comes to the database with the next`() async throws {
        let server = try await PostgresServer(.init())
        let place = try await Place(on: server)
        await server.stop()
        // Two runs that never saw their database, and whose numbers mean other things.
        let first = writer(place)
        try await place.during({ await first.run() }) {
            first.opened(clock.clock, as: clock.key, interval: .seconds(1))
            for number in 0..<8 { try first.take(tick(number, isFirst: number == 0)) }
            try await eventually { first.safety.waitingInSpool > 0 }
            for number in 8..<12 { try first.take(tick(number)) }
        }
        #expect(first.safety.waitingInMemory == 0)
        let other = HandClock(7, clock.series.reversed())
        let second = writer(place)
        try await place.during({ await second.run() }) {
            second.opened(other.clock, as: clock.key, interval: .seconds(1))
            for number in 12..<16 {
                let tick = self.tick(number)
                try second.take(
                    other.tick(
                        tick.time.milliseconds, tick.values.reversed(), isFirst: number == 12))
            }
        }
        try await server.start()
        let third = writer(place)
        try await place.during({ await third.run() }) {
            try await eventually { third.safety.spoolBytes == 0 && third.safety.lastCommit != nil }
        }
        try await expect(place, 0..<16, "after two restarts")
        #expect(third.safety.lost == 0)
    }

    @Test func `a spool that is brought over twice doubles nothing`() async throws {
        let server = try await PostgresServer(.init())
        let place = try await Place(on: server)
        await server.stop()
        let first = writer(place)
        try await place.during({ await first.run() }) {
            first.opened(clock.clock, as: clock.key, interval: .seconds(1))
            for number in 0..<6 { try first.take(tick(number, isFirst: number == 0)) }
        }
        let copy = folder.file("copy")
        _ = try await ChildProcess.run(["/bin/cp", "-a", folder.file("spool"), copy])
        try await server.start()
        for round in 0..<2 {
            if round == 1 {
                _ = try await ChildProcess.run(["/bin/cp", "-a", copy + "/.", folder.file("spool")])
            }
            let next = writer(place)
            try await place.during({ await next.run() }) {
                try await eventually {
                    next.safety.spoolBytes == 0 && next.safety.lastCommit != nil
                }
            }
            try await expect(place, 0..<6, "round \(round)")
        }
    }

    @Test func `a place that another series takes begins another file`() {
        var directory = SpoolDirectory()
        var news = TickQueue.News()
        news.opened = [(clock.clock, clock.key, nil)]
        func place(_ series: UInt32) -> TickQueue.News {
            var news = TickQueue.News()
            let placement = Placement(series: SeriesID(number: series), tile: 0, position: 0)
            news.placed = [(clock.clock, placement)]
            return news
        }
        #expect(directory.note(news) == .fine)
        #expect(directory.note(place(0)) == .fine)
        directory.begin(1)
        let batch = TickQueue.Batch(
            news: TickQueue.News(), ticks: [clock.tick(start, [1])], last: 1)
        let labels: (SeriesID) -> Labels? = { clock.series[Int($0.number)] }
        #expect(directory.news(for: batch, labels).placed.count == 1)
        #expect(directory.news(for: batch, labels).placed.isEmpty)
        #expect(directory.note(place(0)) == .fine)
        #expect(directory.note(place(3)) == .contradiction)
        directory.forgetTold()
        directory.begin(2)
        #expect(
            directory.news(for: batch, labels).placed.map(\.placement.series.number) == [3])
    }
}

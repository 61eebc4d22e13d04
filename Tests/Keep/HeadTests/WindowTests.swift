import Model
import Telemetry
import Testing
import Threads

@testable import Head

struct WindowTests {
    private func labels(_ number: Int) -> Labels { ["__name__": "x", "n": "\(number)"] }

    @Test func `a log hears rows in the order of tiles, and where each series stands`()
        async throws
    {
        let log = Remembering()
        let head = Head(span: .hours(2), registry: MetricRegistry(), log: log) { .at(0) }
        var writer = try await Writer(head)
        for tick in 0..<3 {
            // The second tick shows them in another order, the third lacks one.
            var samples = (0..<200).map { (labels($0), Double($0 + tick)) }
            if tick == 1 { samples.reverse() }
            if tick == 2 { samples.remove(at: 150) }
            try writer.tick(.at(tick * 30), samples)
        }
        let ticks = log.heard.withLock { $0.ticks }
        #expect(ticks.map(\.isTick) == [true, true, true])
        #expect(ticks[0].introduced.map(\.labels) == (0..<200).map(labels))
        #expect(ticks[0].placed.map(\.tile) == (0..<200).map { UInt32($0 / 128) })
        #expect(ticks[0].placed.map(\.position) == (0..<200).map { UInt8($0 % 128) })
        #expect(ticks[1].placed.isEmpty && ticks[1].introduced.isEmpty)
        for tick in ticks {
            #expect(
                tick.tiles == [TileRow(tile: 0, width: 128), TileRow(tile: 1, width: 72)])
        }
        #expect(ticks[1].values == (0..<200).map { Double($0 + 1) })
        #expect(ticks[2].values[150].isAbsent && ticks[2].values[151] == 153)
        writer.clock.close()
        #expect(log.heard.withLock { $0.closed } == [ClockID(number: 0)])
    }

    @Test func `a new series takes the place of one that is gone from memory, not sooner`()
        async throws
    {
        let log = Remembering()
        let head = Head(span: .hours(2), registry: MetricRegistry(), log: log) { .at(0) }
        var writer = try await Writer(head)
        try writer.tick(.at(0), [(labels(0), 1), (labels(1), 1)])
        try writer.tick(.at(30), [(labels(0), 1)], ended: [labels(1)])
        try writer.tick(.at(60), [(labels(0), 1), (labels(2), 1)])
        head.drop(ClockID(number: 0), before: .at(60))
        try writer.tick(.at(90), [(labels(0), 1), (labels(2), 1), (labels(3), 1)])
        // One that comes back soon has its old place.
        try writer.tick(.at(120), [(labels(0), 1)], ended: [labels(2)])
        try writer.tick(.at(150), [(labels(0), 1), (labels(2), 1)])
        let placed = log.heard.withLock { $0.ticks.map { $0.placed.map(\.position) } }
        #expect(placed == [[0, 1], [], [2], [1], [], []])
        let found = try await head.series(
            matching: [Matcher("n", equals: "3")], in: ever)
        #expect(found.first?.times == [.at(90)])
    }

    @Test func `a tile that is more than half dead is left, and its series keep their past`()
        async throws
    {
        let log = Remembering()
        let head = Head(span: .hours(2), registry: MetricRegistry(), log: log) { .at(0) }
        var writer = try await Writer(head)
        let all = (0..<300).map(labels)
        try writer.tick(.at(0), all.map { ($0, 1) })
        // All but ten of the first tile end.
        let kept = Array(all[..<10] + all[128...])
        try writer.tick(.at(30), kept.map { ($0, 2) }, ended: Array(all[10..<128]))
        try writer.tick(.at(60), kept.map { ($0, 3) })
        let tick = try #require(log.heard.withLock { $0.ticks.last })
        #expect(tick.tiles.map(\.tile) == [1, 2])
        #expect(tick.placed.count == 10)
        #expect(tick.values.count == 128 + 44 + 10)
        let found = try await head.series(matching: [Matcher("n", equals: "3")], in: ever)
        #expect(found.first?.values == [1, 2, 3])
        let window = try #require(
            head.window(of: ClockID(number: 0), from: .at(0), before: .at(61)))
        let index = try #require(window.series.firstIndex { head.labels(of: $0) == labels(3) })
        var column: [Double] = []
        #expect(window.read(index, into: &column))
        #expect(column == [1, 2, 3])
        // The dead tile comes back as room.
        head.drop(ClockID(number: 0), before: .at(60))
        head.sweep()
        #expect(head.cardinality(limit: 1).seriesCount == 182)
        let more = (300..<410).map(labels)
        try writer.tick(.at(90), (kept + more).map { ($0, 4) })
        #expect(log.heard.withLock { $0.ticks.last?.tiles.map(\.tile) } == [0, 1, 2])
    }

    @Test func `what is dropped is gone for readers at once, to the tick`() async throws {
        let head = Head(
            span: .hours(2), registry: MetricRegistry(), log: Remembering()
        ) { .at(0) }
        var writer = try await Writer(head)
        for tick in 0..<100 {
            try writer.tick(.at(tick * 30), [(labels(0), Double(tick)), (labels(1), 1)])
        }
        head.drop(ClockID(number: 0), before: .at(31 * 30))
        let found = try await head.series(matching: [Matcher("n", equals: "0")], in: ever)
        #expect(found.first?.values == (31..<100).map { Double($0) })
        #expect(head.window(of: ClockID(number: 0), from: .at(0), before: .at(31 * 30)) == nil)
        let window = head.window(of: ClockID(number: 0), from: .at(0), before: .at(33 * 30))
        #expect(window?.times == [.at(31 * 30), .at(32 * 30)])
        #expect(head.clocks().first?.tickCount == 69)
        #expect(head.clocks().first?.ticks == .at(31 * 30)...(.at(99 * 30)))
    }

    @Test func `with a log memory reaches twice as far, and no farther`() async throws {
        let head = Head(
            span: .seconds(600), registry: MetricRegistry(), log: Remembering()
        ) { .at(0) }
        var writer = try await Writer(head)
        for tick in 0..<150 { try writer.tick(.at(tick * 30), [(labels(0), 1)]) }
        let times = try await head.series(matching: [], in: ever).first?.times ?? []
        #expect(times.first == .at(149 * 30 - 1200))
    }

    // Run under ThreadSanitizer too.
    @Test func `readers beside writers see whole ticks`() async throws {
        let time = Locked(0)
        let head = Head(span: .seconds(1200), registry: MetricRegistry()) {
            .at(time.withLock { $0 })
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for clock in 0..<2 {
                group.addTask {
                    var writer = try await Writer(head, "\(clock)")
                    for tick in 0..<300 {
                        let names = (0..<40).map { $0 + ($0 % 4 == 0 ? tick / 10 * 4 : 0) }
                        let ended = tick % 10 == 9 ? names.filter { $0 % 4 == 0 } : []
                        time.withLock { $0 = max($0, tick * 30) }
                        try writer.tick(
                            .at(tick * 30),
                            names.map { (["n": "\($0)", "c": "\(clock)"], Double(tick)) },
                            ended: ended.map { ["n": "\($0)", "c": "\(clock)"] })
                        if tick % 50 == 0 { head.sweep() }
                        if tick % 7 == 0 { await Task.yield() }
                    }
                }
            }
            group.addTask {
                for _ in 0..<50 {
                    for series in try await head.series(
                        matching: [try Matcher("n", .matches, "[0-9]+")], in: ever)
                    {
                        for (time, value) in zip(series.times, series.values) {
                            #expect(time == .at(Int(value) * 30))
                        }
                    }
                    _ = head.cardinality(limit: 3)
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
        #expect(head.clocks().count == 2)
    }
}

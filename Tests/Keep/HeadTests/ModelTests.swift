import Model
import Telemetry
import Testing
import Threads

@testable import Head

/// Random batches, beside a plain dictionary of what was said.
struct ModelTests {
    private struct Told {
        /// By label set and millisecond: a tick's value, and one beside the ticks, which counts.
        var ticks: [Labels: [Int64: (clock: Int, bits: UInt64)]] = [:]
        var loose: [Labels: [Int64: UInt64]] = [:]

        func points(of labels: Labels) -> [Int64: UInt64] {
            (ticks[labels] ?? [:]).mapValues(\.bits).merging(loose[labels] ?? [:]) { $1 }
        }
    }

    /// What one clock's writer knows.
    private struct Side {
        var writer: Writer
        var live: [Labels] = []
        var time = 0
        var born = 0
        /// The newest tick.
        var newest = Timestamp.distantPast
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `random batches come back as they were told`(seed: UInt64) async throws {
        var random = Seeded(seed)
        let log = Remembering()
        let head = Head(span: .hours(1000), registry: MetricRegistry(), log: log) { .at(0) }
        var told = Told()
        var sides: [Side] = []
        for clock in 0..<2 { sides.append(Side(writer: try await Writer(head, "\(clock)"))) }
        for step in 0..<300 {
            let clock = Int.random(in: 0..<2, using: &random)
            try tell(clock, &sides[clock], &told, &random)
            if step % 150 == 149 { try await compare(head, told) }
            if step == 160 {
                // Another writer takes over; it has numbers of its own.
                sides[1].writer.clock.close()
                sides[1].writer = try await Writer(head, "1")
            }
        }
        #expect(log.heard.withLock { $0.ticks.count } == 300)
        compareWindows(head, sides.map(\.time), told)
    }

    private func tell(
        _ clock: Int, _ side: inout Side, _ told: inout Told, _ random: inout Seeded
    ) throws {
        side.time += Int.random(in: 1...60, using: &random)
        churn(clock, &side, &random)
        let isLate = Int.random(in: 0..<15, using: &random) == 0
        let time = isLate ? max(0, side.time - 100) : side.time
        if isLate { side.time -= 1 }
        var samples: [(Labels, Double)] = []
        var times: [Timestamp?] = []
        let hasTimes = Int.random(in: 0..<6, using: &random) == 0
        for labels in side.live where Int.random(in: 0..<20, using: &random) > 0 {
            samples.append((labels, value(&random)))
            let own = hasTimes && Int.random(in: 0..<3, using: &random) == 0
            if hasTimes { times.append(own ? .at(time - 7) : nil) }
        }
        var ended: [Labels] = []
        if Int.random(in: 0..<4, using: &random) == 0, let last = side.live.popLast() {
            ended.append(last)
        }
        let isTick = .at(time) > side.newest && !samples.isEmpty
        if isTick { side.newest = .at(time) }
        try side.writer.tick(.at(time), samples, times: times, ended: ended)
        for (index, (labels, value)) in samples.enumerated() {
            let own = times.isEmpty ? nil : times[index]
            let instant = (own ?? .at(time)).milliseconds
            if own != nil || !isTick {
                told.loose[labels, default: [:]][instant] = value.bitPattern
            } else if (told.ticks[labels]?[instant]?.clock ?? -1) <= clock {
                told.ticks[labels, default: [:]][instant] = (clock, value.bitPattern)
            }
        }
    }

    private func churn(_ clock: Int, _ side: inout Side, _ random: inout Seeded) {
        // A burst now and then, so that tiles fill and thin out.
        let new = Int.random(in: 0..<25, using: &random) == 0 ? 150 : 1
        for _ in 0..<new {
            side.born += 1
            let mine = side.born % 10 > 0 ? "\(clock)" : "both"
            side.live.append(["__name__": "x", "of": mine, "n": "\(side.born)"])
        }
        if side.live.count > 300 { side.live.removeFirst(200) }
    }

    private func value(_ random: inout Seeded) -> Double {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: StaleMarker.value
        case 1: Double(bitPattern: random.next())
        case 2: .random(in: 0...1, using: &random)
        default: Double(Int.random(in: 0...1000, using: &random))
        }
    }

    private func compare(_ head: Head, _ told: Told) async throws {
        let found = try await head.series(matching: [], in: ever)
        let expected = Set(told.ticks.keys).union(told.loose.keys)
        #expect(Set(found.map(\.labels)) == expected)
        #expect(found.count == expected.count)
        for series in found {
            #expect(series.points == told.points(of: series.labels), "\(series.labels)")
        }
    }

    /// What windows hold together is what was told; what is dropped is gone.
    private func compareWindows(_ head: Head, _ ends: [Int], _ told: Told) {
        var seen = Told()
        for status in head.clocks() {
            let end = ends[Int(status.clock.number)] + 1
            for start in stride(from: -200, to: end, by: 777) {
                guard
                    let window = head.window(
                        of: status.clock, from: .at(start), before: .at(min(start + 777, end)))
                else { continue }
                take(window, status.clock, head, &seen)
            }
        }
        for labels in Set(told.ticks.keys).union(told.loose.keys) {
            #expect(seen.points(of: labels) == told.points(of: labels), "\(labels)")
        }
        for status in head.clocks() { head.drop(status.clock, before: .distantFuture) }
        #expect(head.clocks().allSatisfy { $0.tickCount == 0 })
        for clock in head.heldClocks { clock.close() }
        for clock in head.heldClocks { head.drop(clock.id, before: .distantFuture) }
        head.sweep()
        #expect(head.cardinality(limit: 1) == Cardinality())
        #expect(head.heldClocks.isEmpty)
    }

    private func take(
        _ window: ClockWindow, _ clock: ClockID, _ head: Head, _ seen: inout Told
    ) {
        var column: [Double] = []
        #expect(Set(window.series).count == window.series.count)
        for (index, series) in window.series.enumerated() {
            guard window.read(index, into: &column), let labels = head.labels(of: series) else {
                continue
            }
            #expect(column.count == window.times.count)
            for (time, value) in zip(window.times, column) where !value.isAbsent {
                seen.ticks[labels, default: [:]][time.milliseconds] = (
                    Int(clock.number), value.bitPattern
                )
            }
        }
        for sample in window.loose {
            guard let labels = head.labels(of: sample.series) else { continue }
            seen.loose[labels, default: [:]][sample.time.milliseconds] = sample.value.bitPattern
        }
    }
}

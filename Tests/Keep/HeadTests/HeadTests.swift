import Head
import Model
import Telemetry
import Testing
import Threads

struct HeadTests {
    private func head(log: (any TickLog)? = nil, now: Int = 0) -> Head {
        Head(span: .hours(2), registry: MetricRegistry(), log: log) { .at(now) }
    }

    private func labels(_ name: String, _ more: String = "") -> Labels {
        ["__name__": name, "job": "a", "more": more]
    }

    // Fewer ticks than a row block, rows and blocks, the longest block and rows.
    @Test(arguments: [1, 14, 15, 16, 119, 120, 137])
    func `every shape goes in and comes out bit for bit at every stage`(count: Int) async throws {
        let head = head()
        var writer = try await Writer(head)
        let columns = Shapes.names.map { Shapes.values($0, count: count) }
        for tick in 0..<count {
            let samples = Shapes.names.indices.filter { !columns[$0][tick].isAbsent }
                .map { (labels(Shapes.names[$0]), columns[$0][tick]) }
            // A scrape has some jitter.
            try writer.tick(
                .at(30 * tick) + TimeSpan(milliseconds: Int64(tick * 7 % 13)), samples)
        }
        let found = try await head.series(matching: [], in: ever)
        for (index, name) in Shapes.names.enumerated() {
            let expected = columns[index].filter { !$0.isAbsent }.map(\.bitPattern)
            let series = found.filter { $0.labels == labels(name) }
            #expect(series.count == (expected.isEmpty ? 0 : 1), "\(name)")
            #expect(series.first?.values.map(\.bitPattern) ?? [] == expected, "\(name)")
        }
    }

    @Test func `series of one clock share their times, and a range cuts both ends`() async throws {
        let head = head()
        var writer = try await Writer(head)
        for tick in 0..<40 {
            try writer.tick(.at(tick * 30), [(labels("x"), Double(tick)), (labels("y"), 1)])
        }
        let found = try await head.series(matching: [], in: .at(300)...(.at(900)))
        #expect(found.map(\.times.count) == [21, 21])
        #expect(found.first?.values == (10...30).map { Double($0) })
        #expect(found.first?.times.first == .at(300))
        #expect(found.first?.times.last == .at(900))
        let address = found.map { $0.times.withUnsafeBufferPointer { $0.baseAddress } }
        #expect(address.first == address.last)
        #expect(try await head.series(matching: [], in: .at(301)...(.at(329))).isEmpty)
        #expect(
            try await head.labelSets(matching: [], in: .at(300)...(.at(900)), limit: nil).count == 2
        )
        #expect(
            try await head.labelSets(matching: [], in: .at(5000)...(.at(9000)), limit: nil).isEmpty)
    }

    @Test func `a label set that two clocks speak of is one series`() async throws {
        let head = head()
        var one = try await Writer(head, "one")
        var two = try await Writer(head, "two")
        for tick in 0..<20 {
            try one.tick(.at(tick * 30), [(labels("x"), 1)])
            try two.tick(.at(tick * 30 + (tick % 2) * 10), [(labels("x"), 2)])
        }
        let found = try await head.series(matching: [], in: ever)
        #expect(found.count == 1)
        // At the same instant the newer clock counts.
        #expect(found.first?.times.count == 30)
        #expect(found.first?.values.prefix(4) == [2, 1, 2, 2])
    }

    @Test func `instants of their own, late and doubled samples take their places`() async throws {
        let head = head()
        var writer = try await Writer(head)
        try writer.tick(.at(60), [(labels("x"), 1), (labels("y"), 1)], times: [nil, .at(45)])
        try writer.tick(.at(90), [(labels("x"), 2), (labels("y"), 2)], times: [nil, .at(45)])
        try writer.tick(.at(30), [(labels("x"), 3)])  // out of order
        try writer.tick(.at(90), [(labels("x"), 4)])  // the newest once more: it takes its place
        try writer.tick(.at(120), [(labels("x"), 5)], times: [.at(60)])
        let found = try await head.series(matching: [], in: ever)
        let x = try #require(found.first { $0.labels == labels("x") })
        #expect(x.times == [.at(30), .at(60), .at(90)])
        #expect(x.values == [3, 5, 4])
        let y = try #require(found.first { $0.labels == labels("y") })
        #expect(y.times == [.at(45)])
        #expect(y.values == [2])
    }

    @Test func `what is older than memory reaches is refused quietly and counted`() async throws {
        let registry = MetricRegistry()
        let head = Head(span: .hours(2), registry: registry) { .at(0) }
        var writer = try await Writer(head)
        try writer.tick(.at(0), [(labels("x"), 1), (labels("y"), 1)], times: [nil, .at(-7201)])
        #expect(try await head.series(matching: [], in: ever).map(\.labels) == [labels("x")])
        let old = registry.snapshot().first { $0.name == "weir_head_too_old_samples" }
        #expect(old?.lines.first?.value == 1)
    }

    @Test func `native histograms come back with their series, the newest of an instant`()
        async throws
    {
        let head = head()
        var writer = try await Writer(head)
        var histogram = NativeHistogram()
        for count in [3.0, 5, 7] {
            histogram.count = count
            let said = histogram
            try writer.tick(.at(count == 7 ? 30 : Int(count)), [(labels("x"), 1)]) { batch in
                if count == 3 { batch.newSeries.append(NewSeries(number: 9, labels: labels("h"))) }
                let time: Timestamp? = count == 7 ? .at(5) : nil
                batch.histograms = [HistogramSample(series: 9, time: time, histogram: said)]
            }
        }
        let found = try await head.series(matching: [Matcher("__name__", equals: "h")], in: ever)
        #expect(found.count == 1)
        #expect(found.first?.histograms.map(\.time) == [.at(3), .at(5)])
        #expect(found.first?.histograms.map(\.histogram.count) == [3, 7])
        #expect(found.first?.times.isEmpty == true)
    }

    @Test func `alone it forgets what is older than its span, and series with it`() async throws {
        let head = head(now: 4 * 3600)
        var writer = try await Writer(head)
        try writer.tick(.at(0), [(labels("old"), 1), (labels("x"), 1)])
        try writer.tick(.at(30), [(labels("x"), 1)], ended: [labels("old")])
        for tick in 2...480 { try writer.tick(.at(tick * 30), [(labels("x"), 1)]) }
        head.sweep()
        let found = try await head.series(matching: [], in: ever)
        #expect(found.map(\.labels) == [labels("x")])
        #expect(found.first?.times.first == .at(7200))
        #expect(head.cardinality(limit: 10).seriesCount == 1)
    }

    @Test func `a refused batch leaves nothing, and its news is told with the next`() async throws {
        let log = Remembering()
        let head = head(log: log)
        var writer = try await Writer(head)
        log.heard.withLock { $0.isFull = true }
        #expect(throws: SinkError.full(reason: "the test says so")) {
            try writer.tick(.at(0), [(labels("x"), 1)])
        }
        #expect(try await head.series(matching: [], in: ever).isEmpty)
        log.heard.withLock { $0.isFull = false }
        try writer.tick(.at(30), [(labels("x"), 2)])
        let tick = try #require(log.heard.withLock { $0.ticks.first })
        #expect(tick.introduced.map(\.labels) == [labels("x")])
        #expect(tick.placed.count == 1)
        #expect(tick.values == [2])
        #expect(try await head.series(matching: [], in: ever).first?.values == [2])
    }
}

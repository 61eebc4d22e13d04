import Compression
import Model
import Receiving
import Telemetry
import TestKit
import Testing
import Threads

@Suite struct ReceiverTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private static let time = now.milliseconds - 60_000

    /// Runs `body` with a receiver that keeps what it gets in `sink`.
    private func receiving(
        _ options: ReceiverOptions = ReceiverOptions(),
        _ body: (Receiver, KeepingSink) async throws -> Void
    ) async throws {
        let sink = KeepingSink()
        var options = options
        options.gathering = .milliseconds(2)
        let receiver = Receiver(
            sink: sink, options: options, registry: MetricRegistry(), log: .silent
        ) { Self.now }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await receiver.run() }
            defer { group.cancelAll() }
            #expect(try await eventually { await Self.takes(receiver) })
            try await body(receiver, sink)
            #expect(sink.state.withLock { $0.faults } == [])
        }
    }

    private static func takes(_ receiver: Receiver) async -> Bool {
        do {
            _ = try await receiver.write(Snappy.compress([]), as: .first)
            return true
        } catch { return false }
    }

    private static func body(_ series: [Told], _ message: WriteMessage) -> [UInt8] {
        Snappy.compress(
            message == .first ? Messages.first(series) : Messages.second(series))
    }

    @Test(arguments: [WriteMessage.first, .second])
    func `samples reach the clock of their job and instance`(_ message: WriteMessage) async throws {
        try await receiving { receiver, sink in
            let time = Self.time
            let series = [
                Told("a", (1, time), (2, time + 1000)), Told("b", (-0.0, time)),
                Told([("__name__", "c"), ("job", "other")], (StaleMarker.value, time)),
            ]
            let written = try await receiver.write(Self.body(series, message), as: message)
            #expect(written.samples == 4)
            let state = sink.state.withLock { $0 }
            #expect(state.samples[#"a{instance="i",job="j"}"#] == [time: 1, time + 1000: 2])
            #expect(state.samples[#"b{instance="i",job="j"}"#]?[time]?.sign == .minus)
            #expect(state.samples[#"c{job="other"}"#]?[time]?.isStaleMarker == true)
            #expect(
                Set(state.clocks.map(\.name)) == ["j", "other"]
                    && state.clocks.allSatisfy { $0.kind == .sender })
            #expect(state.settled > 0)
        }
    }

    @Test(arguments: [WriteMessage.first, .second])
    func `what is known is not told again, and parts of a scrape meet in one tick`(
        _ message: WriteMessage
    ) async throws {
        try await receiving { receiver, sink in
            let names = (0..<50).map { "m\($0)" }
            for round in 0..<3 {
                let time = Self.time + Int64(round) * 5000
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for part in 0..<5 {
                        let series = names[part * 10..<part * 10 + 10].map { Told($0, (1, time)) }
                        let body = Self.body(series, message)
                        group.addTask { _ = try await receiver.write(body, as: message) }
                    }
                    try await group.waitForAll()
                }
            }
            let state = sink.state.withLock { $0 }
            #expect(state.clocks.count == 1)
            #expect(state.samples.count == 50)
            #expect(state.samples.values.allSatisfy { $0.count == 3 })
        }
    }

    @Test func `labels in another order are the same series`() async throws {
        try await receiving { receiver, sink in
            let time = Self.time
            let series = [
                Told([("__name__", "a"), ("x", "1"), ("y", "")], (1, time)),
                Told([("x", "1"), ("__name__", "a")], (2, time + 1)),
            ]
            _ = try await receiver.write(Self.body(series, .first), as: .first)
            #expect(
                sink.state.withLock { $0.samples } == [#"a{x="1"}"#: [time: 1, time + 1: 2]])
        }
    }

    @Test func `what is said twice is kept once, the last word`() async throws {
        try await receiving { receiver, sink in
            let time = Self.time
            let series = [
                Told("a", (1, time), (2, time + 1), (3, time)), Told("a", (4, time + 1)),
            ]
            _ = try await receiver.write(Self.body(series, .first), as: .first)
            #expect(
                sink.state.withLock { $0.samples[#"a{instance="i",job="j"}"#] }
                    == [time: 3, time + 1: 4])
        }
    }

    @Test(arguments: [WriteMessage.first, .second])
    func `histograms and exemplars come whole`(_ message: WriteMessage) async throws {
        try await receiving { receiver, sink in
            let time = Self.time
            var histogram = NativeHistogram()
            (histogram.schema, histogram.count, histogram.sum) = (3, 6, 12.5)
            (histogram.zeroThreshold, histogram.zeroCount) = (1e-128, 1)
            histogram.positiveSpans = [.init(offset: -2, length: 2), .init(offset: 1, length: 1)]
            histogram.positive = .deltas([2, -1, 1])
            histogram.resetHint = .notReset
            var told = Told("h", (1, time))
            told.samples = []
            told.histograms = [(histogram, time)]
            var counted = Told("c_total", (5, time))
            counted.exemplars = [([("trace_id", "abc")], 0.5, time - 3)]
            let written = try await receiver.write(
                Self.body([told, counted], message), as: message)
            #expect((written.samples, written.histograms, written.exemplars) == (1, 1, 1))
            let state = sink.state.withLock { $0 }
            #expect(state.histograms[#"h{instance="i",job="j"}"#] == [time: histogram])
            let exemplar = state.exemplars[#"c_total{instance="i",job="j"}"#]?.first
            #expect(exemplar?.labels == ["trace_id": "abc"])
            #expect(exemplar?.value == 0.5 && exemplar?.time?.milliseconds == time - 3)
        }
    }

    @Test func `what is said of families is kept, by either message`() async throws {
        try await receiving { receiver, sink in
            let first = MetricMetadata(type: .counter, unit: "bytes", help: "What left.")
            let body = Messages.first([], families: [("sent_bytes_total", first)])
            _ = try await receiver.write(Snappy.compress(body), as: .first)
            let second = MetricMetadata(type: .histogram, unit: "", help: "How long.")
            var told = Told("took_seconds_bucket", (1, Self.time))
            told.metadata = second
            for _ in 0..<2 { _ = try await receiver.write(Self.body([told], .second), as: .second) }
            let metadata = sink.state.withLock { $0.metadata }
            #expect(metadata == ["sent_bytes_total": first, "took_seconds": second])
        }
    }

    @Test func `the first message is taken whole or not at all`() async throws {
        try await receiving { receiver, sink in
            let series = [
                Told("a", (1, Self.time)), Told("b", (1, Self.now.milliseconds + 700_000)),
            ]
            await #expect(throws: ReceiveError.self) {
                try await receiver.write(Self.body(series, .first), as: .first)
            }
            #expect(sink.state.withLock { $0.samples.isEmpty })
        }
    }

    @Test func `of the second message the good series are kept, and the others named`()
        async throws
    {
        var options = ReceiverOptions()
        options.retention = .hours(1)
        try await receiving(options) { receiver, sink in
            let series = [
                Told("good", (1, Self.time)), Told("young", (1, Self.now.milliseconds + 700_000)),
                Told("old", (1, Self.now.milliseconds - 3_700_000)), Told("silent"),
                Told([("job", "nameless")], (1, Self.time)),
                Told([("__name__", "twice"), ("a", "1"), ("a", "2")], (1, Self.time)),
            ]
            let written = try await receiver.write(Self.body(series, .second), as: .second)
            #expect(written.samples == 1)
            #expect(written.refusals.count == 5)
            for name in ["young", "old", "silent", "nameless", "twice"] {
                #expect(written.refusals.contains { $0.contains(name) }, "\(written.refusals)")
            }
            #expect(sink.state.withLock { $0.samples.count } == 1)
        }
    }

    @Test func `series that a credential may not see are refused`() async throws {
        try await receiving { receiver, sink in
            let mine = try Matcher("job", .equal, "j")
            let series = [
                Told("a", (1, Self.time)),
                Told([("__name__", "b"), ("job", "k")], (1, Self.time)),
            ]
            let written = try await receiver.write(
                Self.body(series, .second), as: .second, only: [mine])
            #expect(written.samples == 1 && written.refusals.count == 1)
            await #expect(throws: ReceiveError.self) {
                try await receiver.write(Self.body(series, .first), as: .first, only: [mine])
            }
            #expect(sink.state.withLock { $0.samples.count } == 1)
        }
    }

    @Test func `nothing is acknowledged that is not kept, and it can be sent again`() async throws {
        try await receiving { receiver, sink in
            let body = Self.body([Told("a", (1, Self.time))], .first)
            sink.state.withLock { $0.refusal = .full(reason: "no room") }
            await #expect(throws: ReceiveError.self) {
                try await receiver.write(body, as: .first)
            }
            sink.state.withLock {
                ($0.refusal, $0.settleRefusal) = (nil, .unavailable(reason: "away"))
            }
            await #expect(throws: ReceiveError.self) {
                try await receiver.write(body, as: .first)
            }
            sink.state.withLock { $0.settleRefusal = nil }
            let written = try await receiver.write(body, as: .first)
            #expect(written.samples == 1)
            #expect(sink.state.withLock { $0.samples.count } == 1)
        }
    }

    @Test func `a series that is silent for long is forgotten, and found again`() async throws {
        var options = ReceiverOptions()
        options.patience = 4
        try await receiving(options) { receiver, sink in
            for round in 0..<12 {
                let name = round == 0 || round == 11 ? "seldom" : "often"
                let body = Self.body([Told(name, (1, Self.time + Int64(round)))], .first)
                _ = try await receiver.write(body, as: .first)
            }
            let state = sink.state.withLock { $0 }
            #expect(state.samples[#"seldom{instance="i",job="j"}"#]?.count == 2)
            #expect(state.samples[#"often{instance="i",job="j"}"#]?.count == 10)
        }
    }

    @Test(arguments: [WriteMessage.first, .second])
    func `a damaged body is an error, whatever is damaged`(_ message: WriteMessage) async throws {
        try await receiving { receiver, sink in
            let whole =
                message == .first
                ? Messages.first([Told("a", (1, Self.time))])
                : Messages.second([Told("a", (1, Self.time))])
            var random = SystemRandomNumberGenerator()
            for _ in 0..<300 {
                var bytes = whole
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = .random(
                        in: .min ... .max, using: &random)
                }
                if Bool.random(using: &random) { bytes.removeLast(.random(in: 1...bytes.count)) }
                // Whatever it says: no crash, and the rules of the seam hold.
                _ = try? await receiver.write(Snappy.compress(bytes), as: message)
            }
            await #expect(throws: ReceiveError.self) {
                try await receiver.write([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2], as: message)
            }
            await #expect(throws: ReceiveError.self) {
                try await receiver.write(Array("hello".utf8), as: message)
            }
        }
    }
}

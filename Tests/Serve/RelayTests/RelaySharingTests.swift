import Compression
import Exposition
import Head
import Model
import Telemetry
import Testing

@testable import Relay

/// What readers share, and what they learn of what is new.
struct RelaySharingTests {
    private static func labels(_ target: Int, _ series: Int) -> Labels {
        [
            "__name__": "m\(series % 7)", "instance": "t\(target)", "n": "\(series)", "job": "j",
        ]
    }

    private func question(_ format: ExpositionFormat = .text004) -> RelayQuestion {
        var question = RelayQuestion(.metrics, format)
        question.takesGzip = true
        return question
    }

    /// Ten targets of 300 series, three seconds apart within half a minute.
    private func farm(_ fixture: Fixture) async throws -> [FixtureTarget] {
        var targets: [FixtureTarget] = []
        let start = fixture.now
        for number in 0..<10 { targets.append(try await FixtureTarget(fixture, "t\(number)")) }
        for tick in 0..<2 {
            for number in targets.indices {
                let time = start + .seconds(Int64(tick * 30 + number * 3))
                try targets[number].tick(time, samples(number, Double(tick)))
            }
        }
        fixture.now = start + .seconds(60)
        return targets
    }

    private func samples(_ target: Int, _ value: Double) -> [(Labels, Double)] {
        (0..<300).map { (Self.labels(target, $0), value) }
    }

    @Test func `a second reader is given what was made for the first`() async throws {
        let fixture = Fixture()
        var targets = try await farm(fixture)
        let first = try fixture.bytes(question())
        let made = fixture.count("weir_relay_segments_made")
        #expect(made > 10)
        #expect(try fixture.bytes(question()) == first)
        #expect(fixture.count("weir_relay_segments_made") == made)
        #expect(fixture.count("weir_relay_segments_shared") == made)
        // One target of ten ticks: of each family, only the segments it stands in are made anew.
        try targets[4].tick(fixture.now, samples(4, 9))
        let third = try fixture.text(question())
        #expect(third.contains(#"m0{instance="t4",job="j",n="0"} 9"#))
        #expect(fixture.count("weir_relay_segments_made") <= made * 1.6)
        #expect(fixture.count("weir_relay_bytes") < 64_000)
    }

    @Test func `whatever changes, a shared body is what a new one would be`() async throws {
        let fixture = Fixture()
        var random = SystemRandomNumberGenerator()
        var targets: [FixtureTarget] = []
        for number in 0..<6 { targets.append(try await FixtureTarget(fixture, "t\(number)")) }
        for step in 0..<16 {
            for target in targets.indices where Bool.random(using: &random) {
                let count = Int.random(in: 0...90, using: &random)
                let series = (0..<200).shuffled(using: &random).prefix(count).sorted()
                try targets[target].tick(
                    fixture.now, series.map { (Self.labels(target % 5, $0), Double(step)) },
                    types: step == 8 ? ["m1": .counter] : ["m\(step % 7)": .gauge])
            }
            fixture.now = fixture.now + .seconds(20)
            fixture.head.sweep()
            for format in [ExpositionFormat.text004, .openMetrics100] {
                let shared = try fixture.bytes(question(format))
                let fresh = Relay(fixture.head, registry: MetricRegistry()) { fixture.now }
                let other = try Fixture.bytes(question(format), fresh)
                #expect(try strictly(shared, format) == strictly(other, format))
                var alone = question(format)
                alone.binding = [Matcher("x", equals: "")]
                #expect(try fixture.bytes(alone).count == shared.count)
            }
        }
    }

    @Test func `who is bound to labels sees theirs alone, and shares nothing`() async throws {
        let fixture = Fixture()
        _ = try await farm(fixture)
        _ = try fixture.bytes(question())
        let shared = fixture.count("weir_relay_segments_shared")
        var bound = question()
        bound.binding = [Matcher("instance", equals: "t3")]
        let lines = try fixture.lines(bound).filter { !$0.hasPrefix("#") }
        #expect(lines.count == 300)
        #expect(lines.allSatisfy { $0.contains(#"instance="t3""#) })
        bound.selectors = [[Matcher("instance", equals: "t4")]]
        #expect(try fixture.text(bound).isEmpty)
        #expect(fixture.count("weir_relay_segments_shared") == shared)
    }

    @Test func `the tag stays until a target says something new`() async throws {
        let fixture = Fixture()
        var targets = try await farm(fixture)
        let tag = try fixture.relay.body(for: question()).tag
        #expect(try fixture.relay.body(for: question()).tag == tag)
        #expect(try fixture.relay.body(for: question(.openMetrics100)).tag != tag)
        var job = question()
        job.selectors = [[Matcher("instance", equals: "t0")]]
        let jobTag = try fixture.relay.body(for: job).tag
        try targets[1].tick(fixture.now, samples(1, 9))
        #expect(try fixture.relay.body(for: question()).tag != tag)
        // Nothing that was asked for has changed.
        #expect(try fixture.relay.body(for: job).tag == jobTag)
    }

    @Test func `since a cursor there is what is new, and what has ended`() async throws {
        let fixture = Fixture()
        var targets = try await farm(fixture)
        let first = try fixture.relay.body(for: question())
        #expect(!first.isPart)
        var since = question()
        since.cursor = first.cursor
        let none = try fixture.relay.body(for: since)
        #expect(none.isPart)
        #expect(none.cursor == first.cursor)
        #expect(try fixture.text(since).isEmpty)
        // Series 0 ends, one tick passes without it, and series 300 is new.
        var next = Array(samples(2, 5).dropFirst())
        try targets[2].tick(fixture.now, next)
        next.append((Self.labels(2, 300), 6))
        fixture.now = fixture.now + .seconds(30)
        try targets[2].tick(fixture.now, next)
        let lines = try fixture.lines(since)
        #expect(lines.contains(#"# STALE m0{instance="t2",job="j",n="0"}"#))
        #expect(lines.contains(#"m6{instance="t2",job="j",n="300"} 6"#))
        #expect(lines.filter { !$0.hasPrefix("#") }.count == 300)
        #expect(lines.filter { $0.hasPrefix("# STALE") }.count == 1)
        since.format = .protobuf
        let read = try strictly(try fixture.bytes(since), .protobuf)
        #expect(read.count == 301)
        #expect(read[Self.labels(2, 0)] == StaleMarker.value.bitPattern)
        // Of a cursor that is not known everything is new.
        since.cursor = "0.1"
        #expect(try fixture.relay.body(for: since).isPart == false)
    }

    @Test func `a reader in the midst of a body goes on when series come and go`() async throws {
        let fixture = Fixture()
        var targets = try await farm(fixture)
        var body = try fixture.relay.body(for: question(.openMetrics100))
        var bytes = try #require(try body.next())
        try targets[2].tick(fixture.now, [(Self.labels(2, 500), 1)])
        fixture.now = fixture.now + .seconds(40)
        fixture.head.sweep()
        _ = try fixture.bytes(question(.openMetrics100))
        while let piece = try body.next() { bytes += piece }
        let text = try unpacked(bytes)
        #expect(text.hasSuffix("# EOF\n"))
        _ = try strictly(Array(text.utf8), .openMetrics100)
    }

    private func unpacked(_ bytes: [UInt8]) throws -> String {
        String(decoding: try inflate(bytes, from: .gzip, limit: 1 << 30), as: UTF8.self)
    }
}

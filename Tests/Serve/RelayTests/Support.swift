import Compression
import Exposition
import Head
import Model
import Telemetry
import Threads

@testable import Relay

/// A head with its relay, at a time that the test sets.
final class Fixture: Sendable {
    let head: Head
    let relay: Relay
    let registry = MetricRegistry()
    private let time = Locked(Timestamp(milliseconds: 1_700_000_000_000))

    init() {
        let time = time
        head = Head(span: .hours(2), registry: MetricRegistry()) { time.withLock { $0 } }
        relay = Relay(head, registry: registry) { time.withLock { $0 } }
    }

    var now: Timestamp {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }

    /// The whole body as text, or as bytes of protobuf.
    func bytes(_ question: RelayQuestion) throws -> [UInt8] { try Self.bytes(question, relay) }

    static func bytes(_ question: RelayQuestion, _ relay: Relay) throws -> [UInt8] {
        var body = try relay.body(for: question)
        var bytes: [UInt8] = []
        while let piece = try body.next() { bytes += piece }
        return body.isPacked ? try inflate(bytes, from: .gzip, limit: 1 << 30) : bytes
    }

    func text(_ question: RelayQuestion) throws -> String {
        String(decoding: try bytes(question), as: UTF8.self)
    }

    func lines(_ question: RelayQuestion) throws -> [String] {
        try text(question).split(separator: "\n").map(String.init)
    }

    /// What the relay's counter `name` says.
    func count(_ name: String) -> Double {
        registry.snapshot().first { $0.name == name }?.lines.first?.value ?? .nan
    }
}

/// A target that says what a test tells it to.
struct FixtureTarget {
    let clock: any SampleClock
    private var numbers: [Labels: UInt32] = [:]
    private var said: [Labels: Double] = [:]

    init(_ fixture: Fixture, _ name: String) async throws {
        clock = try await fixture.head.open(
            ClockKey(kind: .scrape, name: name, place: "http://\(name)/metrics"),
            interval: .seconds(30))
    }

    /// Says `samples` at `time`; what was said before and is not among them ends.
    mutating func tick(
        _ time: Timestamp, _ samples: [(Labels, Double)], types: [String: MetricType] = [:],
        change: (inout SampleBatch, (Labels) -> UInt32) -> Void = { _, _ in }
    ) throws {
        var batch = SampleBatch(time: time)
        let now = Dictionary(samples.map { ($0.0, $0.1) }) { $1 }
        for (labels, value) in samples {
            batch.series.append(number(labels, &batch))
            batch.values.append(value)
        }
        for labels in said.keys where now[labels] == nil {
            batch.series.append(number(labels, &batch))
            batch.values.append(StaleMarker.value)
            batch.retired.append(number(labels, &batch))
        }
        for (family, type) in types.sorted(by: { $0.key < $1.key }) {
            batch.metadata.append(
                FamilyMetadata(family: family, metadata: .init(type: type, help: "H \(family)")))
        }
        var numbers = numbers
        change(&batch) { labels in
            if let known = numbers[labels] { return known }
            numbers[labels] = UInt32(numbers.count)
            return UInt32(numbers.count - 1)
        }
        for new in batch.newSeries { self.numbers[new.labels] = new.number }
        try clock.append(batch)
        said = now
    }

    /// Numbers are never used again here.
    private mutating func number(_ labels: Labels, _ batch: inout SampleBatch) -> UInt32 {
        if said[labels] != nil, let known = numbers[labels] { return known }
        let number = UInt32(numbers.count + ended)
        if numbers[labels] != nil { ended += 1 }
        numbers[labels] = number
        batch.newSeries.append(NewSeries(number: number, labels: labels))
        return number
    }

    private var ended = 0
}

/// A body as the strict rules read it: each series with the bits of its value.
func strictly(_ bytes: [UInt8], _ format: ExpositionFormat) throws -> [Labels: UInt64] {
    var options = ParserOptions()
    options.rules = .strict
    var parser = ScrapeParser(options: options)
    try parser.read(bytes.span, as: format)
    var found: [Labels: UInt64] = [:]
    let labels = Dictionary(
        uniqueKeysWithValues: parser.batch.newSeries.map { ($0.number, $0.labels) })
    for (number, value) in zip(parser.batch.series, parser.batch.values) {
        guard let labels = labels[number] else { continue }
        found[labels] = value.bitPattern
    }
    return found
}

import Exposition
import Model
import TestKit
import Testing

/// Families that were prepared say the same as families that are told anew.
struct WrittenFamilyTests {
    @Test(arguments: ExpositionFormat.allCases, NameEscaping.allCases)
    func `prepared families are written as those told anew`(
        format: ExpositionFormat, escaping: NameEscaping
    ) {
        var prepared = ExpositionWriter(format, escaping: escaping)
        var anew = ExpositionWriter(format, escaping: escaping)
        for family in Self.families {
            let written = prepared.prepare(family)
            #expect(written.count == family.points.count)
            for round in 0..<3 {
                var told = family
                var times: [Int64] = []
                for index in told.points.indices {
                    told.points[index].value = Double(index + 1) * [1, 0.25, 1e9][round]
                    let time = Int64(index / 5 * 1500 + 7)
                    told.points[index].time =
                        round == 0 ? nil : Timestamp(milliseconds: time)
                    times.append(time)
                }
                let values = told.points.map(\.value)
                if round == 0 { times = [] }
                prepared.write(written, values.span, times: times.span)
                anew.write(told)
            }
        }
        #expect(!prepared.bytes.isEmpty)
        guard format == .protobuf else { return #expect(prepared.bytes == anew.bytes) }
        // A count takes eight bytes there, whatever it is.
        var reader = Reader()
        let reading = reader.read(prepared.bytes, format)
        #expect(reading.error == nil && !reading.samples.isEmpty)
        var other = Reader()
        #expect(reading == other.read(anew.bytes, format))
    }

    @Test(
        arguments: [0, 1, 127, 128, 16_384, 0x1p28, 0x1p55 + 8, 0x1p56, 0x1p63, 2.5, -1, .nan]
            as [Double])
    func `a count of any size fits into a prepared message`(count: Double) async throws {
        let points = [
            MetricPoint("_bucket", [Label("le", "+Inf")], 0), MetricPoint("_count", [], 0),
            MetricPoint("_sum", [], 0),
        ]
        var writer = ExpositionWriter(.protobuf)
        let family = writer.prepare(MetricFamily("h", MetricMetadata(type: .histogram), points))
        let values = [count, count, 1.5]
        let times = [Int64](repeating: 1_700_000_000_123, count: 3)
        writer.write(family, values.span, times: times.span)
        var reader = Reader()
        let reading = reader.read(writer.bytes, .protobuf)
        #expect(reading.samples.count == 3)
        for sample in reading.samples {
            let isSum = sample.labels.metric == "h_sum"
            #expect(sample.bits == (isSum ? 1.5 : count).bitPattern)
            #expect(sample.time == times[0])
        }
        let text = try await Protoc.decode(writer.bytes)
        #expect(text.contains("timestamp_ms: 1700000000123"))
        #expect(text.contains("sample_sum: 1.5"))
    }

    @Test func `a sample without a time stands beside one that has it`() {
        var writer = ExpositionWriter(.text004)
        let points = [MetricPoint("", [Label("a", "b")], 0), MetricPoint("", [], 0)]
        let written = writer.prepare(
            MetricFamily("m", MetricMetadata(type: .gauge), points))
        let values = [0.5, -2]
        let times = [ScrapeBatch.noTime, -12]
        writer.write(
            written, values.span, times: times.span)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "# TYPE m gauge\nm{a=\"b\"} 0.5\nm -2 -12\n")
    }

    @Test func `random numbers are written as the shortest that reads back`() {
        var random = SeededRandom(seed: 77)
        var wrong: [String] = []
        for _ in 0..<100_000 {
            let value = Self.number(&random)
            var writer = ExpositionWriter(.text004)
            writer.write(MetricPoint("", [], value), of: "a")
            let text = String(decoding: writer.bytes.dropFirst(2).dropLast(), as: UTF8.self)
            let isSame = Double(text)?.bitPattern == value.bitPattern
            if !isSame || Self.digits(text) != Self.digits(value.description) { wrong.append(text) }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }

    /// The digits of a number, without zeros at either end.
    private static func digits(_ text: String) -> String {
        var digits = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
        while digits.last == "0" { digits.removeLast() }
        return String(digits)
    }

    private static func number(_ random: inout SeededRandom) -> Double {
        let scale = ([1, 10, 100, 1e3, 1e6, 1e9, 1e15, 1e20] as [Double])[Int(random.next() % 8)]
        switch random.next() % 5 {
        case 0:
            let value = Double(bitPattern: random.next())
            return value.isFinite ? value : 0
        case 1: return Double(random.next() % 1_000_000_000) / scale
        case 2: return Double(random.next() % 1_000_000_000_000_000) / scale
        case 3: return Double(random.next()) / scale
        default: return Double(random.next() % 2_000_000) * scale
        }
    }

    private static let families: [MetricFamily] = {
        let labels = [Label("a.b", "c"), Label("path", "x\"\\\ny"), Label("l", long)]
        return [
            MetricFamily(
                "plain", MetricMetadata(type: .gauge, help: "Help\n."),
                [MetricPoint("", labels, 0), MetricPoint("", [], 0)]),
            MetricFamily(
                "t_seconds", MetricMetadata(type: .counter, unit: "seconds", help: long),
                [MetricPoint("_total", labels, 0), MetricPoint("_total", [], 0)]),
            MetricFamily(
                "created", MetricMetadata(type: .counter),
                [MetricPoint("_total", [], 0), MetricPoint("_created", [], 0)]),
            MetricFamily("u.ü", MetricMetadata(type: .unknown), [MetricPoint("", labels, 0)]),
            MetricFamily(
                "h", MetricMetadata(type: .histogram),
                [
                    MetricPoint("_bucket", labels + [Label("le", "+Inf")], 0),
                    MetricPoint("_count", labels, 0), MetricPoint("_sum", labels, 0),
                ]),
        ]
    }()

    /// Longer than one byte of a message's length can say.
    private static let long = String(repeating: "long ", count: 60)
}

import Exposition
import Model
import TestKit
import Testing

/// Protocol Buffers, with protoc as the judge of what bytes mean.
struct MessageTests {
    @Test func `what protoc encodes is read`() async throws {
        let messages = [
            """
            name: "c_total" help: "Help." type: COUNTER
            metric { label { name: "a" value: "b" } counter { value: 17
              exemplar { label { name: "id" value: "x" } value: 0.5
                timestamp { seconds: 12 nanos: 345000000 } } } }
            metric { label { name: "a" value: "ü" } counter { value: 18 } timestamp_ms: 1234 }
            """,
            """
            name: "s" type: SUMMARY metric { summary { sample_count: 3 sample_sum: 4.5
              quantile { quantile: 0.5 value: 1 } quantile { quantile: 1 value: nan } } }
            """,
            """
            name: "h" type: HISTOGRAM unit: "" metric { histogram { sample_count: 6 sample_sum: 4.5
              bucket { cumulative_count: 2 upper_bound: 1 }
              bucket { cumulative_count: 6 upper_bound: 2.5 } } }
            """,
        ]
        var body: [UInt8] = []
        for message in messages { body += try await Protoc.encode(message) }
        var reader = Reader()
        for size in [body.count, 1, 13] {
            let reading = reader.read(body, .protobuf, pieces: size)
            #expect(reading.error == nil)
            #expect(reading[#"{__name__="c_total", a="b"}"#] == 17)
            #expect(reading[#"{__name__="c_total", a="ü"}"#] == 18)
            #expect(reading.samples[1].time == 1234)
            #expect(reading[#"{__name__="s_count"}"#] == 3)
            #expect(reading[#"{__name__="s", quantile="0.5"}"#] == 1)
            #expect(reading[#"{__name__="s", quantile="1.0"}"#]?.isNaN == true)
            #expect(reading[#"{__name__="h_bucket", le="1.0"}"#] == 2)
            #expect(reading[#"{__name__="h_bucket", le="2.5"}"#] == 6)
            #expect(reading[#"{__name__="h_bucket", le="+Inf"}"#] == 6)
            #expect(reading[#"{__name__="h_sum"}"#] == 4.5)
            #expect(reading.samples.count == 11)
            #expect(reading.exemplars.map(\.time) == [Timestamp(milliseconds: 12_345)])
        }
        #expect(reader.metadata["c_total"] == MetricMetadata(type: .counter, help: "Help."))
        let facts = reader.facts
        #expect(facts.isSameLayout && facts.newSeries.isEmpty)
    }

    @Test func `native histograms are read whole, and classic ones beside them if wanted`()
        async throws
    {
        let body = try await Protoc.encode(
            """
            name: "n" type: HISTOGRAM metric { label { name: "x" value: "y" } histogram {
              sample_count: 10 sample_sum: 5.5 schema: 3 zero_threshold: 1e-9 zero_count: 2
              positive_span { offset: -2 length: 2 } positive_span { offset: 1 length: 1 }
              positive_delta: 1 positive_delta: 2 positive_delta: -1
              negative_span { offset: 0 length: 1 } negative_delta: 4
              bucket { cumulative_count: 10 upper_bound: 1 } } }
            """)
        var parser = ScrapeParser()
        try parser.read(body.span, as: .protobuf)
        let histogram = try #require(parser.batch.histograms.first?.histogram)
        var expected = NativeHistogram()
        expected.schema = 3
        expected.zeroThreshold = 1e-9
        expected.zeroCount = 2
        expected.count = 10
        expected.sum = 5.5
        expected.positiveSpans = [.init(offset: -2, length: 2), .init(offset: 1, length: 1)]
        expected.positive = .deltas([1, 2, -1])
        expected.negativeSpans = [.init(offset: 0, length: 1)]
        expected.negative = .deltas([4])
        #expect(histogram == expected)
        let samples = parser.batch.count
        #expect(samples == 0)
        var options = ParserOptions()
        options.keepsClassicHistograms = true
        var both = Reader(options)
        #expect(both.read(body, .protobuf).samples.count == 4)
        options.readsNativeHistograms = false
        var classic = Reader(options)
        let reading = classic.read(body, .protobuf)
        #expect(reading.histograms.isEmpty && reading.samples.count == 4)
    }

    @Test func `what is written is what protoc decodes`() async throws {
        var writer = ExpositionWriter(.protobuf)
        let labels = [Label("a", "b")]
        writer.write(
            MetricFamily(
                "h", MetricMetadata(type: .histogram, help: "Help."),
                [
                    MetricPoint("_bucket", labels + [Label("le", "0.5")], 2),
                    MetricPoint("_bucket", labels + [Label("le", "+Inf")], 3),
                    MetricPoint("_count", labels, 3), MetricPoint("_sum", labels, 1.25),
                ]))
        let text = try await Protoc.decode(writer.bytes)
        for part in [
            "name: \"h\"", "help: \"Help.\"", "type: HISTOGRAM", "sample_count: 3",
            "sample_sum: 1.25", "cumulative_count: 2", "upper_bound: 0.5", "upper_bound: inf",
            "value: \"b\"",
        ] {
            #expect(text.contains(part), "\(text)")
        }
    }

    @Test(
        arguments: [
            ([0x05, 0x0a, 0x01], "byte 3: expected more of a message; it was cut off"),
            ([0x02, 0x0a, 0x05, 0x61], "byte 1: expected a field of a metric family"),
            ([0x02, 0x22, 0x00], "byte 1: expected the family's name before its metrics"),
            ([0x03, 0x0a, 0x01, 0xff], "byte 1: expected UTF-8 text"),
            (
                [0x05, 0x0a, 0x01, 0x61, 0x18, 0x09],
                "byte 4: expected a metric type in front of metrics"
            ),
        ] as [([UInt8], String)])
    func `bytes that are no message are refused with their place`(body: [UInt8], text: String) {
        var reader = Reader()
        #expect(reader.read(body, .protobuf).error.map { "\($0)" } == text)
    }
}

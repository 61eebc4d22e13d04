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

/// The compiler of Protocol Buffers, which also turns messages into text and back.
private enum Protoc {
    static func encode(_ text: String) async throws -> [UInt8] {
        let bytes = try await run("--encode", Array(text.utf8))
        var length: [UInt8] = []
        var rest = bytes.count
        while rest > 0x7f {
            length.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }

    static func decode(_ framed: [UInt8]) async throws -> String {
        let message = Array(framed.drop { $0 >= 0x80 }.dropFirst())
        return String(decoding: try await run("--decode", message), as: UTF8.self)
    }

    private static func run(_ mode: String, _ input: [UInt8]) async throws -> [UInt8] {
        let folder = try TemporaryFolder("protoc")
        try folder.write(schema, to: "m.proto")
        let list = input.map { "\\0" + String($0, radix: 8) }.joined()
        try folder.write(list, to: "in")
        let outcome = try await ChildProcess.run([
            "sh", "-c",
            """
            cd \(folder.path) && printf '%b' "$(cat in)" \
            | protoc \(mode)=io.prometheus.client.MetricFamily m.proto > out
            """,
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try Files.bytes(folder.file("out"))
    }

    /// The fields of the format, by their public numbers.
    private static let schema = """
        syntax = "proto2";
        package io.prometheus.client;
        message LabelPair { optional string name = 1; optional string value = 2; }
        enum MetricType {
          COUNTER = 0; GAUGE = 1; SUMMARY = 2; UNTYPED = 3; HISTOGRAM = 4; GAUGE_HISTOGRAM = 5;
        }
        message Time { optional int64 seconds = 1; optional int32 nanos = 2; }
        message Exemplar {
          repeated LabelPair label = 1; optional double value = 2; optional Time timestamp = 3;
        }
        message Gauge { optional double value = 1; }
        message Counter { optional double value = 1; optional Exemplar exemplar = 2; }
        message Quantile { optional double quantile = 1; optional double value = 2; }
        message Summary {
          optional uint64 sample_count = 1; optional double sample_sum = 2;
          repeated Quantile quantile = 3;
        }
        message Untyped { optional double value = 1; }
        message Bucket {
          optional uint64 cumulative_count = 1; optional double upper_bound = 2;
          optional Exemplar exemplar = 3; optional double cumulative_count_float = 4;
        }
        message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
        message Histogram {
          optional uint64 sample_count = 1; optional double sample_sum = 2;
          repeated Bucket bucket = 3; optional double sample_count_float = 4;
          optional sint32 schema = 5; optional double zero_threshold = 6;
          optional uint64 zero_count = 7; optional double zero_count_float = 8;
          repeated BucketSpan negative_span = 9; repeated sint64 negative_delta = 10;
          repeated double negative_count = 11; repeated BucketSpan positive_span = 12;
          repeated sint64 positive_delta = 13 [packed = true];
          repeated double positive_count = 14 [packed = true];
          repeated Exemplar exemplars = 16;
        }
        message Metric {
          repeated LabelPair label = 1; optional Gauge gauge = 2; optional Counter counter = 3;
          optional Summary summary = 4; optional Untyped untyped = 5;
          optional int64 timestamp_ms = 6; optional Histogram histogram = 7;
        }
        message MetricFamily {
          optional string name = 1; optional string help = 2; optional MetricType type = 3;
          repeated Metric metric = 4; optional string unit = 5;
        }
        """
}

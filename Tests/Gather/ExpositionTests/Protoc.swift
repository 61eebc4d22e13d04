import TestKit
import Testing

/// The compiler of Protocol Buffers, which also turns messages into text and back.
enum Protoc {
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

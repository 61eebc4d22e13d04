import Exposition
import Model
import TestKit
import Testing

/// Native histograms: written, read back, told when they vanish, and left out where there is no
/// room for them.
struct NativeHistogramTests {
    @Test(arguments: 0..<60)
    func `native histograms that are written read back as they were`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed) &* 131 &+ 7)
        let isGauge = seed % 3 == 0
        let labels = (0..<4).map { [Label("n", "\($0)"), Label("a.b", "ü")] }
        let points = labels.map { labels in
            let time = random.next() % 2 == 0 ? nil : Timestamp(milliseconds: 1_700_000_000_123)
            let exemplars = (0..<Int(random.next() % 3)).map {
                PointExemplar([Label("id", "\($0)")], Double($0), time: Timestamp(milliseconds: 5))
            }
            return MetricPoint(
                labels, Self.histogram(&random, isGauge: isGauge), time: time, exemplars: exemplars)
        }
        let type = isGauge ? MetricType.gaugehistogram : .histogram
        var writer = ExpositionWriter(.protobuf)
        writer.write(MetricFamily("latency", MetricMetadata(type: type, help: "Help."), points))
        var parser = ScrapeParser()
        try parser.read(writer.bytes.span, as: .protobuf)
        let histograms = parser.batch.histograms
        #expect(histograms.map(\.histogram) == points.map { $0.histogram })
        #expect(histograms.map(\.time) == points.map(\.time))
        let named = parser.batch.newSeries.map(\.labels)
        #expect(named == labels.map { Labels($0 + [Label("__name__", "latency")]) })
        let exemplars = parser.batch.exemplars.map(\.value)
        #expect(exemplars == points.flatMap { $0.exemplars.map(\.value) })
        let others = parser.batch.count
        #expect(others == 0)
    }

    @Test func `a classic form beside the native one is one metric with it`() {
        var options = ParserOptions()
        options.keepsClassicHistograms = true
        var random = SeededRandom(seed: 5)
        var histogram = Self.histogram(&random, isGauge: false)
        histogram.count = 7
        histogram.sum = 1.5
        let points = [
            MetricPoint([], histogram), MetricPoint("_bucket", [Label("le", "+Inf")], 7),
            MetricPoint("_count", [], 7), MetricPoint("_sum", [], 1.5),
        ]
        var writer = ExpositionWriter(.protobuf)
        writer.write(MetricFamily("h", MetricMetadata(type: .histogram), points))
        var reader = Reader(options)
        let reading = reader.read(writer.bytes, .protobuf)
        #expect(reading.histograms.count == 1)
        #expect(reading.samples.count == 3)
        #expect(reading[#"{__name__="h_count"}"#] == 7)
        #expect(reading[#"{__name__="h_sum"}"#] == 1.5)
        #expect(reading[#"{__name__="h_bucket", le="+Inf"}"#] == 7)
    }

    @Test(arguments: [ExpositionFormat.text004, .openMetrics100])
    func `text has no room for a native histogram`(format: ExpositionFormat) {
        var random = SeededRandom(seed: 9)
        let native = MetricPoint([], Self.histogram(&random, isGauge: false))
        let metadata = MetricMetadata(type: .histogram)
        var writer = ExpositionWriter(format)
        writer.write(MetricFamily("only_native", metadata, [native]))
        #expect(writer.bytes.isEmpty)
        writer.write(
            MetricFamily("both", metadata, [native, MetricPoint("_count", [], 7)]))
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text.hasSuffix("# TYPE both histogram\nboth_count 7\n"))
    }

    @Test(arguments: ExpositionFormat.allCases)
    func `a histogram with bounds of its own is written as classic buckets`(
        format: ExpositionFormat
    ) {
        var histogram = NativeHistogram()
        histogram.schema = NativeHistogram.customSchema
        histogram.customBounds = [0.5, 1, 2.5]
        histogram.positiveSpans = [.init(offset: 0, length: 1), .init(offset: 1, length: 2)]
        histogram.positive = .deltas([2, 1, -2])
        histogram.count = 6
        histogram.sum = 9.25
        let exemplar = PointExemplar([Label("id", "x")], 2, time: Timestamp(milliseconds: 1000))
        var writer = ExpositionWriter(format)
        writer.write(
            MetricFamily(
                "h", MetricMetadata(type: .histogram),
                [MetricPoint([Label("a", "b")], histogram, exemplars: [exemplar])]))
        writer.finish()
        var reader = Reader()
        let reading = reader.read(writer.bytes, format)
        for (bound, count) in [("0.5", 2), ("1.0", 2), ("2.5", 5), ("+Inf", 6)]
            as [(String, Double)]
        {
            #expect(reading[#"{__name__="h_bucket", a="b", le="\#(bound)"}"#] == count)
        }
        #expect(reading[#"{__name__="h_count", a="b"}"#] == 6)
        #expect(reading[#"{__name__="h_sum", a="b"}"#] == 9.25)
        #expect(reading.samples.count == 6)
        let hasRoom = format == .protobuf || format.isOpenMetrics
        #expect(reading.exemplars.map(\.labels) == (hasRoom ? [Self.bucket] : []))
    }

    private static let bucket: Labels = ["__name__": "h_bucket", "a": "b", "le": "2.5"]

    @Test func `a native histogram that vanishes is told like any other series`() {
        var random = SeededRandom(seed: 3)
        let points = (0..<2).map {
            MetricPoint([Label("n", "\($0)")], Self.histogram(&random, isGauge: false))
        }
        func body(_ points: [MetricPoint]) -> [UInt8] {
            var writer = ExpositionWriter(.protobuf)
            writer.write(MetricFamily("h", MetricMetadata(type: .histogram), points))
            writer.write(MetricFamily("g", MetricMetadata(type: .gauge), [MetricPoint("", [], 1)]))
            return writer.bytes
        }
        var reader = Reader()
        #expect(reader.read(body(points), .protobuf).histograms.count == 2)
        let numbers = reader.facts.newSeries.map(\.number)
        _ = reader.read(body([points[1]]), .protobuf)
        #expect(reader.facts.gone == [numbers[0]])
        _ = reader.read(body(points), .protobuf)
        #expect(reader.facts.gone.isEmpty && reader.facts.newSeries.isEmpty)
        _ = reader.read("g 1\n")
        #expect(reader.facts.gone.sorted() == numbers.sorted())
    }

    @Test(
        arguments: [
            ("schema: 9 positive_span { length: 1 } positive_delta: 1", "schema from -4 to 8"),
            ("positive_span { length: 2 } positive_delta: 1", "one count for each bucket"),
            ("positive_span { length: 1 } positive_delta: -1", "one count for each bucket"),
            (
                "negative_span { length: 1 } negative_span { offset: -1 length: 1 } "
                    + "negative_delta: 1 negative_delta: 1", "one count for each bucket"
            ),
            (
                "sample_count_float: 1.5 positive_span { length: 1 } positive_delta: 1",
                "one count for each bucket"
            ),
        ])
    func `a native histogram that contradicts itself is refused`(
        fields: String, reason: String
    ) async throws {
        let body = try await Protoc.encode(
            "name: \"h\" type: HISTOGRAM metric { histogram { sample_count: 1 \(fields) } }")
        var reader = Reader()
        let error = try #require(reader.read(body, .protobuf).error)
        #expect("\(error)".contains(reason), "\(error)")
    }

    @Test func `without exemplars of its own a native histogram has those of its buckets`()
        async throws
    {
        let body = try await Protoc.encode(
            """
            name: "h" type: HISTOGRAM metric { histogram { sample_count: 1 sample_sum: 1
              positive_span { length: 0 } zero_threshold: 0.1
              bucket { cumulative_count: 1 upper_bound: 1
                exemplar { value: 0.5 timestamp { seconds: 1 } } }
              bucket { cumulative_count: 1 upper_bound: 2 exemplar { value: 1.5 } } } }
            """)
        var reader = Reader()
        let reading = reader.read(body, .protobuf)
        #expect(reading.exemplars.map { Double(bitPattern: $0.bits) } == [0.5])
        #expect(reading.histograms.count == 1)
    }

    /// A histogram of whole counts or of others, in the form in which it is read.
    private static func histogram(
        _ random: inout SeededRandom, isGauge: Bool
    ) -> NativeHistogram {
        var histogram = NativeHistogram()
        let isFloat = random.next() % 2 == 0
        histogram.isGauge = isGauge
        histogram.schema = Int32(random.next() % 13) - 4
        histogram.zeroThreshold = random.next() % 2 == 0 ? 0 : 1e-9
        histogram.zeroCount = Double(random.next() % 5) + (isFloat ? 0.5 : 0)
        histogram.sum = Double(random.next() % 10_000) / 7 - 100
        (histogram.positiveSpans, histogram.positive) = side(&random, isFloat: isFloat)
        (histogram.negativeSpans, histogram.negative) = side(&random, isFloat: isFloat)
        histogram.count = Double(random.next() % 100_000 + 1) + (isFloat ? 0.25 : 0)
        return histogram
    }

    private static func side(
        _ random: inout SeededRandom, isFloat: Bool
    ) -> ([NativeHistogram.Span], NativeHistogram.Buckets) {
        let spans = (0..<Int(random.next() % 3)).map {
            NativeHistogram.Span(
                offset: Int32(random.next() % 9) - ($0 == 0 ? 4 : 0),
                length: UInt32(random.next() % 4 + 1))
        }
        let counts = (0..<spans.reduce(0) { $0 + Int($1.length) }).map { _ in
            Int64(random.next() % 1_000_000)
        }
        if isFloat { return (spans, .counts(counts.map { Double($0) / 4 })) }
        let before = [0] + counts.dropLast()
        return (spans, .deltas(counts.isEmpty ? [] : zip(counts, before).map { $0 - $1 }))
    }
}

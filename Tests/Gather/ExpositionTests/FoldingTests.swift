import Exposition
import Model
import Testing

/// Classic histograms that become native ones with buckets of their own.
struct FoldingTests {
    private static let body = """
        # TYPE latency histogram
        latency_bucket{a="b",le="0.5"} 1
        latency_bucket{a="b",le="1"} 1
        latency_bucket{a="b",le="2.5"} 4
        latency_bucket{a="b",le="+Inf"} 6
        latency_sum{a="b"} 7.5
        latency_count{a="b"} 6
        # TYPE other gauge
        other_bucket{le="1"} 3

        """

    private func parser(keepsClassic: Bool = false) -> ScrapeParser {
        var options = ParserOptions()
        options.convertsClassicHistograms = true
        options.keepsClassicHistograms = keepsClassic
        return ScrapeParser(options: options)
    }

    @Test func `a classic histogram becomes one series with the bounds of its buckets`() throws {
        var parser = parser()
        try parser.read(Self.body.utf8Span.span, as: .text004)
        let told = parser.batch.newSeries.map(\.labels.description)
        #expect(told == [#"{__name__="latency", a="b"}"#, #"{__name__="other_bucket", le="1"}"#])
        let folded = parser.batch.folded.count
        #expect(folded == 6)
        let sample = try #require(parser.batch.histograms.first)
        #expect(sample.series == parser.batch.newSeries.first?.number)
        #expect(sample.histogram.schema == NativeHistogram.customSchema)
        #expect(sample.histogram.customBounds == [0.5, 1, 2.5])
        #expect(sample.histogram.positiveSpans == [.init(offset: 0, length: 4)])
        #expect(sample.histogram.positive == .deltas([1, -1, 3, -1]))
        #expect(sample.histogram.count == 6 && sample.histogram.sum == 7.5)
    }

    @Test func `a body that repeats tells it again, and one without it tells that it is gone`()
        throws
    {
        var parser = parser()
        try parser.read(Self.body.utf8Span.span, as: .text004)
        let number = parser.batch.histograms.first?.series
        let changed = Self.body.replacing("} 6", with: "} 9").replacing("7.5", with: "11")
        for text in [Self.body, changed, Self.body] {
            try parser.read(text.utf8Span.span, as: .text004)
            let histograms = parser.batch.histograms
            #expect(histograms.map(\.series) == [number])
            #expect(histograms.first?.histogram.count == (text == changed ? 9 : 6))
            #expect(parser.batch.newSeries.isEmpty && parser.batch.folded.isEmpty)
        }
        try parser.read("other_bucket{le=\"1\"} 3\n".utf8Span.span, as: .text004)
        #expect(parser.batch.histograms.isEmpty)
        let gone = parser.batch.gone
        #expect(gone.contains(try #require(number)))
    }

    @Test func `the classic form stays beside it where that is asked for`() throws {
        var parser = parser(keepsClassic: true)
        try parser.read(Self.body.utf8Span.span, as: .text004)
        #expect(parser.batch.folded.isEmpty)
        let (told, histograms) = (parser.batch.newSeries.count, parser.batch.histograms.count)
        #expect(told == 8 && histograms == 1)
    }

    @Test func `an exemplar of a bucket is the histogram's`() throws {
        var parser = parser()
        let body = """
            # TYPE h histogram
            h_bucket{le="1.0"} 1 # {id="x"} 0.5 12.5
            h_bucket{le="+Inf"} 1
            h_count 1
            h_sum 0.5
            # EOF

            """
        try parser.read(body.utf8Span.span, as: .openMetrics100)
        let exemplars = parser.batch.exemplars
        #expect(exemplars.map(\.series) == parser.batch.histograms.map(\.series))
        #expect(exemplars.first?.value == 0.5)
    }

    @Test(
        arguments: [
            ("falling", "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\nh_count 2\n"),
            ("below zero", "h_bucket{le=\"1\"} -1\nh_count 1\n"),
            ("another count", "h_bucket{le=\"+Inf\"} 2\nh_count 3\n"),
            ("only a sum", "h_sum 3\n"),
        ])
    func `samples that contradict each other are no histogram`(name: String, lines: String) throws {
        var parser = parser()
        try parser.read("# TYPE h histogram\n\(lines)".utf8Span.span, as: .text004)
        #expect(parser.batch.histograms.isEmpty, "\(name)")
    }

    @Test(
        arguments: [
            ("no +Inf", "h_bucket{le=\"1\"} 2\nh_count 3\n", [1], 3),
            ("no count", "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 5\n", [1, 2], 5),
            ("out of order", "h_bucket{le=\"2\"} 5\nh_bucket{le=\"1\"} 2\nh_count 5\n", [1, 2], 5),
            ("twice", "h_bucket{le=\"1\"} 2\nh_bucket{le=\"1.0\"} 9\nh_count 3\n", [1], 3),
            ("not whole", "h_bucket{le=\"1\"} 2.5\nh_count 3.5\n", [1], 3.5),
        ] as [(String, String, [Double], Double)])
    func `what is missing is found out`(
        name: String, lines: String, bounds: [Double], count: Double
    ) throws {
        var parser = parser()
        try parser.read("# TYPE h histogram\n\(lines)".utf8Span.span, as: .text004)
        let histogram = try #require(parser.batch.histograms.first?.histogram, "\(name)")
        #expect(histogram.customBounds == bounds && histogram.count == count, "\(name)")
        if name == "not whole" { #expect(histogram.positive == .counts([2.5, 1])) }
    }

    @Test func `long runs of empty buckets are left out`() throws {
        var parser = parser()
        let counts = [0, 1, 1, 1, 2, 2, 2, 2, 5, 5]
        let lines = counts.enumerated().map { "h_bucket{le=\"\($0 + 1)\"} \($1)\n" }.joined()
        try parser.read("# TYPE h histogram\n\(lines)h_count 5\n".utf8Span.span, as: .text004)
        let histogram = try #require(parser.batch.histograms.first?.histogram)
        // Two empty ones between are kept, three are not.
        #expect(
            histogram.positiveSpans == [.init(offset: 1, length: 4), .init(offset: 3, length: 1)])
        #expect(histogram.positive == .deltas([1, -1, 0, 1, 2]))
    }

    @Test func `a message's classic histogram is folded too, unless it is native already`()
        async throws
    {
        let body = try await Protoc.encode(
            """
            name: "c" type: HISTOGRAM metric { histogram { sample_count: 3 sample_sum: 1
              bucket { cumulative_count: 2 upper_bound: 1 } } }
            """)
        var parser = parser(keepsClassic: true)
        try parser.read(body.span, as: .protobuf)
        let schemas = parser.batch.histograms.map(\.histogram.schema)
        #expect(schemas == [NativeHistogram.customSchema])
        let both = try await Protoc.encode(
            """
            name: "n" type: HISTOGRAM metric { histogram { sample_count: 3 sample_sum: 1
              schema: 3 zero_threshold: 0.1 positive_span { length: 1 } positive_delta: 3
              bucket { cumulative_count: 2 upper_bound: 1 } } }
            """)
        try parser.read(both.span, as: .protobuf)
        let others = parser.batch.histograms.map(\.histogram.schema)
        #expect(others == [3])
    }
}

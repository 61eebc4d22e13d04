import Exposition
import Model
import Testing

@testable import Scraping

struct HistogramRulesTests {
    private func rules(_ lines: String) throws -> HistogramRules {
        HistogramRules(try Configured.job(lines))
    }

    /// Eight buckets of one observation each above zero, from index `first` on, in schema 3.
    private func histogram(from first: Int32 = 1) -> NativeHistogram {
        var histogram = NativeHistogram()
        histogram.schema = 3
        histogram.count = 8
        histogram.positiveSpans = [.init(offset: first, length: 8)]
        histogram.positive = .deltas([1, 0, 0, 0, 0, 0, 0, 0])
        return histogram
    }

    @Test(
        arguments: [
            (0, 8), (1, 8), (1.002, 8), (1.00271, 8), (1.1, 2), (1.18, 2), (1.19, 1), (1.5, 0),
            (2, 0), (4, -1), (65536, -4), (1e9, -4),
        ] as [(Double, Int32)])
    func `the least growth decides the finest schema, as in Prometheus`(
        factor: Double, schema: Int32
    ) {
        #expect(HistogramRules.schema(growingBy: factor) == schema)
    }

    @Test func `without rules a histogram is kept as it is`() throws {
        #expect(try rules("").apply(to: histogram()) == histogram())
    }

    @Test func `buckets are merged by whole powers`() throws {
        let merged = try rules("native_histogram_min_bucket_factor: 1.5").apply(to: histogram())
        // 2^3 buckets of schema 3 make one of schema 0: (1, 2].
        #expect(merged.schema == 0)
        #expect(merged.positiveSpans == [.init(offset: 1, length: 1)])
        #expect(merged.positive == .deltas([8]))
        let shifted = try rules("native_histogram_min_bucket_factor: 1.5")
            .apply(to: histogram(from: -3))
        #expect(shifted.positiveSpans == [.init(offset: 0, length: 2)])
        #expect(shifted.positive == .deltas([4, 0]))
    }

    @Test func `too many buckets make it coarser until they fit, below zero too`() throws {
        var histogram = histogram()
        histogram.negativeSpans = [.init(offset: 0, length: 1), .init(offset: 30, length: 1)]
        histogram.negative = .counts([2.5, 1])
        let merged = try rules("native_histogram_bucket_limit: 4").apply(to: histogram)
        #expect(merged.schema == 1)
        #expect(merged.positiveSpans == [.init(offset: 1, length: 2)])
        #expect(merged.positive == .deltas([4, 0]))
        #expect(merged.negativeSpans == [.init(offset: 0, length: 1), .init(offset: 7, length: 1)])
        #expect(merged.negative == .counts([2.5, 1]))
        #expect(throws: ScrapeError.bucketLimit) {
            var wide = histogram
            wide.negativeSpans = [.init(offset: 0, length: 1), .init(offset: 3000, length: 1)]
            _ = try self.rules("native_histogram_bucket_limit: 1").apply(to: wide)
        }
    }

    @Test func `buckets with bounds of their own cannot be merged`() throws {
        var histogram = NativeHistogram()
        histogram.schema = NativeHistogram.customSchema
        histogram.customBounds = [1, 2]
        histogram.positiveSpans = [.init(offset: 0, length: 3)]
        histogram.positive = .deltas([1, 1, 1])
        let coarse = try rules("native_histogram_min_bucket_factor: 8")
        #expect(try coarse.apply(to: histogram) == histogram)
        #expect(throws: ScrapeError.bucketLimit) {
            _ = try self.rules("native_histogram_bucket_limit: 2").apply(to: histogram)
        }
    }

    private static let body = """
        # TYPE latency histogram
        latency_bucket{le="1"} 1
        latency_bucket{le="2"} 4
        latency_bucket{le="+Inf"} 6
        latency_sum 7.5
        latency_count 6
        plain 1

        """
    private static func metric(_ name: String) -> String {
        #"{__name__="\#(name)", instance="i", job="j"}"#
    }

    @Test func `a folded histogram is one sample, goes through relabeling and ends as others do`()
        throws
    {
        var bench = try SeriesBench(
            """
            convert_classic_histograms_to_nhcb: true
            metric_relabel_configs: [{source_labels: [__name__], regex: latency, target_label: x, replacement: y}]
            """)
        #expect(try bench.scrape(Self.body).get().scraped == 2)
        #expect(try bench.scrape(Self.body).get().added == 0)
        bench.scrape("plain 1\n")
        let series = #"{__name__="latency", instance="i", job="j", x="y"}"#
        #expect(bench.values(series) == [nil])
        let batches = bench.sink.batches
        #expect(batches.map(\.histograms.count) == [1, 1, 0])
        #expect(batches[0].histograms[0].histogram.count == 6)
        #expect(batches[0].histograms[0].series == batches[1].histograms[0].series)
        #expect(bench.values(Self.metric("scrape_samples_scraped")) == [2, 2, 1])
        #expect(bench.values(Self.metric("scrape_samples_post_metric_relabeling")) == [2, 2, 1])
        #expect(bench.values(Self.metric("latency_count")) == [])
        #expect(bench.sink.faults == [])
    }

    @Test func `with the classic form beside it all samples are kept`() throws {
        var bench = try SeriesBench(
            "convert_classic_histograms_to_nhcb: true\nalways_scrape_classic_histograms: true")
        #expect(try bench.scrape(Self.body).get().scraped == 7)
        #expect(bench.values(Self.metric("latency_count")) == [6])
        #expect(bench.sink.batches[0].histograms.count == 1)
        #expect(bench.sink.faults == [])
    }

    @Test func `a histogram over the bucket limit fails the scrape`() throws {
        var bench = try SeriesBench(
            "convert_classic_histograms_to_nhcb: true\nnative_histogram_bucket_limit: 2")
        let result = bench.scrape(Self.body)
        #expect(result == .failure(.bucketLimit))
        #expect(bench.values(Self.metric("up")) == [0])
        #expect(bench.values(Self.metric("scrape_samples_scraped")) == [2])
        #expect(bench.sink.batches.allSatisfy { $0.histograms.isEmpty })
        // Few enough, once there are fewer.
        let fewer = Self.body.replacing("latency_bucket{le=\"2\"} 4\n", with: "")
        #expect(throws: Never.self) { try bench.scrape(fewer).get() }
        #expect(bench.sink.faults == [])
    }
}

import Exposition
import Model
import Testing
import Threads

@testable import Scraping

struct TargetSeriesTests {
    private static let up = #"{__name__="up", instance="i", job="j"}"#
    private static func metric(_ name: String) -> String {
        #"{__name__="\#(name)", instance="i", job="j"}"#
    }

    @Test func `a scrape yields its samples with the target's labels, and its report`() throws {
        var bench = try SeriesBench()
        let counts = try bench.scrape("a 1\nb{x=\"y\"} 2\n").get()
        #expect(counts.scraped == 2 && counts.kept == 2 && counts.added == 2)
        #expect(bench.values(Self.metric("a")) == [1])
        #expect(bench.values(#"{__name__="b", instance="i", job="j", x="y"}"#) == [2])
        #expect(bench.values(Self.up) == [1])
        #expect(bench.values(Self.metric("scrape_samples_scraped")) == [2])
        #expect(bench.values(Self.metric("scrape_samples_post_metric_relabeling")) == [2])
        #expect(bench.values(Self.metric("scrape_series_added")) == [2])
        #expect(bench.values(Self.metric("scrape_duration_seconds")).count == 1)
        #expect(bench.sink.names.count == 7)
        #expect(bench.sink.faults == [])
    }

    @Test func `a scrape like the one before says so and tells nothing anew`() throws {
        var bench = try SeriesBench()
        for value in 1...4 { bench.scrape("a \(value)\nb \(value * 2)\n") }
        #expect(bench.sink.batches.map(\.isSameLayout) == [false, true, true, true])
        #expect(bench.sink.batches.map(\.newSeries.count) == [7, 0, 0, 0])
        #expect(bench.values(Self.metric("b")) == [2, 4, 6, 8])
        #expect(bench.values(Self.metric("scrape_series_added")) == [2, 0, 0, 0])
        #expect(bench.sink.faults == [])
    }

    @Test func `a series that is gone gets one stale marker`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\nb 1\n")
        bench.scrape("a 2\n")
        bench.scrape("a 3\n")
        bench.scrape("a 4\nb 4\n")
        #expect(bench.values(Self.metric("b")) == [1, nil, 4])
        #expect(bench.values(Self.metric("a")) == [1, 2, 3, 4])
        #expect(bench.values(Self.metric("scrape_series_added")) == [2, 0, 0, 1])
        #expect(
            bench.sink.samples(Self.metric("b")).map(\.time) == [1_001_000, 1_002_000, 1_004_000])
        #expect(bench.sink.faults == [])
    }

    @Test func `a failed scrape marks all series as stale once, and writes its report`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\nb 1\n")
        bench.scrape(nil)
        bench.scrape(nil)
        bench.scrape("a 4\nb 4\n")
        bench.scrape("a 5\nb 5\n")
        #expect(bench.values(Self.metric("a")) == [1, nil, 4, 5])
        #expect(bench.values(Self.up) == [1, 0, 0, 1, 1])
        #expect(bench.values(Self.metric("scrape_series_added")) == [2, 0, 0, 0, 0])
        #expect(bench.sink.batches.map(\.isSameLayout) == [false, false, false, false, true])
        #expect(bench.sink.faults == [])
    }

    @Test(arguments: ["a 2\nb bad\n", "a 2\n{} 1\n", "a{ 1\n"])
    func `a body with one bad line is not kept at all`(body: String) throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\nb 1\n")
        #expect(throws: ScrapeError.self) { try bench.scrape(body).get() }
        bench.scrape("a 3\nb 3\n")
        #expect(bench.values(Self.metric("a")) == [1, nil, 3])
        #expect(bench.values(Self.metric("b")) == [1, nil, 3])
        #expect(bench.values(Self.up) == [1, 0, 1])
        #expect(bench.sink.faults == [])
    }

    @Test func `what is new in a bad body is told with the next good one`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\n")
        bench.scrape("a 2\nnew 2\nbad\n")
        bench.scrape("a 3\nnew 3\n")
        #expect(bench.values(Self.metric("new")) == [3])
        #expect(bench.sink.faults == [])
    }

    @Test func `a format that changes keeps the series`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\nb 1\n")
        bench.scrape("a 2.0\nb 2.0\n# EOF\n", .openMetrics100)
        bench.scrape("a 3\nc 3\n")
        #expect(bench.values(Self.metric("a")) == [1, 2, 3])
        #expect(bench.values(Self.metric("b")) == [1, 2, nil])
        #expect(bench.values(Self.metric("scrape_series_added")) == [2, 0, 1])
        #expect(bench.sink.batches.map(\.newSeries.count) == [7, 0, 1])
        #expect(bench.sink.faults == [])
    }

    @Test func `series that come and go give their numbers back`() throws {
        var bench = try SeriesBench()
        for round in 0..<200 {
            let body = (0..<20).map { "m{n=\"\(round)_\($0)\"} 1\n" }.joined()
            bench.scrape("steady 1\n" + body)
        }
        #expect(bench.series.count < 250)
        #expect(bench.values(Self.metric("steady")).count == 200)
        #expect(bench.sink.faults == [])
    }

    @Test func `a batch that was not taken is made up for by the next`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\nb 1\n")
        bench.sink.state.withLock { $0.refusal = .full(reason: "test") }
        bench.scrape("# TYPE a gauge\na 2\nc 2\n")
        bench.scrape("# TYPE a gauge\na 3\nc 3\n")
        bench.sink.state.withLock { $0.refusal = nil }
        bench.scrape("# TYPE a gauge\na 4\nc 4\n")
        bench.scrape("# TYPE a gauge\na 5\nc 5\n")
        bench.scrape("# TYPE a gauge\na 6\nc 6\n")
        #expect(bench.values(Self.metric("a")) == [1, 4, 5, 6])
        #expect(bench.values(Self.metric("b")) == [1, nil])
        #expect(bench.values(Self.metric("c")) == [4, 5, 6])
        #expect(bench.sink.state.withLock { $0.metadata["a"]?.type } == .gauge)
        #expect(bench.sink.batches.map(\.isSameLayout) == [false, false, false, true])
        #expect(bench.sink.faults == [])
    }

    @Test func `a lost stale marker is not written for a series that is back`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\nb 1\n")
        bench.sink.state.withLock { $0.refusal = .full(reason: "test") }
        bench.scrape("a 2\n")
        bench.sink.state.withLock { $0.refusal = nil }
        bench.scrape("a 3\nb 3\n")
        #expect(bench.values(Self.metric("b")) == [1, 3])
        #expect(bench.sink.faults == [])
    }

    // MARK: Relabeling, clashes, limits

    @Test func `relabeling drops and renames samples, and never the report`() throws {
        var bench = try SeriesBench(
            """
            metric_relabel_configs:
              - {source_labels: [__name__], regex: "go_.*|up|scrape_.*", action: drop}
              - {source_labels: [__name__], regex: old, target_label: __name__, replacement: new}
            """)
        for value in 1...3 {
            let counts = try bench.scrape("go_x 1\nold \(value)\nkept \(value)\n").get()
            #expect(counts.scraped == 3 && counts.kept == 2)
        }
        #expect(bench.values(Self.metric("new")) == [1, 2, 3])
        #expect(bench.values(Self.metric("kept")) == [1, 2, 3])
        #expect(bench.values(Self.up) == [1, 1, 1])
        #expect(bench.sink.names.count == 7)
        #expect(bench.sink.batches.map(\.isSameLayout) == [false, true, true])
    }

    @Test func `two samples that become one series are one sample`() throws {
        var bench = try SeriesBench(
            "metric_relabel_configs: [{regex: x, action: labeldrop}]")
        let counts = try bench.scrape("a{x=\"1\"} 1\na{x=\"2\"} 2\n").get()
        #expect(counts.kept == 2 && counts.duplicates == 1 && counts.added == 1)
        bench.scrape("a{x=\"1\"} 3\na{x=\"2\"} 4\n")
        #expect(bench.values(Self.metric("a")) == [1, 3])
        #expect(bench.sink.faults == [])
    }

    @Test func `a scraped series that is one of the reports is left out`() throws {
        var bench = try SeriesBench()
        bench.scrape("up 0\na 1\n")
        #expect(bench.values(Self.up) == [1])
        #expect(bench.sink.faults == [])
    }

    @Test(arguments: [
        ("false", #"{__name__="a", exported_instance="x", instance="i", job="j"}"#),
        ("true", #"{__name__="a", instance="x", job="j"}"#),
    ])
    func `labels that clash are renamed, or win`(honors: String, expected: String) throws {
        var bench = try SeriesBench("honor_labels: \(honors)")
        bench.scrape("a{instance=\"x\"} 1\n")
        #expect(bench.values(expected) == [1])
    }

    @Test func `a renamed label finds a free name, the shortest first`() throws {
        var bench = try SeriesBench(target: ["foo": "t", "exported_foo": "t"])
        bench.scrape("a{foo=\"1\",exported_foo=\"2\",exported_exported_foo=\"3\"} 1\n")
        let expected =
            #"{__name__="a", exported_exported_exported_exported_foo="2", "#
            + #"exported_exported_exported_foo="1", exported_exported_foo="3", exported_foo="t", "#
            + #"foo="t"}"#
        #expect(bench.sink.names.first == expected)
    }

    @Test(
        arguments: [
            ("sample_limit: 1", "sample limit exceeded"),
            (
                "label_limit: 3",
                "label_limit exceeded (metric: b, number of labels: 4, limit: 3)"
            ),
            (
                "label_name_length_limit: 8",
                "label_name_length_limit exceeded (metric: b, label name: long_name, length: 9, "
                    + "limit: 8)"
            ),
            (
                "label_value_length_limit: 4",
                "label_value_length_limit exceeded (metric: b, label name: long_name, value: "
                    + "\"value\", length: 5, limit: 4)"
            ),
            (
                "metric_relabel_configs: [{regex: __name__, action: labeldrop}]",
                "missing metric name (__name__ label) after relabeling"
            ),
            (
                "metric_name_validation_scheme: legacy\nmetric_relabel_configs: [{target_label: __name__, replacement: \"a.b\"}]",
                "invalid metric name or label names: {__name__=\"a.b\", instance=\"i\", job=\"j\"}"
            ),
        ])
    func `a scrape over a limit is not kept`(lines: String, error: String) throws {
        // Names as long as the limit are allowed.
        var bench = try SeriesBench(lines, target: ["job": "j", "instance": "i"])
        for _ in 0..<2 {
            let result = bench.scrape("a 1\nb{long_name=\"value\"} 2\n")
            guard case .failure(let failure) = result else {
                Issue.record("\(lines) let it pass")
                continue
            }
            #expect(failure.description == error)
        }
        #expect(bench.sink.names.count == 5)
        #expect(bench.values(Self.up) == [0, 0])
        #expect(bench.values(Self.metric("scrape_samples_scraped")) == [2, 2])
        #expect(bench.sink.faults == [])
    }

    @Test func `a target that comes under its limit again is kept`() throws {
        var bench = try SeriesBench("sample_limit: 2")
        bench.scrape("a 1\nb 1\n")
        bench.scrape("a 2\nb 2\nc 2\n")
        bench.scrape("a 3\nb 3\n")
        #expect(bench.values(Self.metric("a")) == [1, nil, 3])
        #expect(bench.values(Self.metric("scrape_samples_scraped")) == [2, 3, 2])
        #expect(bench.values(Self.metric("scrape_samples_post_metric_relabeling")) == [2, 3, 2])
        #expect(bench.sink.names.contains(Self.metric("c")) == false)
        #expect(bench.sink.faults == [])
    }

    // MARK: Times

    @Test func `samples with times of their own keep them and get no stale marker`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1 1234\nb 1\n")
        bench.scrape("c 2\n")
        #expect(bench.sink.samples(Self.metric("a")).map(\.time) == [1234])
        #expect(bench.values(Self.metric("a")) == [1])
        #expect(bench.values(Self.metric("b")) == [1, nil])
        #expect(bench.sink.faults == [])
    }

    @Test func `with track_timestamps_staleness they get one`() throws {
        var bench = try SeriesBench("track_timestamps_staleness: true")
        bench.scrape("a 1 1234\n")
        bench.scrape("c 2\n")
        #expect(bench.values(Self.metric("a")) == [1, nil])
        #expect(bench.sink.samples(Self.metric("a")).map(\.time) == [1234, 1_002_000])
    }

    @Test func `without honor_timestamps times are left out`() throws {
        var bench = try SeriesBench("honor_timestamps: false")
        bench.scrape("a 1 1234\n")
        bench.scrape("c 2\n")
        #expect(bench.sink.samples(Self.metric("a")).map(\.time) == [1_001_000, 1_002_000])
    }

    @Test func `a sample from over ten minutes ahead is left out`() throws {
        var bench = try SeriesBench()
        let far = 1_001_000 + 600_001
        let counts = try bench.scrape("a 1 \(far)\nb 1 \(far - 1)\n").get()
        #expect(counts.outOfBounds == 1)
        #expect(bench.values(Self.metric("a")) == [])
        #expect(bench.values(Self.metric("b")) == [1])
    }

    @Test func `one series may have several times in a body`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1 1000\na 2 2000\n")
        #expect(bench.sink.samples(Self.metric("a")).map(\.time) == [1000, 2000])
        #expect(bench.sink.faults == [])
    }

    // MARK: Budget, reload, end

    @Test func `known series go on over the budget, and the exploding label is named`() throws {
        var bench = try SeriesBench(budget: 3)
        bench.scrape("a 1\nb 1\n")
        let body = "a 2\nb 2\n" + (0..<10).map { "m{user=\"\($0)\",zone=\"z\"} 2\n" }.joined()
        let counts = try bench.scrape(body).get()
        #expect(counts.overBudget == 9)
        #expect(bench.values(Self.metric("a")) == [1, 2])
        #expect(bench.values(Self.up) == [1, 1])
        let status = try #require(bench.context.budget.status)
        #expect(status.used == 3 && status.refused == 9)
        #expect(status.explodedLabel == "user")
        #expect(status.examples.count == 5)
    }

    @Test func `room that is free again is used`() throws {
        var bench = try SeriesBench(budget: 2)
        bench.scrape("a 1\nb 1\nc 1\n")
        #expect(!bench.context.budget.hasRoom)
        bench.context.budget.change(limit: 10)
        #expect(bench.context.budget.hasRoom)
        bench.newParser()
        bench.scrape("a 1\nc 1\n")
        #expect(bench.values(Self.metric("c")) == [1])
        #expect(bench.sink.faults == [])
    }

    @Test func `a new parser for known series makes no gap and no false staleness`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\nb 1\n")
        bench.newParser()
        bench.scrape("a 2\nb 2\n")
        #expect(bench.values(Self.metric("a")) == [1, 2])
        #expect(bench.values(Self.metric("scrape_series_added")) == [2, 0])
        #expect(bench.sink.batches.map(\.newSeries.count) == [7, 0])
        #expect(bench.sink.faults == [])
    }

    @Test func `the end of a target marks its series and its report as stale`() throws {
        var bench = try SeriesBench()
        bench.scrape("a 1\n")
        bench.series.end(at: Timestamp(milliseconds: 9_000_000))
        try bench.clock.append(bench.series.batch)
        #expect(bench.values(Self.metric("a")) == [1, nil])
        #expect(bench.values(Self.up) == [1, nil])
        #expect(bench.sink.samples(Self.up).last?.time == 9_000_000)
        #expect(bench.sink.faults == [])
    }

    @Test func `exemplars and metadata go along`() throws {
        var bench = try SeriesBench(
            "metric_relabel_configs: [{source_labels: [__name__], regex: b_total, action: drop}]")
        let body = """
            # TYPE a counter
            # HELP a help
            a_total 1 # {trace_id="x"} 0.5
            # TYPE b counter
            b_total 1 # {trace_id="y"} 0.5
            # EOF

            """
        for _ in 0..<2 {
            #expect(throws: Never.self) { try bench.scrape(body, .openMetrics100).get() }
        }
        for batch in bench.sink.batches {
            #expect(batch.exemplars.map(\.labels) == [["trace_id": "x"]])
        }
        #expect(bench.sink.state.withLock { $0.metadata["a"] }?.help == "help")
        #expect(bench.sink.faults == [])
    }
}

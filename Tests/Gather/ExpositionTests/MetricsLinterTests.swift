import Exposition
import Testing

struct MetricsLinterTests {
    @Test(arguments: [
        ("# TYPE a gauge\na 1", "no help text"),
        (
            "# HELP a_milliseconds x\n# TYPE a_milliseconds gauge\na_milliseconds 1",
            "use base unit \"seconds\" instead of \"milliseconds\""
        ),
        (
            "# HELP a_hours x\n# TYPE a_hours gauge\na_hours 1",
            "use base unit \"seconds\" instead of \"hours\""
        ),
        ("# HELP a x\n# TYPE a counter\na 1", "counter metrics should have \"_total\" suffix"),
        (
            "# HELP a_total x\n# TYPE a_total gauge\na_total 1",
            "non-counter metrics should not have \"_total\" suffix"
        ),
        (
            "# HELP a_bucket x\n# TYPE a_bucket gauge\na_bucket 1",
            "non-histogram metrics should not have \"_bucket\" suffix"
        ),
        (
            "# HELP a_sum x\n# TYPE a_sum gauge\na_sum 1",
            "non-histogram and non-summary metrics should not have \"_sum\" suffix"
        ),
        (
            "# HELP a x\n# TYPE a gauge\na{le=\"1\"} 1",
            "non-histogram metrics should not have \"le\" label"
        ),
        (
            "# HELP a x\n# TYPE a gauge\na{quantile=\"1\"} 1",
            "non-summary metrics should not have \"quantile\" label"
        ),
        (
            "# HELP a_gauge x\n# TYPE a_gauge gauge\na_gauge 1",
            "metric name should not include type 'gauge'"
        ),
        ("# HELP a:b x\n# TYPE a:b gauge\na:b 1", "metric names should not contain ':'"),
        (
            "# HELP aB x\n# TYPE aB gauge\naB 1",
            "metric names should be written in 'snake_case' not 'camelCase'"
        ),
        (
            "# HELP a x\n# TYPE a gauge\na{bC=\"1\"} 1",
            "label names should be written in 'snake_case' not 'camelCase'"
        ),
        (
            "# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1",
            "metric names should not contain abbreviated units"
        ),
    ])
    func `advice is promtool's`(body: String, advice: String) throws {
        #expect(try lints(body).map(\.advice) == [advice])
    }

    @Test(arguments: [
        "# HELP a_seconds x\n# TYPE a_seconds histogram\na_seconds_bucket{le=\"+Inf\"} 1\n"
            + "a_seconds_sum 1\na_seconds_count 1\n",
        "# HELP a_bytes_total x\n# TYPE a_bytes_total counter\na_bytes_total 1\n",
    ])
    func `good names have no advice`(body: String) throws {
        #expect(try lints(body).isEmpty)
    }

    @Test func `cardinality is counted by family, the largest first`() throws {
        var parser = ScrapeParser()
        let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\nb 1\n"
        try parser.read(body.utf8Span.span, as: .text004)
        let rows = MetricsLinter(parser.batch, format: .text004).cardinalities()
        #expect(rows.map(\.metric) == ["h", "b"])
        #expect(rows.map(\.series) == [3, 1])
        #expect(rows.map(\.share) == [0.75, 0.25])
    }

    private func lints(_ body: String) throws -> [MetricsLint] {
        var parser = ScrapeParser()
        try parser.read(body.utf8Span.span, as: .text004)
        return MetricsLinter(parser.batch, format: .text004).lints()
    }
}

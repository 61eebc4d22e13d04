import Model
import Testing

@testable import Relay

struct RelayFamiliesTests {
    /// Families as `name type: metrics`.
    private func families(
        _ metrics: [String], _ types: [String: Set<MetricType>], openMetrics: Bool
    ) -> (shown: [String], conflicts: Int) {
        let newest = types.mapValues { MetricMetadata(type: $0.first ?? .unknown, help: "H") }
        let made = RelayFamilies(
            of: metrics, newest: newest, types: types, isOpenMetrics: openMetrics)
        let shown = made.families.map {
            "\($0.name) \($0.metadata.type): \($0.metrics.joined(separator: " "))"
        }
        return (shown, made.conflicts)
    }

    @Test func `a counter has the name of its format, whichever its targets use`() {
        for types: [String: Set<MetricType>] in [
            ["a": [.counter]], ["a_total": [.counter]], ["a": [.counter], "a_total": [.counter]],
        ] {
            let classic = families(["a_total"], types, openMetrics: false)
            #expect(classic.shown == ["a_total counter: a_total"])
            let open = families(["a_total"], types, openMetrics: true)
            #expect(open.shown == ["a counter: a_total"])
            #expect(classic.conflicts + open.conflicts == 0)
        }
        // The classic text has counters without the suffix.
        #expect(
            families(["a"], ["a": [.counter]], openMetrics: false).shown == ["a counter: a"])
        #expect(families(["a"], ["a": [.counter]], openMetrics: true).shown == ["a unknown: a"])
    }

    @Test func `the parts of a family stand together in their order`() {
        let types: [String: Set<MetricType>] = [
            "h": [.histogram], "s": [.summary], "i": [.info], "g": [.gaugehistogram],
        ]
        let metrics = [
            "g_bucket", "g_gcount", "g_gsum", "h_bucket", "h_count", "h_created", "h_sum",
            "i_info", "s", "s_count", "s_sum", "stray_count",
        ]
        #expect(
            families(metrics, types, openMetrics: true).shown == [
                "g gaugehistogram: g_bucket g_gsum g_gcount",
                "h histogram: h_bucket h_sum h_count h_created", "i info: i_info",
                "s summary: s s_sum s_count", "stray_count unknown: stray_count",
            ])
        #expect(
            families(metrics, types, openMetrics: false).shown == [
                "g gaugehistogram: g_bucket", "g_gcount gauge: g_gcount", "g_gsum gauge: g_gsum",
                "h histogram: h_bucket h_sum h_count", "h_created gauge: h_created",
                "i_info info: i_info", "s summary: s s_sum s_count",
                "stray_count unknown: stray_count",
            ])
    }

    @Test func `targets that do not agree on a type are told apart and counted`() {
        let same = families(["x"], ["x": [.gauge, .counter]], openMetrics: false)
        #expect(same.shown == ["x unknown: x"])
        #expect(same.conflicts == 1)
        let parts = families(
            ["x", "x_bucket", "x_count", "x_sum", "y"],
            ["x": [.gauge, .histogram], "y": [.gauge]], openMetrics: true)
        #expect(
            parts.shown == [
                "x unknown: x", "x_bucket unknown: x_bucket", "x_count unknown: x_count",
                "x_sum unknown: x_sum", "y gauge: y",
            ])
        #expect(parts.conflicts == 1)
        // Not to know a type is no other opinion.
        let unknown = families(["x"], ["x": [.unknown, .gauge]], openMetrics: true)
        #expect(unknown.shown == ["x gauge: x"])
        #expect(unknown.conflicts == 0)
    }

    @Test func `no two families of a body have one name`() {
        // As Go's clients have it.
        let types: [String: Set<MetricType>] = [
            "alloc_bytes": [.gauge], "alloc_bytes_total": [.counter],
        ]
        let metrics = ["alloc_bytes", "alloc_bytes_total"]
        #expect(
            families(metrics, types, openMetrics: false).shown == [
                "alloc_bytes gauge: alloc_bytes", "alloc_bytes_total counter: alloc_bytes_total",
            ])
        #expect(
            families(metrics, types, openMetrics: true).shown == [
                "alloc_bytes gauge: alloc_bytes", "alloc_bytes_total unknown: alloc_bytes_total",
            ])
    }

    @Test func `a time of creation is where its format has it`() {
        // As Python's client shows it in classic text.
        let types: [String: Set<MetricType>] = ["c_total": [.counter], "c_created": [.gauge]]
        let metrics = ["c_created", "c_total"]
        #expect(
            families(metrics, types, openMetrics: false).shown == [
                "c_created gauge: c_created", "c_total counter: c_total",
            ])
        #expect(
            families(metrics, types, openMetrics: true).shown == ["c counter: c_total c_created"])
    }
}

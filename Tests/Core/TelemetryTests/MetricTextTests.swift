import Model
import Telemetry
import Testing

struct MetricTextTests {
    private let families = [
        MetricFamily(
            name: "weir_a", metadata: .init(type: .counter, help: "All \"a\"\\b\nc."),
            lines: [
                .init(suffix: "_total", labels: ["job": "x\"\\\n"], value: 12),
                .init(suffix: "_total", labels: ["job": "y", "k": "v"], value: 0.25),
            ]),
        MetricFamily(name: "weir_empty", metadata: .init(type: .gauge), lines: []),
        MetricFamily(
            name: "weir_size_bytes", metadata: .init(type: .gauge, unit: "bytes", help: "Size."),
            lines: [.init(value: -.infinity)]),
        MetricFamily(
            name: "weir_w", metadata: .init(type: .unknown), lines: [.init(value: .nan)]),
    ]

    @Test func `the classic form`() {
        #expect(
            String(decoding: MetricText.classic.write(families), as: UTF8.self) == #"""
                # HELP weir_a_total All "a"\\b\nc.
                # TYPE weir_a_total counter
                weir_a_total{job="x\"\\\n"} 12
                weir_a_total{job="y",k="v"} 0.25
                # HELP weir_size_bytes Size.
                # TYPE weir_size_bytes gauge
                weir_size_bytes -Inf
                # TYPE weir_w untyped
                weir_w NaN

                """#)
    }

    @Test func `the form of OpenMetrics`() {
        #expect(
            String(decoding: MetricText.openMetrics.write(families), as: UTF8.self) == #"""
                # HELP weir_a All \"a\"\\b\nc.
                # TYPE weir_a counter
                weir_a_total{job="x\"\\\n"} 12
                weir_a_total{job="y",k="v"} 0.25
                # HELP weir_size_bytes Size.
                # TYPE weir_size_bytes gauge
                # UNIT weir_size_bytes bytes
                weir_size_bytes -Inf
                # TYPE weir_w unknown
                weir_w NaN
                # EOF

                """#)
    }

    @Test(arguments: [
        (1e21, "1e+21"), (0.1, "0.1"), (-3, "-3"), (9_007_199_254_740_994, "9.007199254740994e+15"),
        (1e-7, "1e-07"),
    ])
    func `numbers are such that every parser reads them`(value: Double, text: String) {
        let family = MetricFamily(
            name: "m", metadata: .init(type: .gauge), lines: [.init(value: value)])
        let written = String(decoding: MetricText.classic.write([family]), as: UTF8.self)
        #expect(written == "# TYPE m gauge\nm \(text)\n")
    }
}

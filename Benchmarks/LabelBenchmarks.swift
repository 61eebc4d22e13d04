import API
import Glibc
import HTTPFetch
import HTTPServe
import Head
import Model
import PromQL
import Relay
import Telemetry

/// Labels and series from the index: a million series of ten labels.
enum LabelBenchmarks {
    private static let begin = Timestamp(milliseconds: 1_700_000_000_000)
    private static let ever = Timestamp.distantPast...Timestamp.distantFuture
    private static let rounds = 11

    static func run(_ report: inout BenchmarkReport) async throws {
        let head = try await million()
        let names = try await milliseconds { limit in
            try await head.labelNames(matching: [], in: ever, limit: limit).count
        }
        report.add("labels: names, of 1,000,000 series", names.whole, "ms", bar: "≤ 20")
        let metrics = try await milliseconds { limit in
            try await head.labelValues(of: "__name__", matching: [], in: ever, limit: limit).count
        }
        report.add("labels: values of __name__", metrics.whole, "ms", bar: "≤ 20")
        for (what, selector) in [
            ("of one metric (10,000 series)", #"{__name__="metric_7_total"}"#),
            ("of one node (5,000 series)", #"{node="node-17"}"#),
            ("of half of all (500,000 series)", #"{zone="a"}"#),
            ("of all (1,000,000 series)", #"{job="pods"}"#),
            ("of all, by an expression", #"{__name__=~"metric_.*"}"#),
        ] {
            let matchers = try Selector(selector).matchers
            let pods = try await milliseconds { limit in
                try await head.labelValues(of: "pod", matching: matchers, in: ever, limit: limit)
                    .count
            }
            report.add("labels: values of pod, \(what)", pods.whole, "ms", bar: "≤ 50")
            let named = try await milliseconds { limit in
                try await head.labelNames(matching: matchers, in: ever, limit: limit).count
            }
            report.add("labels: names, \(what)", named.whole, "ms")
        }
        let pods = try await milliseconds { limit in
            try await head.labelValues(of: "pod", matching: [], in: ever, limit: limit).count
        }
        report.add("labels: all 10,000 values of pod", pods.whole, "ms")
        report.add("labels: the first ten of them", pods.cut, "ms")
        for (what, selector) in [
            ("1,000 series", #"{node="node-17", __name__=~"metric_1.?_total|metric_2.?_total"}"#),
            ("all series", #"{__name__!=""}"#),
        ] {
            let matchers = try Selector(selector).matchers
            let sets = try await milliseconds { limit in
                try await head.labelSets(matching: matchers, in: ever, limit: limit).count
            }
            report.add(
                "labels: label sets, \(what), \(sets.count) of them", sets.whole, "ms",
                bar: what == "1,000 series" ? "≤ 20" : "")
            report.add("labels: the first ten of them", sets.cut, "ms")
        }
        try await routes(head, &report)
    }

    /// The routes over a socket: the CPU that server and client take together.
    private static func routes(_ head: Head, _ report: inout BenchmarkReport) async throws {
        let registry = MetricRegistry()
        let readiness = Readiness(registry: registry)
        readiness.state = .ready
        let needs = Dependencies(
            build: .init(version: "1", compiler: ""), startTime: begin, flags: [],
            readiness: readiness, registry: registry, source: head, head: head,
            relay: { RelayOptions() }, userAgent: "", engine: Engine(), isLifecycleEnabled: false,
            configText: { "" }, lastReload: { .init(succeeded: true, time: begin) },
            retention: { "" }, reload: {}, quit: {})
        let server = HTTPServer(
            options: HTTPServerOptions(listeners: [.tcp(host: "127.0.0.1", port: 0)]),
            router: try Routes.router(Routes.all(needs)))
        try await server.start()
        let client = HTTPClient()
        for (target, bar) in [
            ("labels", "≤ 20"), ("label/__name__/values", "≤ 20"),
            ("label/pod/values?match[]=metric_7_total", "≤ 50"),
            ("label/pod/values?match[]=%7Bzone=%22a%22%7D", "≤ 50"),
            ("label/pod/values?limit=100", ""),
            (
                "series?match[]=%7Bnode=%22node-17%22,__name__=~%22metric_1.%3F_total%7C"
                    + "metric_2.%3F_total%22%7D", "≤ 20"
            ),
            ("series?match[]=%7B__name__!=%22%22%7D&limit=1000", "≤ 20"),
            ("series?match[]=%7B__name__!=%22%22%7D&limit=40000", ""),
        ] {
            let url = try HTTPAddress("http://\(server.addresses[0])/api/v1/\(target)")
            var times: [Double] = []
            var (bytes, status) = (0, 0)
            for _ in 0..<rounds {
                let start = BenchmarkReport.cpuSeconds
                let answer = try await client.fetch(
                    HTTPRequest("GET", url, bodyLimitBytes: 1 << 30, codings: []))
                times.append((BenchmarkReport.cpuSeconds - start) * 1000)
                (bytes, status) = (answer.body.count, answer.status)
            }
            let what = target.replacing("%7B", with: "{").replacing("%7D", with: "}")
                .replacing("%22", with: "\"").replacing("%7C", with: "\\|").replacing(
                    "%3F", with: "?")
            report.add(
                "labels: /\(what): \(status), \(bytes) bytes", times.sorted()[rounds / 2], "ms",
                bar: bar)
        }
        await server.stop(grace: .zero)
    }

    /// The median CPU time of asking for all, and of asking for ten.
    private static func milliseconds(
        _ ask: (Int?) async throws -> Int
    ) async throws -> (whole: Double, cut: Double, count: Int) {
        var (whole, cut): ([Double], [Double]) = ([], [])
        var count = 0
        for _ in 0..<rounds {
            let start = BenchmarkReport.cpuSeconds
            count = try await ask(nil)
            let middle = BenchmarkReport.cpuSeconds
            _ = try await ask(10)
            whole.append((middle - start) * 1000)
            cut.append((BenchmarkReport.cpuSeconds - middle) * 1000)
        }
        return (whole.sorted()[rounds / 2], cut.sorted()[rounds / 2], count)
    }

    private static func million() async throws -> Head {
        let head = Head(span: .hours(2), registry: MetricRegistry(), now: { begin })
        for group in 0..<100 {
            let clock = try await head.open(
                ClockKey(kind: .scrape, name: "pods", place: "\(group)"), interval: .seconds(30))
            var batch = SampleBatch(time: begin)
            for number in 0..<10_000 {
                let labels = labels(group * 100 + number / 100, metric: number % 100)
                batch.newSeries.append(NewSeries(number: UInt32(number), labels: labels))
                batch.series.append(UInt32(number))
                batch.values.append(Double(number))
            }
            try clock.append(batch)
        }
        return head
    }

    private static func labels(_ pod: Int, metric: Int) -> Labels {
        Labels([
            Label("__name__", "metric_\(metric)_total"), Label("cluster", "c\(pod % 4)"),
            Label("container", "main"), Label("endpoint", "http"),
            Label("instance", "10.0.\(pod / 250).\(pod % 250):8080"), Label("job", "pods"),
            Label("namespace", "ns-\(pod % 50)"), Label("node", "node-\(pod % 200)"),
            Label("pod", "pod-\(pod)"), Label("zone", pod % 2 == 0 ? "a" : "b"),
        ])
    }
}

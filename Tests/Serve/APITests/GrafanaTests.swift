import API
import Access
import Model
import TestKit
import Testing

/// What Grafana's Prometheus data source sends, over a socket, beside a real Prometheus with the
/// same samples.
struct GrafanaTests {
    private static let peer = Task {
        try await RunningPrometheus(
            openMetrics: FarmSamples.openMetrics, ["--enable-feature=exemplar-storage"])
    }

    /// One request, as Grafana's backend makes it.
    struct Step: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        /// Names and values, in the query of a GET and in the form of a POST.
        let fields: [(String, String)]
        /// Whether the answers are the same to the last byte.
        var isSame = true
        var status = 200

        var testDescription: String { "\(method) \(path) \(fields)" }

        var words: [String] {
            let isForm = method == "POST"
            return ["-X", method, "-H", "User-Agent: Grafana/11.2.0", "-H", "X-Panel-Id: 2"]
                + (isForm ? [] : ["-G"])
                + fields.flatMap { ["--data-urlencode", "\($0.0)=\($0.1)"] }
        }
    }

    private static let now = "1700001000"
    private static let begin = "1700000500"
    private static let range = [("start", begin), ("end", now)]

    static let sequences: [Step] = [
        // Save and test.
        Step(method: "POST", path: "query", fields: [("query", "1+1"), ("time", "4")]),
        Step(method: "GET", path: "query", fields: [("query", "1+1"), ("time", "4")]),
        Step(method: "GET", path: "status/buildinfo", fields: [], isSame: false),
        // A data source is opened: does it have exemplars? In milliseconds.
        Step(
            method: "GET", path: "query_exemplars",
            fields: [
                ("query", "test"), ("start", "1700000500000"), ("end", "1700001000000"),
            ]),
        Step(method: "GET", path: "rules", fields: []),
        // The editor.
        Step(
            method: "GET", path: "label/__name__/values", fields: [("limit", "40000")] + range),
        Step(method: "POST", path: "labels", fields: [("limit", "40000")] + range),
        Step(
            method: "POST", path: "labels", fields: range + [("match[]", #"{__name__="up"}"#)]),
        Step(method: "GET", path: "metadata", fields: [("limit", "40000")]),
        Step(method: "GET", path: "metadata", fields: []),
        // The metrics browser and completion.
        Step(
            method: "GET", path: "label/instance/values",
            fields: range + [("limit", "40000"), ("match[]", #"{__name__="http_requests_total"}"#)]),
        Step(method: "GET", path: "label/nosuch/values", fields: range),
        Step(
            method: "POST", path: "series",
            fields: [("match[]", #"{__name__!=""}"#), ("limit", "40000")] + range),
        Step(
            method: "GET", path: "series", fields: [("match[]", "up"), ("match[]", "odd")] + range),
        // Variables.
        Step(method: "GET", path: "labels", fields: range),
        Step(
            method: "GET", path: "label/job/values", fields: range + [("match[]", "up")]),
        Step(
            method: "POST", path: "query",
            fields: [("query", "count by (job) (up)"), ("time", now)]),
        // Panels: a range on the grid of its step, an instant that is not.
        Step(
            method: "POST", path: "query_range",
            fields: [("query", "rate(http_requests_total[1m])"), ("step", "15")] + range),
        Step(
            method: "POST", path: "query_range",
            fields: [
                (
                    "query",
                    "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[2m])))"
                ), ("step", "30"),
            ] + range),
        Step(
            method: "POST", path: "query_range",
            fields: [("query", "odd"), ("step", "0.5"), ("start", "1700000990"), ("end", now)]),
        Step(
            method: "POST", path: "query_range",
            fields: [("query", #"{__name__!=""}"#), ("step", "60")] + range),
        Step(
            method: "POST", path: "query", fields: [("query", "odd"), ("time", "1700000999.123")]),
        Step(
            method: "POST", path: "query",
            fields: [("query", "up[1m]"), ("time", "1700000999.123"), ("timeout", "2m")]),
        Step(method: "POST", path: "query", fields: [("query", "scalar(up)"), ("time", now)]),
        Step(method: "POST", path: "query", fields: [("query", #""text""#), ("time", now)]),
        Step(method: "POST", path: "query", fields: [("query", "nosuch"), ("time", now)]),
        Step(
            method: "POST", path: "query",
            fields: [("query", "topk(2, sort_desc(http_requests_total))"), ("time", now)]),
        // Faults, which Grafana shows as they come.
        Step(
            method: "POST", path: "query", fields: [("query", "sum("), ("time", now)],
            isSame: false,
            status: 400),
        Step(
            method: "POST", path: "query", fields: [("query", "up"), ("time", "x")], isSame: false,
            status: 400),
        Step(
            method: "POST", path: "query", fields: [("query", "up"), ("timeout", "x")], status: 400),
        Step(
            method: "POST", path: "query_range", fields: [("query", "up"), ("step", "0")] + range,
            status: 400),
        Step(
            method: "POST", path: "query_range", fields: [("query", "up"), ("step", "x")] + range,
            status: 400),
        Step(
            method: "POST", path: "query_range",
            fields: [("query", "up"), ("step", "1"), ("start", "0"), ("end", "12000")], status: 400),
        Step(
            method: "POST", path: "query_range",
            fields: [("query", "up"), ("step", "1"), ("start", "x"), ("end", "1")], status: 400),
        Step(method: "POST", path: "series", fields: range, status: 400),
        Step(method: "POST", path: "series", fields: [("match[]", "{}")], status: 400),
        Step(method: "POST", path: "series", fields: [("match[]", "a{b=}")], status: 400),
        Step(method: "POST", path: "labels", fields: [("match[]", "a{")], status: 400),
        Step(method: "POST", path: "labels", fields: [("start", "x")], isSame: false, status: 400),
        Step(method: "POST", path: "labels", fields: [("match[]", #"{a=~".*"}"#)], status: 400),
        Step(method: "GET", path: "metadata", fields: [("limit", "x")], status: 400),
        Step(
            method: "GET", path: "query_exemplars",
            fields: [("query", "up"), ("start", "2"), ("end", "1")], status: 400),
        Step(
            method: "GET", path: "query_exemplars", fields: [("query", "1+1")], status: 204),
        Step(method: "GET", path: "targets/metadata", fields: []),
        Step(method: "GET", path: "targets/metadata", fields: [("limit", "x")], status: 400),
        Step(method: "GET", path: "rules", fields: [("type", "x")], status: 400),
        // What is for GET alone, asked with POST: Grafana tries again with GET.
        Step(method: "POST", path: "rules", fields: [], isSame: false, status: 405),
        Step(method: "POST", path: "label/job/values", fields: [], isSame: false, status: 405),
        // Alerting.
        Step(method: "GET", path: "rules", fields: [("type", "alert")]),
        Step(method: "GET", path: "alerts", fields: []),
        Step(method: "GET", path: "alertmanagers", fields: []),
        // What others ask.
        Step(method: "GET", path: "status/walreplay", fields: [], isSame: false),
        Step(method: "GET", path: "targets", fields: [], isSame: false),
        Step(method: "GET", path: "targets", fields: [("state", "dropped")], isSame: false),
        Step(
            method: "POST", path: "admin/tsdb/delete_series", fields: [], isSame: false, status: 500
        ),
        Step(method: "POST", path: "admin/tsdb/snapshot", fields: [], isSame: false, status: 500),
        Step(method: "POST", path: "format_query", fields: [("query", "sum(up)by(job)")]),
    ]

    @Test func `every request of Grafana's is answered as Prometheus answers it`() async throws {
        let there = try await Self.peer.value.base
        let live = try LiveServer(source: try await FarmSamples.head())
        live.readiness.state = .ready
        try await live.run { here in
            for step in Self.sequences {
                let path = "/api/v1/" + step.path
                let ours = try await HTTPAnswer.of(here + path, step.words)
                #expect(ours.status == step.status, "\(step.testDescription) \(ours.body)")
                let theirs = try await HTTPAnswer.of(there + path, step.words)
                // 2.42 says 503 where Prometheus 3 says 500.
                if !path.contains("/admin/") {
                    #expect(theirs.status == step.status, "\(step.testDescription) \(theirs.body)")
                }
                if step.isSame { #expect(ours.body == theirs.body, "\(step.testDescription)") }
                if ours.status == 200 {
                    #expect(ours["content-type"] == theirs["content-type"])
                    #expect(names(ours.body) == names(theirs.body), "\(step.testDescription)")
                }
            }
        }
    }

    /// The names of the members, in their order.
    private func names(_ json: String) -> [String] {
        json.matches(of: /"([A-Za-z]+)":/).map { String($0.output.1) }
            // Prometheus 3 has these and 2.42 has not.
            .filter { $0 != "droppedTargetCounts" }
    }

    @Test func `build info never looks like Mimir's`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { here in
            let body = try await HTTPAnswer.of(here + "/api/v1/status/buildinfo").body
            #expect(!body.contains("features"))
            #expect(body.contains(#""version":"1.2.3""#))
        }
    }
}

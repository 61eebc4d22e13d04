import Model
import Testing

@testable import API

struct SearchHandlersTests {
    private static let source = FixedSeries(
        all: ["http_requests_total", "http_errors_total", "node_load1", "Up"].map {
            Labels([
                Label("__name__", $0), Label("job", "a"), Label("zone", $0 == "Up" ? "é" : "x"),
            ])
        })

    @Test(
        arguments: [
            (
                "metric_names", [],
                #"{"results":[{"name":"Up"},{"name":"http_errors_total"},{"name":"http_requests_total"},{"name":"node_load1"}]}"#,
                false
            ),
            (
                "metric_names", ["search[]=up", "case_sensitive=false", "include_score=1"],
                #"{"results":[{"name":"Up","score":1}]}"#, false
            ),
            ("metric_names", ["search[]=up"], #"{"results":[]}"#, false),
            (
                "metric_names", ["search[]=htot", "sort_by=alpha", "sort_dir=dsc"],
                #"{"results":[{"name":"http_requests_total"},{"name":"http_errors_total"}]}"#, false
            ),
            (
                "metric_names", ["limit=2"],
                #"{"results":[{"name":"Up"},{"name":"http_errors_total"}]}"#, true
            ),
            (
                "metric_names", ["limit=3", "batch_size=2"],
                #"{"results":[{"name":"Up"},{"name":"http_errors_total"}]}"# + "\n"
                    + #"{"results":[{"name":"http_requests_total"}]}"#, true
            ),
            (
                "metric_names",
                ["search[]=total", "search[]=load1", "fuzz_alg=jarowinkler", "sort_by=score"],
                #"{"results":[{"name":"http_errors_total"},{"name":"http_requests_total"},{"name":"node_load1"}]}"#,
                false
            ),
            (
                "label_names", ["search[]=o"], #"{"results":[{"name":"job"},{"name":"zone"}]}"#,
                false
            ),
            (
                "label_values", ["label=zone", "match[]=Up", "match[]=node_load1"],
                #"{"results":[{"name":"x"},{"name":"é"}]}"#, false
            ),
        ] as [(String, [String], String, Bool)])
    func `what was typed is found`(
        route: String, fields: [String], lines: String, hasMore: Bool
    ) async throws {
        let live = try LiveServer(source: Self.source)
        live.readiness.state = .ready
        try await live.run { base in
            let words = ["-G"] + fields.flatMap { ["--data-urlencode", $0] }
            let answer = try await HTTPAnswer.of(base + "/api/v1/search/" + route, words)
            #expect(answer["content-type"] == "application/x-ndjson; charset=utf-8")
            let trailer = #"{"status":"success","has_more":\#(hasMore)}"#
            #expect(answer.body == lines + "\n" + trailer + "\n")
        }
    }

    @Test(
        arguments: [
            ("fuzz_threshold=101", #"invalid fuzz_threshold \"101\": must be 0-100"#),
            (
                "fuzz_alg=x",
                #"unsupported fuzz_alg \"x\": must be one of [subsequence jarowinkler]"#
            ),
            (
                "sort_by=x",
                #"invalid sort_by \"x\" for label_values: must be \"alpha\" or \"score\""#
            ),
            ("sort_dir=asc", "sort_dir is only valid when sort_by is set"),
            ("sort_by=score", "sort_by=score requires search[] to be set"),
            ("limit=-1", #"invalid limit \"-1\": must be non-negative integer"#),
            ("case_sensitive=x", #"invalid case_sensitive \"x\": must be boolean"#),
            ("limit=1", #"missing required parameter \"label\""#),
        ])
    func `what cannot be asked is refused`(field: String, reason: String) async throws {
        let live = try LiveServer(source: Self.source)
        live.readiness.state = .ready
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + "/api/v1/search/label_values?" + field)
            #expect(answer.status == 400)
            #expect(
                answer.body == #"{"status":"error","errorType":"bad_data","error":"\#(reason)"}"#)
        }
    }

    @Test(
        arguments: [
            ("ab", "ab", 1), ("ab", "xaxb", (1 - 0.25 + 1 - 0.25) / 4), ("ab", "ba", 0),
            ("ab", "xabx", (4 - 0.25 - 0.125) / 4), ("", "x", 1), ("abc", "ab", 0),
        ] as [(String, String, Double)])
    func `runs count by their square, less the gaps`(word: String, text: String, score: Double) {
        let seen = TextSearch.subsequence(
            Array(word.unicodeScalars), in: Array(text.unicodeScalars))
        #expect(abs(seen - score) < 1e-9)
    }

    // The examples of Winkler's own paper.
    @Test(
        arguments: [
            ("MARTHA", "MARHTA", 0.9611), ("DIXON", "DICKSONX", 0.8133), ("a", "b", 0), ("", "", 1),
        ] as [(String, String, Double)])
    func `similar texts score as Jaro and Winkler measure them`(
        left: String, right: String, score: Double
    ) {
        let seen = TextSearch.jaroWinkler(
            Array(left.unicodeScalars), Array(right.unicodeScalars))
        #expect(abs(seen - score) < 0.0001)
    }
}

import API
import Head
import Model
import Telemetry
import TestKit
import Testing

/// Routes that tell how Weir does, and those whose data the tests of Grafana's requests have not.
struct StatusRoutesTests {
    @Test(
        arguments: [
            ("/status/walreplay", 200, #"{"min":0,"max":0,"current":0}"#),
            ("/status/tsdb/blocks", 200, #"{"blocks":[]}"#),
            (
                "/status/tsdb?limit=1", 200,
                #"{"headStats":{"numSeries":0,"numLabelPairs":0,"chunkCount":0,"minTime":9223372036854775807,"maxTime":-9223372036854775808},"seriesCountByMetricName":[],"labelValueCountByLabelName":[],"memoryInBytesByLabelName":[],"seriesCountByLabelValuePair":[]}"#
            ),
            ("/status/tsdb?limit=0", 400, "limit must be a positive number"),
            ("/status/tsdb?limit=10001", 400, "limit must not exceed 10000"),
            ("/rules", 200, #"{"groups":[]}"#),
            ("/rules?type=x", 400, #"invalid parameter \"type\": not supported value \"x\""#),
            (
                "/rules?exclude_alerts=x", 400,
                #"invalid parameter \"exclude_alerts\": error converting exclude_alerts: strconv.ParseBool: parsing \"x\": invalid syntax"#
            ),
            (
                "/rules?group_limit=0", 400,
                #"invalid parameter \"group_limit\": group_limit needs to be greater than 0"#
            ),
            (
                "/rules?group_limit=1&group_next_token=x", 400,
                #"invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?"#
            ),
            ("/alerts", 200, #"{"alerts":[]}"#),
            (
                "/alertmanagers", 200,
                #"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#
            ),
            ("/notifications", 200, "[]"),
            ("/metadata?limit=0", 200, "{}"),
            ("/metadata?limit=x", 400, "limit must be a number"),
            ("/metadata?limit_per_metric=x", 400, "limit_per_metric must be a number"),
            ("/scrape_pools/config", 400, "no scrapePool parameter provided"),
            ("/scrape_pools/config?scrapePool=a", 200, #"{"yaml":"job_name: a\n"}"#),
            (
                "/scrape_pools/config?scrapePool=b", 404, #"unable to locate scrape pool \"b\""#
            ),
            (
                "/status/self_metrics?metric_name_pattern=weir_r.*", 200,
                #"[{"name":"weir_ready","help":"Whether Weir answers every route.","type":"GAUGE","metric":[{"label":[],"gauge":{"value":1}}]}]"#
            ),
            (
                "/parse_query?query=-sum(rate(up{a=~\"b\"}[5m]%20offset%201m))by(x)", 200,
                #"{"expr":{"expr":{"args":[{"anchored":false,"matchers":[{"name":"a","type":"=~","value":"b"},{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":60000,"range":300000,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],"name":"rate","returnType":"vector","variadic":0},"type":"call"},"grouping":["x"],"op":"sum","param":null,"type":"aggregation","without":false},"op":"-","type":"unaryExpr"}"#
            ),
            (
                "/parse_query?query=(1)%3E%20bool%20on(a)group_left(b)up@end()", 400,
                #"invalid parameter \"query\": 1:1: parse error: vector matching only allowed between instant vectors"#
            ),
            (
                "/parse_query?query=up*on(a)group_left(b)up@end()", 200,
                #"{"bool":false,"lhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":null},"include":["b"],"labels":["a"],"on":true},"op":"*","rhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"smoothed":false,"startOrEnd":"end","timestamp":null,"type":"vectorSelector"},"type":"binaryExpr"}"#
            ),
        ] as [(String, Int, String)])
    func `a route answers`(path: String, status: Int, text: String) async throws {
        let live = try LiveServer(jobs: ["a": "job_name: a\n"])
        live.readiness.state = .ready
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + "/api/v1" + path, ["--globoff"])
            #expect(answer.status == status, "\(answer.body)")
            if status == 200 {
                #expect(answer.body == #"{"status":"success","data":\#(text)}"#)
            } else {
                #expect(answer.body.contains(text), "\(answer.body)")
            }
        }
    }

    @Test func `the counts of the head are told, most first`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        let clock = try await live.head.open(
            ClockKey(kind: .scrape, name: "a", place: "a"), interval: .minutes(1))
        var batch = SampleBatch(time: WallClock.now)
        batch.newSeries = [
            NewSeries(number: 0, labels: ["__name__": "up", "job": "a"]),
            NewSeries(number: 1, labels: ["__name__": "up", "job": "b"]),
        ]
        batch.series = [0, 1]
        batch.values = [1, 1]
        try clock.append(batch)
        try await live.run { base in
            let body = try await HTTPAnswer.of(base + "/api/v1/status/tsdb").body
            #expect(body.contains(#""numSeries":2,"numLabelPairs":3,"#))
            #expect(body.contains(#""seriesCountByMetricName":[{"name":"up","value":2}]"#))
            #expect(
                body.contains(
                    #""labelValueCountByLabelName":[{"name":"job","value":2},{"name":"__name__","value":1}]"#
                ))
        }
    }

    @Test func `features are told without escapes, and build info does not have them`() async throws
    {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { base in
            let body = try await HTTPAnswer.of(base + "/api/v1/features").body
            #expect(body.contains(#""<=":true"#))
            #expect(body.contains(#""rate":true"#))
            #expect(body.contains(#""limitk":false"#))
            #expect(body.contains(#""admin":false"#))
        }
    }

    @Test func `notifications and the replay are told before Weir is ready`() async throws {
        let live = try LiveServer()
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + "/api/v1/notifications")
            #expect(answer.status == 200)
            #expect(answer.body.contains(#"[{"text":"Weir is starting.","date":"2026-"#))
            #expect(try await HTTPAnswer.of(base + "/api/v1/status/walreplay").status == 200)
            #expect(try await HTTPAnswer.of(base + "/api/v1/rules").status == 503)
            let stream = try await ChildProcess.start([
                "curl", "-sSN", "--max-time", "20", base + "/api/v1/notifications/live",
            ])
            let isTold = try await eventually { stream.output.contains(#""active":true}"#) }
            #expect(isTold)
            live.readiness.state = .ready
            let isGone = try await eventually { stream.output.contains(#""active":false}"#) }
            #expect(isGone, "\(stream.output)")
            #expect(stream.output.hasPrefix("data: {\"text\":\"Weir is starting.\""))
            await stream.stop()
        }
    }

    @Test func `exemplars are told by series, of the selectors of any expression`() async throws {
        let live = try LiveServer(exemplars: FixedExemplars())
        live.readiness.state = .ready
        try await live.run { base in
            func ask(_ fields: String) async throws -> String {
                try await HTTPAnswer.of(
                    base + "/api/v1/query_exemplars?" + fields, ["--globoff"]
                ).body
            }
            let one =
                #"{"seriesLabels":{"__name__":"a_bucket","job":"x"},"exemplars":[{"labels":{"trace_id":"t<"},"value":"0.25","timestamp":1700000000.500}]}"#
                .replacing("<", with: #"\u003c"#)
            let both = try await ask("query=rate(a_bucket[5m])%2Ba_bucket&start=1&end=2")
            #expect(both == #"{"status":"success","data":[\#(one)]}"#)
            // Milliseconds where seconds are expected: the year 55,000.
            let none = try await ask("query=test&start=1700000000000&end=1700003600000")
            #expect(none == #"{"status":"success","data":[]}"#)
            let fault = try await ask("query=sum(")
            #expect(fault.contains(#""errorType":"bad_data""#))
        }
    }

    private struct FixedExemplars: ExemplarSource {
        func exemplars(
            matching matchers: [Matcher], in range: ClosedRange<Timestamp>
        ) async throws(SourceError) -> [ExemplarSeries] {
            let labels: Labels = ["__name__": "a_bucket", "job": "x"]
            guard matchers.accept(labels) else { return [] }
            let point = ExemplarPoint(
                labels: ["trace_id": "t<"], value: 0.25,
                time: Timestamp(milliseconds: 1_700_000_000_500))
            return [ExemplarSeries(labels: labels, exemplars: [point])]
        }
    }
}

import API
import Head
import Model
import Telemetry
import TestKit
import Testing

/// Questions in PromQL over a socket, as Grafana asks them.
struct QueryHandlersTests {
    /// A head in which two series say their minute's number every minute, for ten minutes.
    private static func source() async throws -> Head {
        let end = Timestamp(milliseconds: 1_700_000_600_000)
        let head = Head(span: .hours(1), registry: MetricRegistry(), now: { end })
        let clock = try await head.open(
            ClockKey(kind: .scrape, name: "a", place: "a"), interval: .minutes(1))
        for minute in 0...10 {
            var batch = SampleBatch(time: end - .minutes(Int64(10 - minute)))
            if minute == 0 {
                batch.newSeries = [
                    NewSeries(number: 0, labels: ["__name__": "m", "x": "<1>"]),
                    NewSeries(number: 1, labels: ["__name__": "m", "x": "2"]),
                ]
            }
            batch.series = [0, 1]
            batch.values = [Double(minute), Double(minute) / 8]
            try clock.append(batch)
        }
        return head
    }

    @Test(
        arguments: [
            (
                "/query?query=m&time=1700000600", 200,
                #"{"resultType":"vector","result":[{"metric":{"__name__":"m","x":"\u003c1\u003e"},"value":[1700000600,"10"]},{"metric":{"__name__":"m","x":"2"},"value":[1700000600,"1.25"]}]}"#
            ),
            (
                "/query?query=1%2B1&time=4", 200,
                #"{"resultType":"scalar","result":[4,"2"]}"#
            ),
            (
                "/query?query=%22a%22&time=4.5", 200,
                #"{"resultType":"string","result":[4.500,"a"]}"#
            ),
            (
                "/query_range?query=sum(m)&start=1700000480&end=1700000600&step=1m", 200,
                #"{"resultType":"matrix","result":[{"metric":{},"values":[[1700000480,"9"],[1700000540,"10.125"],[1700000600,"11.25"]]}]}"#
            ),
            ("/query?query=none", 200, #"{"resultType":"vector","result":[]}"#),
            ("/format_query?query=sum(m)by(x)", 200, #""sum by (x) (m)""#),
            (
                "/query?query=sum(", 400,
                #"invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis"#
            ),
            (
                "/query_range?query=m&start=2&end=1&step=1", 400,
                #"invalid parameter \"end\": end timestamp must not be before start time"#
            ),
            (
                "/query_range?query=m&start=1&end=2&step=0", 400,
                #"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"#
            ),
            (
                "/query_range?query=m&start=0&end=11001&step=1", 400,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
            ),
            (
                "/query?query=m&timeout=soon", 400,
                #"invalid parameter \"timeout\": cannot parse \"soon\" to a valid duration"#
            ),
        ])
    func `a question is answered as Prometheus answers it`(
        path: String, status: Int, data: String
    ) async throws {
        let live = try LiveServer(source: try await Self.source())
        live.readiness.state = .ready
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + "/api/v1" + path, ["--globoff"])
            #expect(answer.status == status)
            let body =
                status == 200
                ? #"{"status":"success","data":\#(data)}"#
                : #"{"status":"error","errorType":"bad_data","error":"\#(data)"}"#
            #expect(answer.body == body)
        }
    }

    @Test func `a limit cuts with a warning, and statistics come when asked for`() async throws {
        let live = try LiveServer(source: try await Self.source())
        live.readiness.state = .ready
        try await live.run { base in
            let words = ["-d", "query=m", "-d", "time=1700000600", "-d", "limit=1"]
            let cut = try await HTTPAnswer.of(base + "/api/v1/query", words)
            #expect(cut.body.contains("u003c") && !cut.body.contains(#""x":"2""#))
            #expect(cut.body.hasSuffix(#""warnings":["results truncated due to limit"]}"#))
            let counted = try await HTTPAnswer.of(
                base + "/api/v1/query", words + ["-d", "stats=true"])
            #expect(counted.body.contains(#""stats":{"timings":{"evalTotalTime":"#))
            #expect(counted.body.contains(#""samples":{"totalQueryableSamples":2,"#))
        }
    }

    @Test func `who asks for an explanation gets a tree beside the answer`() async throws {
        let live = try LiveServer(source: try await Self.source())
        live.readiness.state = .ready
        let plain =
            "/api/v1/query_range?query=sum(m)%20*%202&start=1700000480&end=1700000600&step=1m"
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + plain)
            let explained = try await HTTPAnswer.of(base + plain + "&explain=true")
            let cut = explained.body.components(before: #","explain":"#)
            #expect(answer.body == cut.before + "}}")
            // Times differ from run to run.
            let tree = cut.after.replacing(#/"seconds":[^,]*/#, with: #""seconds":0"#)
            #expect(
                tree
                    == [
                        #"{"expression":"sum(m) * 2","method":"at each step","#,
                        #""series":1,"samples":3,"bytes":24,"seconds":0,"parts":["#,
                        #"{"expression":"sum(m)","method":"at each step","#,
                        #""series":1,"samples":3,"bytes":24,"seconds":0,"parts":["#,
                        #"{"expression":"m","method":"the newest sample at each step","#,
                        #""series":2,"samples":6,"bytes":48,"seconds":0,"parts":["#,
                        #"{"expression":"{__name__=\"m\"}","method":"reads 7m","#,
                        #""series":2,"samples":14,"bytes":112,"seconds":0,"parts":[]}]}]},"#,
                        #"{"expression":"2","method":"constant","#,
                        #""series":0,"samples":1,"bytes":8,"seconds":0,"parts":[]}]}}}"#,
                    ].joined())
            let refused = try await HTTPAnswer.of(base + plain + "&explain=perhaps")
            #expect(refused.status == 400)
            #expect(refused.body.contains(#"invalid parameter \"explain\": "#))
        }
    }
}

extension String {
    /// What stands before and after `mark`; all of it before where there is none.
    fileprivate func components(before mark: String) -> (before: String, after: String) {
        guard let range = firstRange(of: mark) else { return (self, "") }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}

import Access
import Model
import Testing

@testable import API

struct SeriesHandlersTests {
    private static let source = FixedSeries(all: [
        ["__name__": "up", "job": "api", "instance": "a:1"],
        ["__name__": "up", "job": "web", "instance": "b:1"],
        ["__name__": "load", "job": "api", "instance": "a:1", "my.zone": "<x>"],
    ])

    @Test(
        arguments: [
            (
                "/series?match[]=load", 200,
                #"[{"__name__":"load","instance":"a:1","job":"api","my.zone":"\u003cx\u003e"}]"#
            ),
            (
                "/series?match[]=up{job=~\"a.*\"}&match[]=up{job=\"api\"}", 200,
                #"[{"__name__":"up","instance":"a:1","job":"api"}]"#
            ),
            ("/series?match[]=none", 200, "[]"),
            ("/labels", 200, #"["__name__","instance","job","my.zone"]"#),
            ("/labels?match[]=up", 200, #"["__name__","instance","job"]"#),
            ("/labels?match[]=none", 200, "[]"),
            ("/label/job/values", 200, #"["api","web"]"#),
            ("/label/job/values?match[]=load", 200, #"["api"]"#),
            ("/label/U__my_2e_zone/values", 200, #"["\u003cx\u003e"]"#),
            ("/label/absent/values", 200, "[]"),
            ("/series", 400, "no match[] parameter provided"),
            (
                "/series?match[]={job=~\".*\"}", 400,
                #"invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"#
            ),
            (
                "/series?match[]=up%7B", 400,
                #"invalid parameter \"match[]\": 1:4: parse error: unexpected end of input inside braces"#
            ),
            (
                "/labels?match[]=%7Bjob=1%7D", 400,
                #"1:6: parse error: unexpected character inside braces: '1'"#
            ),
            (
                "/series?match[]=%7B%27up%27,job=%60web%60%7D", 200,
                #"[{"__name__":"up","instance":"b:1","job":"web"}]"#
            ),
            (
                "/labels?start=x", 400,
                #"invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp"#
            ),
            (
                "/labels?start=2&end=1", 400,
                #"invalid parameter \"end\": end timestamp must not be before start time"#
            ),
            (
                "/labels?limit=x", 400,
                #"invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"#
            ),
            ("/labels?limit=-1", 400, #"invalid parameter \"limit\": limit must be non-negative"#),
        ])
    func `a request is answered as Prometheus answers it`(
        path: String, status: Int, data: String
    ) async throws {
        let live = try LiveServer(source: Self.source)
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

    @Test func `what is over the limit is left out with a warning`() async throws {
        let live = try LiveServer(source: Self.source)
        live.readiness.state = .ready
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + "/api/v1/labels", ["-d", "limit=2"])
            #expect(
                answer.body
                    == #"{"status":"success","data":["__name__","instance"],"warnings":["results truncated due to limit"]}"#
            )
        }
    }

    @Test(
        arguments: [
            ("1435781451.781", 1_435_781_451_781), ("1435781451", 1_435_781_451_000),
            ("2015-07-01T20:10:51.781Z", 1_435_781_451_781), ("-1", -1000), ("1e3", 1_000_000),
            ("0x10", nil), ("nan", nil), ("", nil), ("now", nil),
        ] as [(String, Int64?)])
    func `a time is seconds or RFC 3339`(text: String, milliseconds: Int64?) {
        #expect(QueryParameters.time(text)?.milliseconds == milliseconds)
    }
}

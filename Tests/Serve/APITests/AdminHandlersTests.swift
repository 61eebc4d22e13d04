import API
import Access
import Model
import TestKit
import Testing
import Threads

struct AdminHandlersTests {
    /// Notes what it is asked to erase.
    private final class Eraser: SeriesEraser {
        let asked = Locked<[String]>([])

        func erase(
            matching matchers: [Matcher], in range: ClosedRange<Timestamp>
        ) async throws(SourceError) -> Int {
            let selector = matchers.map(\.description).joined(separator: ",")
            asked.withLock {
                $0.append(
                    "\(selector) \(range.lowerBound.milliseconds) \(range.upperBound.milliseconds)")
            }
            return 1
        }
    }

    private static func access(_ eraser: Eraser?) -> AdminAccess {
        var access = AdminAccess()
        access.isEnabled = true
        access.eraser = eraser
        access.snapshot = { skipHead in skipHead ? "without" : "with" }
        return access
    }

    @Test(
        arguments: [
            ("delete_series", ["match[]=up", "start=1", "end=2.5"], 204, ""),
            ("delete_series", ["match[]=up", "match[]=x{a=\"b\"}"], 204, ""),
            ("delete_series", [], 400, "no match[] parameter provided"),
            (
                "delete_series", ["match[]={a=~\".*\"}"], 400,
                "match[] must contain at least one non-empty matcher"
            ),
            (
                "delete_series", ["match[]=up", "start=x"], 400,
                #"invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp"#
            ),
            ("clean_tombstones", [], 204, ""),
            ("snapshot", [], 200, #"{"status":"success","data":{"name":"with"}}"#),
            ("snapshot", ["skip_head=1"], 200, #"{"status":"success","data":{"name":"without"}}"#),
            (
                "snapshot", ["skip_head=x"], 400,
                #"invalid parameter \"skip_head\": unable to parse boolean strconv.ParseBool: parsing \"x\": invalid syntax"#
            ),
        ] as [(String, [String], Int, String)])
    func `an order is carried out or refused`(
        route: String, fields: [String], status: Int, text: String
    ) async throws {
        let live = try LiveServer(admin: Self.access(Eraser()))
        live.readiness.state = .ready
        try await live.run { base in
            let words = ["-X", "POST"] + fields.flatMap { ["--data-urlencode", $0] }
            let answer = try await HTTPAnswer.of(base + "/api/v1/admin/tsdb/" + route, words)
            #expect(answer.status == status)
            #expect(
                status == 204 ? answer.body.isEmpty : answer.body.contains(text), "\(answer.body)")
        }
    }

    @Test func `what is erased is what was selected, when it was`() async throws {
        let eraser = Eraser()
        let live = try LiveServer(admin: Self.access(eraser))
        live.readiness.state = .ready
        try await live.run { base in
            let url =
                base + "/api/v1/admin/tsdb/delete_series?match[]=up&match[]=down&start=1&end=2.5"
            let answer = try await HTTPAnswer.of(url, ["-X", "PUT", "--globoff"])
            #expect(answer.status == 204)
        }
        #expect(
            eraser.asked.withLock { $0 } == [
                #"__name__="up" 1000 2500"#, #"__name__="down" 1000 2500"#,
            ])
    }

    @Test(arguments: ["delete_series", "clean_tombstones", "snapshot"])
    func `nothing is done unless it is switched on`(route: String) async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { base in
            let answer = try await HTTPAnswer.of(
                base + "/api/v1/admin/tsdb/\(route)?match[]=up", ["-X", "POST", "--globoff"])
            #expect(answer.status == 500)
            #expect(
                answer.body
                    == #"{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}"#
            )
            #expect(try await HTTPAnswer.of(base + "/api/v1/admin/tsdb/\(route)").status == 405)
        }
    }
}

import Access
import HTTPServe
import Head
import Model
import PromQL
import Telemetry
import TestKit
import Testing
import Threads

@testable import API

/// The forms in which a query is answered, and how they leave.
struct QueryAnswerTests {
    /// `count` series with 100 samples each, one every 15 seconds; the last name needs care in CSV.
    private struct Many: SeriesSource {
        let count: Int
        var failure: SourceError?
        var hasHistogram = false

        func series(
            matching matchers: [Matcher], in range: ClosedRange<Timestamp>
        ) async throws(SourceError) -> [Series] {
            if let failure { throw failure }
            let times = (0..<100).map { Timestamp(milliseconds: 1_700_000_000_000 + $0 * 15_000) }
            return (0..<count).map { number in
                var builder = LabelsBuilder()
                builder["__name__"] = "m"
                builder["number"] = "\(number)"
                if number == 1 { builder["odd"] = "a \"b\", c\nd" }
                return Series(
                    labels: Labels(builder), times: times,
                    values: (0..<100).map { Double($0 * number) / 3 })
            }
        }
    }

    private static func ask(
        _ path: String, of source: any SeriesSource, _ words: [String] = ["--globoff"]
    ) async throws -> HTTPAnswer {
        let live = try LiveServer(source: source)
        live.readiness.state = .ready
        let answer = Locked<HTTPAnswer?>(nil)
        try await live.run { base in
            let got = try await HTTPAnswer.of(base + "/api/v1" + path, words)
            answer.withLock { $0 = got }
        }
        return try #require(answer.withLock { $0 })
    }

    private static let instant = "/query?time=1700000030&query="
    private static let range = "/query_range?start=1700000000&end=1700000015&step=15&query="

    @Test(
        arguments: [
            (
                instant + "m&format=csv", "text/csv; charset=utf-8; header=present",
                "__name__,number,odd,time,value\r\nm,0,,1700000030,0\r\n"
                    + "m,1,\"a \"\"b\"\", c\nd\",1700000030,0.6666666666666666\r\n"
            ),
            (
                range + "m&format=csv", "text/csv; charset=utf-8; header=present",
                "__name__,number,odd,time,value\r\nm,0,,1700000000,0\r\nm,0,,1700000015,0\r\n"
                    + "m,1,\"a \"\"b\"\", c\nd\",1700000000,0\r\n"
                    + "m,1,\"a \"\"b\"\", c\nd\",1700000015,0.3333333333333333\r\n"
            ),
            (
                instant + "m[30s]&format=csv", "text/csv; charset=utf-8; header=present",
                "__name__,number,odd,time,value\r\nm,0,,1700000015,0\r\nm,0,,1700000030,0\r\n"
                    + "m,1,\"a \"\"b\"\", c\nd\",1700000015,0.3333333333333333\r\n"
                    + "m,1,\"a \"\"b\"\", c\nd\",1700000030,0.6666666666666666\r\n"
            ),
            (
                instant + "1/0&format=csv", "text/csv; charset=utf-8; header=present",
                "time,value\r\n1700000030,+Inf\r\n"
            ),
            (
                instant + "'a,b'&format=csv", "text/csv; charset=utf-8; header=present",
                "time,value\r\n1700000030,\"a,b\"\r\n"
            ),
            (
                instant + "none{x='y'}*0&format=csv", "text/csv; charset=utf-8; header=present",
                "number,odd,time,value\r\n0,,1700000030,0\r\n"
                    + "1,\"a \"\"b\"\", c\nd\",1700000030,0\r\n"
            ),
            (
                instant + "m&format=ndjson", "application/x-ndjson",
                #"{"metric":{"__name__":"m","number":"0"},"value":[1700000030,"0"]}"# + "\n"
                    + #"{"metric":{"__name__":"m","number":"1","odd":"a \"b\", c\nd"},"value":[1700000030,"0.6666666666666666"]}"#
                    + "\n"
            ),
            (
                range + "m&format=ndjson&limit=1", "application/x-ndjson",
                #"{"metric":{"__name__":"m","number":"0"},"values":[[1700000000,"0"],[1700000015,"0"]]}"#
                    + "\n" + #"{"warnings":["results truncated due to limit"]}"# + "\n"
            ),
            (
                instant + "2&format=ndjson", "application/x-ndjson",
                #"{"value":[1700000030,"2"]}"# + "\n"
            ),
            (
                instant + "'t'&format=ndjson", "application/x-ndjson",
                #"{"value":[1700000030,"t"]}"# + "\n"
            ),
            (
                range + "2&format=json", "application/json",
                #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000,"2"],[1700000015,"2"]]}]}}"#
            ),
        ])
    func `an answer has the form that is asked for`(
        path: String, type: String, body: String
    ) async throws {
        let answer = try await Self.ask(path, of: Many(count: 2))
        #expect(answer.status == 200)
        #expect(answer["content-type"] == type)
        #expect(answer["content-length"] == "\(body.utf8.count)")
        #expect(answer.body == body)
    }

    @Test func `a form that is none is refused`() async throws {
        let answer = try await Self.ask(Self.instant + "m&format=xml", of: Many(count: 1))
        #expect(answer.status == 400)
        #expect(
            answer.body
                == #"{"status":"error","errorType":"bad_data","error":"invalid parameter \"format\": \"xml\" is none of json, csv, ndjson"}"#
        )
    }

    @Test(arguments: ["json", "csv", "ndjson"])
    func `what fails before its first byte has a status`(form: String) async throws {
        let source = Many(count: 1, failure: .unavailable(reason: "gone"))
        let answer = try await Self.ask(Self.range + "m&format=\(form)", of: source)
        #expect(answer.status == 500)
        #expect(answer["content-type"] == "application/json")
        #expect(answer.body.hasPrefix(#"{"status":"error","errorType":"internal","error":""#))
    }

    @Test(arguments: ["json", "csv", "ndjson"])
    func `a long answer leaves in pieces and is whole`(form: String) async throws {
        let long = "/query_range?start=1700000000&end=1700001485&step=15&query=m&format=\(form)"
        let answer = try await Self.ask(long, of: Many(count: 400))
        #expect(answer["transfer-encoding"] == "chunked")
        let marks = answer.body.utf8.reduce(into: [UInt8: Int]()) { $0[$1, default: 0] += 1 }
        switch form {
        case "json":
            let isWhole = answer.body.hasSuffix(#"[1700001485,"3267"]]}]}}"#)
            #expect(isWhole)
            // A list for all, one for each series, and one for each point.
            #expect(marks[UInt8(ascii: "[")] == 1 + 400 + 40_000)
        case "csv": #expect(marks[UInt8(ascii: "\r")] == 40_001)
        default: #expect(marks[UInt8(ascii: "\n")] == 400)
        }
    }

    @Test func `a query that fails halfway never looks complete`() async throws {
        let route = Route([.get], "/halfway", requirement: RouteAccess(.nothing)) { _ in
            ServerResponse(fields: ["Content-Type": "application/json"]) { output in
                let answer = QueryAnswer(.json, to: output, limit: nil, statistics: false)
                let series = try await Many(count: 400).series(
                    matching: [], in: .distantPast ... .distantFuture
                ).map { MatrixSeries(labels: $0.labels, times: $0.times, values: $0.values) }
                #expect(try await answer.write(series))
                let late = PromQLError.timedOut(stage: "expression evaluation")
                throw AnswerInstead(
                    .json(Envelope.failure(APIError(late)), status: 503), because: late)
            }
        }
        let live = try LiveServer(extra: [route])
        live.readiness.state = .ready
        try await live.run { base in
            let outcome = try await ChildProcess.run([
                "curl", "-sS", "--max-time", "20", "--output", "/dev/null", base + "/halfway",
            ])
            // It says that the transfer was closed with data left to read.
            #expect(outcome.status == 18, "\(outcome.errors)")
        }
    }
}

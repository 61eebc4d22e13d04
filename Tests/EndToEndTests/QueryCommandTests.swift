import TestKit
import Testing

/// What a person sees of `weir query`, asking a server that says what it was told to.
struct QueryCommandTests {
    private static let range = """
        {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m","x":"1"},\
        "values":[[1700000000,"0"],[1700000060,"1"],[1700000120.5,"2"]]}]}}
        """

    private static func ask(
        _ words: [String], status: String = "200 OK", type: String = "application/json",
        body: String
    ) async throws -> (outcome: ChildProcess.Outcome, asked: String) {
        let server = try ScriptedServer { conversation in
            while conversation.readRequest() != nil {
                conversation.send(
                    "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: "
                        + "\(body.utf8.count)\r\n\r\n\(body)")
            }
        }
        let outcome = try await ChildProcess.run(
            [Built.weir, "query"] + words + ["--server=127.0.0.1:\(server.port)/below/"],
            environment: ["COLUMNS": "60"])
        let asked = server.requests.map { request in
            ([request.line] + request.fields).joined(separator: "\r\n") + "\r\n"
                + request.body
        }
        return (outcome, asked.joined())
    }

    @Test(
        arguments: [
            (
                ["instant", "m", "--time=1700000000"],
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"m","a b":"\"x\""},"value":[1700000000,"1.5"]},{"metric":{},"value":[1700000000,"NaN"]}]},"warnings":["careful"]}"#,
                "at 2023-11-14T22:13:20.000Z\nm{\"a b\"=\"\\\"x\\\"\"}  1.5\n{}                NaN\n",
                "warning: careful\n"
            ),
            (
                ["instant", "1"],
                #"{"status":"success","data":{"resultType":"scalar","result":[1700000000.25,"1"]}}"#,
                "2023-11-14T22:13:20.250Z  1\n", ""
            ),
            (
                ["instant", "none"],
                #"{"status":"success","data":{"resultType":"vector","result":[]}}"#, "nothing\n", ""
            ),
            (
                ["range", "m", "--output=table"], range,
                "m{x=\"1\"}\n  2023-11-14T22:13:20.000Z  0\n  2023-11-14T22:14:20.000Z  1\n"
                    + "  2023-11-14T22:15:20.500Z  2\n", ""
            ),
            (
                ["series", "m"],
                #"{"status":"success","data":[{"__name__":"m","x":"1"},{"__name__":"n"}]}"#,
                "m{x=\"1\"}\nn\n", ""
            ),
            (["labels"], #"{"status":"success","data":["__name__","x"]}"#, "__name__\nx\n", ""),
            (
                ["labels", "x", "--output=json"], #"{"status":"success","data":[]}"#,
                "{\"status\":\"success\",\"data\":[]}\n", ""
            ),
            (
                ["exemplars", "m"],
                #"{"status":"success","data":[{"seriesLabels":{"__name__":"m"},"exemplars":[{"labels":{"trace_id":"t"},"value":"6","timestamp":1700000000.5}]}]}"#,
                "m\n  2023-11-14T22:13:20.500Z  6  {trace_id=\"t\"}\n", ""
            ),
            (
                ["instant", "m", "--explain", "--output=json"],
                #"{"status":"success","data":{"resultType":"vector","result":[],"explain":{"node":"sum","series":1,"samples":2,"bytes":16,"seconds":0.5,"children":[{"node":"m","series":2,"samples":2,"bytes":32,"seconds":0.25,"children":[]}]}}}"#,
                #"{"status":"success","data":{"resultType":"vector","result":[],"explain":{"node":"sum","series":1,"samples":2,"bytes":16,"seconds":0.5,"children":[{"node":"m","series":2,"samples":2,"bytes":32,"seconds":0.25,"children":[]}]}}}"#
                    + "\n\nnode  series  samples  bytes  seconds\nsum   1       2        16     0.5\n"
                    + "  m   2       2        32     0.25\n", ""
            ),
        ] as [([String], String, String, String)])
    func `an answer is shown`(
        words: [String], body: String, output: String, errors: String
    ) async throws {
        let (outcome, _) = try await Self.ask(words, body: body)
        #expect(outcome.output == output)
        #expect(outcome.errors == errors)
        #expect(outcome.status == 0)
    }

    @Test func `a range is drawn as wide as the terminal`() async throws {
        let (outcome, asked) = try await Self.ask(
            ["range", "m", "--start=1700000000", "--end=1700000120", "--step=1m"], body: Self.range)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 18)
        #expect(lines.allSatisfy { $0.count <= 60 })
        #expect(lines[0].hasPrefix("2 ┤"))
        #expect(lines[15].hasPrefix("0 ┤⡠"), "\(outcome.output)")
        #expect(lines[17] == "● m{x=\"1\"}, last 2")
        #expect(asked.hasPrefix("POST /below/api/v1/query_range HTTP/1.1"))
        #expect(asked.contains("query=m&start=1700000000&end=1700000120&step=60"))
    }

    @Test func `credentials come from flags or files`() async throws {
        let folder = try TemporaryFolder()
        let token = try folder.write("hidden\n", to: "token")
        let password = try folder.write("p\n", to: "password")
        let empty = #"{"status":"success","data":[]}"#
        let bearer = try await Self.ask(["labels", "--token-file=\(token)"], body: empty)
        #expect(bearer.asked.contains("Authorization: Bearer hidden\r\n"))
        let basic = try await Self.ask(
            ["labels", "--username=u", "--password-file=\(password)"], body: empty)
        #expect(basic.asked.contains("Authorization: Basic dTpw\r\n"))
    }

    @Test(
        arguments: [
            (
                "sum(up) +", "400 Bad Request",
                #"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:10: parse error: unexpected end of input"}"#,
                "weir query: unexpected end of input\n  sum(up) +\n           ^\n"
            ),
            (
                "\"é\" + foo bar", "400 Bad Request",
                #"{"status":"error","errorType":"bad_data","error":"1:12: parse error: unexpected identifier \"bar\""}"#,
                "weir query: unexpected identifier \"bar\"\n  \"é\" + foo bar\n            ^\n"
            ),
            (
                "up", "422 Unprocessable Entity",
                #"{"status":"error","errorType":"execution","error":"too many samples"}"#,
                "weir query: too many samples\n"
            ),
            (
                "up", "401 Unauthorized", "Unauthorized: no credential\n",
                "weir query: SERVER answers 401 Unauthorized: Unauthorized: no credential\n"
                    + "  --token-file, or --username and --password-file, say who you are\n"
            ),
            (
                "up", "200 OK", "<html>\n<body>",
                "weir query: SERVER answers 200 OK: <html>\n"
            ),
        ])
    func `what is wrong is said where it is`(
        expression: String, status: String, body: String, errors: String
    ) async throws {
        let (outcome, _) = try await Self.ask(["instant", expression], status: status, body: body)
        let server = outcome.errors.firstMatch(of: /http:\/\/127.0.0.1:\d+\/below/)?.output ?? ""
        #expect(outcome.errors == errors.replacing("SERVER", with: server))
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
    }

    @Test func `a server that is away and a wrong time are told with what to do`() async throws {
        let away = try await ChildProcess.run([
            Built.weir, "query", "instant", "--server=127.0.0.1:1", "up",
        ])
        #expect(away.status == 1)
        #expect(away.errors.contains("is a server running at http://127.0.0.1:1? --server=URL"))
        let wrong = try await ChildProcess.run([
            Built.weir, "query", "range", "up", "--start=yesterday",
        ])
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("--start=yesterday is no time; write seconds since 1970"))
    }
}

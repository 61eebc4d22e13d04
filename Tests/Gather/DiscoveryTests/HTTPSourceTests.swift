import Model
import Telemetry
import TestKit
import Testing
import Threads

@testable import Discovery

struct HTTPSourceTests {
    private func source(
        _ server: ScriptedServer, _ more: String = "", every interval: String = "1h",
        registry: MetricRegistry = MetricRegistry()
    ) throws -> any TargetSource {
        try Configured.source(
            """
            http_sd_configs:
              - url: \(server.url("/targets?who=me"))
                refresh_interval: \(interval)
            \(more)
            """, Configured.surroundings(registry: registry))
    }

    @Test func `a list is asked for as Prometheus asks, and its groups know the URL`() async throws
    {
        let server = try ScriptedServer.answering { _ in
            .json(
                "[{\"targets\": [\"a:1\"], \"labels\": {\"x\": \"y\"}}, {\"targets\": [\"b:1\"]}]")
        }
        let url = server.url("/targets?who=me")
        try await source(server, "    basic_auth: {username: me, password: pw}").recorded {
            recorder in
            await recorder.expect { $0.groups.count == 2 }
            #expect(
                recorder.groups.map(\.labels) == [
                    ["__meta_url": url, "x": "y"], ["__meta_url": url],
                ])
            #expect(
                recorder.groups.map(\.targets) == [
                    [["__address__": "a:1"]], [["__address__": "b:1"]],
                ])
        }
        let request = try #require(server.requests.first)
        #expect(request.line == "GET /targets?who=me HTTP/1.1")
        #expect(request["Accept"] == "application/json")
        #expect(request["X-Prometheus-Refresh-Interval-Seconds"] == "3600")
        #expect(request["Authorization"] == "Basic bWU6cHc=")
        #expect(request["User-Agent"]?.hasPrefix("Weir") == true)
    }

    @Test(arguments: [
        (200, "text/plain", "[]", "unsupported content type \"text/plain\""),
        (200, "application/json; charset=latin1", "[]", "unsupported content type"),
        (503, "application/json", "[]", "server returned HTTP status 503"),
        (204, "application/json", "", "server returned HTTP status 204"),
        (200, "application/json", "[{", "this is no JSON"),
        (200, "application/json", "{}", "this is an object, not a list of groups"),
    ])
    func `an answer that is no list keeps the last good one`(
        status: Int, type: String, body: String, words: String
    ) async throws {
        let count = Locked(0)
        let server = try ScriptedServer.answering { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number == 2 {
                return ScriptedAnswer(status, ["Content-Type: \(type)"], body: body)
            }
            return .json("[{\"targets\": [\"a:\(number)\"]}]")
        }
        let registry = MetricRegistry()
        try await source(server, every: "500ms", registry: registry).recorded { recorder in
            await recorder.expect { $0.all.count >= 3 }
            let events = recorder.all
            guard case .replaced(let first) = events[0], case .failed(let reason) = events[1],
                case .replaced(let third) = events[2]
            else {
                Issue.record("\(events)")
                return
            }
            #expect(first[0].targets == [["__address__": "a:1"]])
            #expect(reason.contains(words), "\(reason)")
            #expect(!reason.contains("who=me"))
            #expect(third[0].targets == [["__address__": "a:3"]])
        }
        #expect(TargetFinderTests.values(registry, "weir_sd_http_failures") == [1])
        #expect(TargetFinderTests.values(registry, "weir_sd_refresh_failures") == [1])
    }

    @Test(arguments: [
        ("application/json", true), ("Application/JSON; charset=UTF-8", true),
        ("application/json;charset=\"utf-8\"", true), (" application/json ", true),
        ("application/json; charset=utf-8; x=y", false), ("application/jsonp", false),
        ("application/json;", false), ("", false),
    ])
    func `the content type is JSON in UTF-8`(text: String, isTaken: Bool) {
        #expect(HTTPSource.isJSON(text) == isTaken)
    }

    @Test func `a token of OAuth2 is fetched once and sent along`() async throws {
        let server = try ScriptedServer.answering { request in
            if request.path == "/token" {
                return .json(
                    "{\"access_token\": \"T1\", \"token_type\": \"Bearer\", \"expires_in\": 3600}")
            }
            return request["Authorization"] == "Bearer T1"
                ? .json("[{\"targets\": [\"a:1\"]}]") : ScriptedAnswer(401)
        }
        let auth = """
                oauth2:
                  client_id: me
                  client_secret: hush
                  token_url: \(server.url("/token"))
            """
        try await source(server, auth, every: "500ms").recorded { recorder in
            await recorder.expect { $0.all.count >= 3 }
            #expect(recorder.failures == [])
        }
        #expect(server.requests.filter { $0.path == "/token" }.count == 1)
    }

    @Test func `a server that does not answer in an interval fails`() async throws {
        let server = try ScriptedServer.silent()
        try await source(server, every: "50ms").recorded { recorder in
            await recorder.expect { !$0.failures.isEmpty }
            #expect(recorder.failures[0].contains("no answer within 50ms"))
        }
    }
}

import API
import Access
import HTTPServe
import Model
import Telemetry
import TestKit
import Testing
import Threads

struct RoutesTests {
    @Test(
        arguments: [
            ("GET", "/-/healthy", 200, "Prometheus Server is Healthy.\n"),
            ("GET", "/-/ready", 200, "Prometheus Server is Ready.\n"),
            ("POST", "/-/reload", 200, ""), ("PUT", "/-/reload", 200, ""),
            ("GET", "/-/reload", 405, "Only POST or PUT requests allowed"),
            ("GET", "/-/quit", 405, "Only POST or PUT requests allowed"),
            ("POST", "/-/quit", 200, "Requesting termination... Goodbye!"),
            (
                "GET", "/version", 200,
                #"{"version":"1.2.3","revision":"abc","branch":"","buildUser":"","buildDate":"","goVersion":"swift6.3"}"#
            ),
            (
                "GET", "/api/v1/status/buildinfo", 200,
                #"{"status":"success","data":{"version":"1.2.3","revision":"abc","branch":"","buildUser":"","buildDate":"","goVersion":"swift6.3"}}"#
            ),
            (
                "GET", "/api/v1/status/flags", 200,
                #"{"status":"success","data":{"a":"\u003c1\u003e"}}"#
            ),
            (
                "GET", "/api/v1/status/config", 200,
                #"{"status":"success","data":{"yaml":"global:\n  scrape_interval: 1m\n"}}"#
            ),
        ])
    func `a route answers`(method: String, path: String, status: Int, body: String) async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + path, ["-X", method])
            #expect(answer.status == status)
            #expect(answer.body == body)
            if status == 200, path.contains("api") || path == "/version" {
                #expect(answer["content-type"] == "application/json")
            }
        }
    }

    @Test func `runtime info has Prometheus's members`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { base in
            let body = try await HTTPAnswer.of(base + "/api/v1/status/runtimeinfo").body
            #expect(
                body.hasPrefix(
                    #"{"status":"success","data":{"startTime":"2026-01-02T03:04:05.678Z","CWD":"/"#)
            )
            for member in [
                #""reloadConfigSuccess":true"#, #""lastConfigTime":"2026-01-02T03:04:06.000Z""#,
                #""corruptionCount":0"#, #""storageRetention":"15d""#, #""GOMAXPROCS":"#,
            ] { #expect(body.contains(member), "\(member)") }
        }
    }

    @Test func `a route has no other method, and a path without a route is none`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await live.run { base in
            let other = try await HTTPAnswer.of(base + "/api/v1/status/config", ["-X", "DELETE"])
            #expect(other.status == 405)
            #expect(other["allow"] == "GET, HEAD, OPTIONS")
            let options = try await HTTPAnswer.of(
                base + "/api/v1/status/config", ["-X", "OPTIONS"])
            #expect(options.status == 204)
            for path in ["/nope", "/api/v1/nope", "/-/nope", "/-/healthy/x"] {
                let nothing = try await HTTPAnswer.of(base + path)
                #expect(nothing.status == 404)
                #expect(nothing.body == "404 page not found\n")
            }
            let head = try await HTTPAnswer.of(base + "/-/healthy", ["--head"])
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
        }
    }

    @Test func `before all works and after it stops, only health is told`() async throws {
        let live = try LiveServer()
        try await live.run { base in
            for (state, isStopping) in [(Readiness.State.starting, "false"), (.stopping, "true")] {
                live.readiness.state = state
                #expect(try await HTTPAnswer.of(base + "/-/healthy").status == 200)
                for path in ["/-/ready", "/api/v1/status/config", "/api/v1/status/buildinfo"] {
                    let answer = try await HTTPAnswer.of(base + path)
                    #expect(answer.status == 503)
                    #expect(answer.body == "Service Unavailable")
                    #expect(answer["x-prometheus-stopping"] == isStopping)
                }
                #expect(try await HTTPAnswer.of(base + "/metrics/self").status == 200)
            }
        }
    }

    @Test func `without the lifecycle flag nothing is reloaded and nothing stops`() async throws {
        let live = try LiveServer(lifecycle: false)
        try await live.run { base in
            for path in ["/-/reload", "/-/quit"] {
                let answer = try await HTTPAnswer.of(base + path, ["-X", "POST"])
                #expect(answer.status == 403)
                #expect(answer.body == "Lifecycle API is not enabled.")
            }
            #expect(live.events.withLock { $0 }.isEmpty)
        }
    }

    @Test func `a reload that fails says why`() async throws {
        let live = try LiveServer { throw APIError.internal("prometheus.yml:3:1: no") }
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + "/-/reload", ["-X", "POST"])
            #expect(answer.status == 500)
            #expect(answer.body == "failed to reload config: prometheus.yml:3:1: no\n")
            #expect(live.events.withLock { $0 } == ["reload"])
        }
    }

    @Test(
        arguments: [
            (nil, "text/plain; version=0.0.4; charset=utf-8"),
            ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
            (
                "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            ),
            (
                "text/plain, application/openmetrics-text;q=0.5",
                "text/plain; version=0.0.4; charset=utf-8"
            ),
            (
                "application/openmetrics-text;version=2.0.0,text/plain",
                "text/plain; version=0.0.4; charset=utf-8"
            ),
            (
                "application/openmetrics-text;q=0", "text/plain; version=0.0.4; charset=utf-8"
            ),
        ] as [(String?, String)])
    func `Weir's own metrics come in the form that is asked for`(
        accept: String?, type: String
    ) async throws {
        let live = try LiveServer()
        live.registry.counter("weir_tries_total", "Tries.").add(3)
        try await live.run { base in
            let answer = try await HTTPAnswer.of(
                base + "/metrics/self", ["-H", accept.map { "Accept: \($0)" } ?? "Accept:"])
            #expect(answer["content-type"] == type)
            #expect(answer.body.contains("\nweir_tries_total 3\n"))
            #expect(answer.body.hasSuffix("# EOF\n") == type.hasPrefix("application"))
        }
    }

    @Test func `what promtool reads of Weir's own metrics has no error`() async throws {
        let live = try LiveServer()
        live.registry.counter("weir_tries_total", "Tries.", ["a": "\"\\\n"]).add(3)
        live.registry.timing("weir_x_seconds", "X.").record(.milliseconds(5))
        try await live.run { base in
            let folder = try TemporaryFolder()
            let body = try await HTTPAnswer.of(base + "/metrics/self").body
            let path = try folder.write(body, to: "metrics")
            let outcome = try await ChildProcess.run([
                "sh", "-c", "promtool check metrics < \(path)",
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test func `below a prefix the routes are there and nowhere else`() async throws {
        let live = try LiveServer(prefix: "/weir")
        try await live.run { base in
            let below = try await HTTPAnswer.of(base + "/weir/-/healthy")
            #expect(below.status == 200)
            let beside = try await HTTPAnswer.of(base + "/-/healthy")
            #expect(beside.status == 404)
        }
    }
}

import API
import Access
import HTTPServe
import Model
import Telemetry
import TestKit
import Testing
import Threads

struct AccessGateTests {
    private func credential(
        _ name: String, _ permissions: Set<Permission>, kind: CredentialKind = .bearer,
        binding: [Matcher] = [], networks: [String] = [], expires: String? = nil
    ) throws -> Credential {
        try CredentialSettings(
            name: name, kind: kind, secret: .plain("\(name)-secret"), permissions: permissions,
            binding: binding, networks: networks.map { try Network($0) },
            expires: expires.flatMap { Timestamp(rfc3339: $0) }
        ).credential()
    }

    private func bearer(_ secret: String) -> [String] { ["-H", "Authorization: Bearer \(secret)"] }

    @Test func `on a guarded address every route but health asks for a credential`() async throws {
        let live = try LiveServer([credential("a", [.admin])], access: .guarded)
        live.readiness.state = .ready
        try await live.run { base in
            for path in ["/-/healthy", "/-/ready"] {
                #expect(try await HTTPAnswer.of(base + path).status == 200)
            }
            for path in [
                "/", "/version", "/metrics/self", "/api/v1/status/config", "/-/reload", "/nope",
                "/api/v1/query", "/-/healthy/..%2fversion",
            ] {
                let answer = try await HTTPAnswer.of(base + path)
                #expect(answer.status == 401 || answer.status == 400, "\(path)")
            }
            let answer = try await HTTPAnswer.of(base + "/metrics/self")
            #expect(answer.body == "Unauthorized: a credential is needed\n")
            #expect(answer.values("www-authenticate") == [#"Bearer realm="weir""#])
            #expect(answer["content-type"] == "text/plain; charset=utf-8")
            let path = base + "/metrics/self"
            #expect(try await HTTPAnswer.of(path, bearer("a-secret")).status == 200)
            #expect(
                try await HTTPAnswer.of(base + "/nope", bearer("a-secret")).body
                    == "404 page not found\n")
        }
    }

    @Test func `each refusal has its status, its body and its fields`() async throws {
        let live = try LiveServer(
            [
                credential("reader", [.metricsRead]),
                credential("far", [.admin], networks: ["203.0.113.0/24"]),
                credential("old", [.admin], expires: "2020-01-01"),
                credential("user", [.query], kind: .basic),
            ], access: .guarded)
        live.readiness.state = .ready
        try await live.run { base in
            let path = base + "/api/v1/status/buildinfo"
            let unknown = try await HTTPAnswer.of(path, bearer("nobody"))
            #expect(unknown.status == 401)
            #expect(unknown.body == "Unauthorized: this credential is not known\n")
            #expect(
                unknown.values("www-authenticate") == [
                    #"Basic realm="weir", charset="UTF-8""#,
                    #"Bearer realm="weir", error="invalid_token""#,
                ])
            let old = try await HTTPAnswer.of(path, bearer("old-secret"))
            #expect(old.status == 401)
            #expect(old.body == "Unauthorized: this credential has expired\n")
            let far = try await HTTPAnswer.of(path, bearer("far-secret"))
            #expect(far.status == 403)
            #expect(far.body == "Forbidden: this credential may not be used from here\n")
            let lacks = try await HTTPAnswer.of(path, bearer("reader-secret"))
            #expect(lacks.status == 403)
            #expect(
                lacks.body == "Forbidden: this credential does not have the permission query\n")
            #expect(
                lacks["www-authenticate"]
                    == #"Bearer realm="weir", error="insufficient_scope", scope="query""#)
            let user = try await HTTPAnswer.of(path, ["-u", "user:user-secret"])
            #expect(user.status == 200)
            // One more attempt comes back every few seconds, which a slow machine may need.
            var held = try await HTTPAnswer.of(path, bearer("guess"))
            for _ in 0..<100 where held.status == 401 {
                held = try await HTTPAnswer.of(path, bearer("guess"))
            }
            #expect(held.status == 429)
            #expect(held.body == "Too Many Requests: too many failed attempts; try again later\n")
            #expect((1...6).contains(held["retry-after"].flatMap { Int($0) } ?? 0))
            // Who had been in goes on.
            #expect(try await HTTPAnswer.of(path, ["-u", "user:user-secret"]).status == 200)
        }
    }

    @Test func `every form that clients have is understood`() async throws {
        let live = try LiveServer(
            [
                credential("b", [.metricsRead]),
                credential("m", [.metricsRead], kind: .metricsToken),
                credential("k", [.metricsRead], kind: .apiKey),
                credential("u", [.metricsRead], kind: .basic),
            ], access: .guarded)
        try await live.run { base in
            for words in [
                bearer("b-secret"), ["-H", "Authorization: Token b-secret"],
                ["-H", "Authorization: token=b-secret"], ["-H", "Authorization: Metrics m-secret"],
                ["-H", "X-Api-Key: k-secret"], ["-u", "u:u-secret"], ["-u", "anyone:m-secret"],
            ] {
                let answer = try await HTTPAnswer.of(base + "/metrics/self", words)
                #expect(answer.status == 200, "\(words)")
            }
            let twice = bearer("b-secret") + bearer("b-secret")
            #expect(try await HTTPAnswer.of(base + "/metrics/self", twice).status == 401)
        }
    }

    @Test func `a binding holds on every route, by where series are selected`() async throws {
        let all: [Labels] = [
            ["__name__": "up", "tenant": "a"], ["__name__": "up", "tenant": "b"],
        ]
        let source = FixedSeries(all: all)
        // A route that knows nothing of bindings, as later ones will be.
        let series = Route([.get], "/all", requirement: RouteAccess(.permission(.query))) {
            let seen = try await $0.caller.view(of: source).series(
                matching: [], in: .distantPast ... .distantFuture)
            return .text(seen.map { "\($0.labels)\n" }.joined())
        }
        let live = try LiveServer(
            [
                credential(
                    "a", [.query, .metricsRead], binding: [Matcher("tenant", equals: "a")]),
                credential("all", [.query]),
            ], access: .guarded, extra: [series], source: source)
        live.registry.counter("weir_by_total", "By.", ["tenant": "a"]).add()
        live.registry.counter("weir_by_total", "By.", ["tenant": "b"]).add()
        try await live.run { base in
            let bound = try await HTTPAnswer.of(base + "/all", bearer("a-secret")).body
            #expect(bound == "{__name__=\"up\", tenant=\"a\"}\n")
            let unbound = try await HTTPAnswer.of(base + "/all", bearer("all-secret")).body
            #expect(unbound.split(separator: "\n").count == 2)
            let own = try await HTTPAnswer.of(base + "/metrics/self", bearer("a-secret")).body
            #expect(
                own == """
                    # HELP weir_by_total By.
                    # TYPE weir_by_total counter
                    weir_by_total{tenant="a"} 1

                    """)
        }
    }

    @Test func `a request that no gate has seen sees nothing`() async throws {
        let request = ServerRequest(.get, "/all")
        #expect(request.caller.permissions.isEmpty)
        let source = FixedSeries(all: [["__name__": "a"], ["__name__": "b"], ["x": "y"]])
        let seen = try await request.caller.view(of: source).series(
            matching: [], in: .distantPast ... .distantFuture)
        #expect(seen.isEmpty)
    }

    @Test func `a limit on all requests answers 429, and health goes on`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        var config = WebConfig()
        let folder = try TemporaryFolder()
        config = try WebConfig(
            file: folder.write("rate_limit: {interval: 1h, burst: 2}", to: "web.yml"))
        live.bucket.set(config.rateLimit)
        try await live.run { base in
            #expect(try await HTTPAnswer.of(base + "/version").status == 200)
            #expect(try await HTTPAnswer.of(base + "/version").status == 200)
            let third = try await HTTPAnswer.of(base + "/version")
            #expect(third.status == 429)
            #expect(third.body == "Too Many Requests\n")
            #expect(try await HTTPAnswer.of(base + "/-/ready").status == 200)
        }
    }

    @Test func `a dialect refuses in a shape of its own`() async throws {
        let access = RouteAccess(.credential) { refusal in
            .json(
                Array(#"{"error":{"message":"\#(refusal.message)"}}"#.utf8), status: refusal.status)
        }
        let route = Route([.get], "/api/v0/org", requirement: access) { _ in .text("") }
        let live = try LiveServer(
            [credential("a", [.query])], access: .guarded, extra: [route])
        try await live.run { base in
            let answer = try await HTTPAnswer.of(base + "/api/v0/org")
            #expect(answer.status == 401)
            #expect(answer.body == #"{"error":{"message":"a credential is needed"}}"#)
            #expect(answer["content-type"] == "application/json")
        }
    }
}

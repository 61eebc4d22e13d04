import API
import Access
import Head
import Model
import Relay
import Telemetry
import TestKit
import Testing

/// `/metrics` and `/federate` over a head that two targets fill.
struct RelayHandlersTests {
    private static let now = WallClock.now

    /// Two targets: one tells of counters as OpenMetrics does, one as the classic text.
    private func filled(_ live: LiveServer) async throws {
        try await tell(
            live, "a",
            [
                (["__name__": "level", "job": "a"], 1.5),
                (["__name__": "asked_total", "job": "a", "code": "200"], 7),
                (["__name__": "gone", "job": "a"], StaleMarker.value),
            ],
            [
                FamilyMetadata(
                    family: "level", metadata: .init(type: .gauge, help: "How high.")),
                FamilyMetadata(
                    family: "asked", metadata: .init(type: .counter, help: "Who asked.")),
            ])
        try await tell(
            live, "b",
            [
                (["__name__": "asked_total", "job": "b"], 9),
                (["__name__": "endless", "job": "b"], .infinity),
            ],
            [
                FamilyMetadata(
                    family: "asked_total", metadata: .init(type: .counter, help: "Who asked."))
            ])
    }

    private func tell(
        _ live: LiveServer, _ target: String, _ samples: [(Labels, Double)],
        _ metadata: [FamilyMetadata]
    ) async throws {
        let clock = try await live.head.open(
            ClockKey(kind: .scrape, name: target, place: target), interval: nil)
        var batch = SampleBatch(time: Self.now)
        for (number, sample) in samples.enumerated() {
            batch.newSeries.append(NewSeries(number: UInt32(number), labels: sample.0))
            batch.series.append(UInt32(number))
            batch.values.append(sample.1)
        }
        batch.metadata = metadata
        try clock.append(batch)
    }

    /// The lines of `body` that are not Weir's own.
    private func lines(_ body: String) -> [String] {
        body.split(separator: "\n").map(String.init).filter { line in
            !["weir_", "prometheus_", "process_"].contains { line.contains(" \($0)") }
                && !["weir_", "prometheus_", "process_"].contains { line.hasPrefix($0) }
        }
    }

    private func answer(
        _ path: String, _ words: [String] = [], relay: RelayOptions = RelayOptions(),
        credentials: [Credential] = []
    ) async throws -> HTTPAnswer {
        let live = try LiveServer(
            credentials, access: credentials.isEmpty ? .open : .guarded, relay: relay)
        live.readiness.state = .ready
        try await filled(live)
        var answer: HTTPAnswer?
        try await live.run { base in
            answer = try await HTTPAnswer.of(base + path, ["--globoff"] + words)
        }
        return try #require(answer)
    }

    @Test func `all targets are one body, families whole, with their types and help`() async throws
    {
        let answer = try await answer("/metrics")
        #expect(
            lines(answer.body) == [
                "# HELP asked_total Who asked.", "# TYPE asked_total counter",
                #"asked_total{code="200",job="a"} 7"#, #"asked_total{job="b"} 9"#,
                "# TYPE endless untyped", #"endless{job="b"} +Inf"#,
                "# HELP level How high.", "# TYPE level gauge", #"level{job="a"} 1.5"#,
            ])
    }

    @Test func `OpenMetrics has its own names and its end`() async throws {
        let answer = try await answer(
            "/metrics", ["-H", "Accept: application/openmetrics-text; version=1.0.0"])
        let lines = lines(answer.body)
        #expect(lines.contains("# TYPE asked counter"))
        #expect(lines.last == "# EOF")
        #expect(answer["content-type"]?.hasPrefix("application/openmetrics-text") == true)
    }

    @Test func `selectors, jobs and settings decide what is shown`() async throws {
        var options = RelayOptions()
        options.dropsInfinite = true
        options.externalLabels = ["region": "north", "job": "x"]
        options.timestamps = true
        let answer = try await answer("/metrics?job=b", relay: options)
        #expect(
            answer.body.split(separator: "\n").last.map(String.init)
                == #"asked_total{job="b",region="north"} 9 \#(Self.now.milliseconds)"#)
        #expect(!answer.body.contains("endless"))
        let refused = try await self.answer("/metrics?max_age=long")
        #expect(refused.status == 400)
    }

    @Test func `a body for Weir itself holds nothing that it scraped`() async throws {
        let answer = try await answer("/metrics", ["-A", "Weir/1.2.3 (me)"])
        #expect(answer.status == 200)
        #expect(lines(answer.body).isEmpty)
    }

    @Test func `a federating Prometheus gets what it knows`() async throws {
        let answer = try await answer("/federate?match[]=asked_total&match[]={job=\"b\"}")
        let time = Self.now.milliseconds
        #expect(
            answer.body == """
                # TYPE asked_total untyped
                asked_total{code="200",job="a",instance=""} 7 \(time)
                asked_total{job="b",instance=""} 9 \(time)
                # TYPE endless untyped
                endless{job="b",instance=""} +Inf \(time)

                """)
        #expect(try await self.answer("/federate").body.isEmpty)
        #expect(try await self.answer("/federate?match[]={").status == 400)
    }

    @Test func `a reader that has the body is told that it has`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await filled(live)
        try await live.run { base in
            let first = try await HTTPAnswer.of(base + "/metrics?job=b")
            let tag = try #require(first["etag"])
            #expect(tag.hasPrefix("W/\""))
            for known in [tag, "\"x\", \(tag)", "*"] {
                let again = try await HTTPAnswer.of(
                    base + "/metrics?job=b", ["-H", "If-None-Match: \(known)"])
                #expect(again.status == 304)
                #expect(again.body.isEmpty)
                #expect(again["etag"] == tag)
            }
            try await tell(live, "b", [(["__name__": "new", "job": "b"], 1)], [])
            let other = try await HTTPAnswer.of(
                base + "/metrics?job=b", ["-H", "If-None-Match: \(tag)"])
            #expect(other.status == 200)
            #expect(other["etag"] != tag)
        }
    }

    @Test func `since a cursor there is only what is new`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await filled(live)
        try await live.run { base in
            let first = try await HTTPAnswer.of(base + "/metrics?match[]={job!=''}", ["--globoff"])
            let cursor = try #require(first["weir-cursor"])
            #expect(first["weir-part"] == nil)
            try await tell(live, "c", [(["__name__": "new", "job": "c"], 1)], [])
            let part = try await HTTPAnswer.of(
                base + "/metrics?match[]={job!=''}&since=\(cursor)",
                ["--globoff", "-H", "Accept: application/openmetrics-text"])
            #expect(part["weir-part"] == "since")
            #expect(part["content-type"]?.hasPrefix("text/plain") == true)
            #expect(part.body == "# TYPE new untyped\nnew{job=\"c\"} 1\n")
        }
    }

    @Test func `a packed body is the same body, for every reader that unpacks`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        try await filled(live)
        try await live.run { base in
            let path = base + "/metrics?job=a&job=b"
            let plain = try await HTTPAnswer.of(path).body
            #expect(plain.contains("level{"))
            for coding in ["gzip", "zstd", "deflate"] {
                let packed = try await HTTPAnswer.of(
                    path, ["--compressed", "-H", "Accept-Encoding: \(coding)"])
                #expect(packed.body == plain)
                // A short body is packed only where it is packed already.
                #expect(packed["content-encoding"] == (coding == "gzip" ? coding : nil))
            }
        }
    }

    @Test func `a credential that is bound to labels sees its series alone`() async throws {
        func credential(_ name: String, _ binding: [Matcher]) throws -> Credential {
            try CredentialSettings(
                name: name, kind: .bearer, secret: .plain("\(name)-secret"),
                permissions: [.metricsRead], binding: binding, networks: [], expires: nil
            ).credential()
        }
        let live = try LiveServer(
            [credential("all", []), credential("b", [Matcher("job", equals: "b")])],
            access: .guarded)
        live.readiness.state = .ready
        try await filled(live)
        try await live.run { base in
            for path in ["/metrics", "/federate?match[]={job=~'.%2B'}"] {
                func get(_ token: String) async throws -> String {
                    try await HTTPAnswer.of(
                        base + path, ["--globoff", "-H", "Authorization: Bearer \(token)"]
                    ).body
                }
                let all = try await get("all-secret")
                #expect(all.contains("job=\"a\"") && all.contains("job=\"b\""))
                let own = try await get("b-secret")
                #expect(!own.contains("job=\"a\"") && own.contains("job=\"b\""))
            }
        }
    }

    @Test func `readers that do not read, or go, keep nobody else waiting`() async throws {
        let live = try LiveServer()
        live.readiness.state = .ready
        let long = String(repeating: "x", count: 600)
        let series = (0..<20_000).map { number -> (Labels, Double) in
            (["__name__": "long", "n": "\(number)", "text": long], 1)
        }
        try await tell(live, "a", series, [])
        func readers() -> Double? {
            live.registry.snapshot().first { $0.name == "weir_relay_readers" }?.lines.first?.value
        }
        try await live.run { base in
            let port = try #require(UInt16(base.split(separator: ":").last ?? ""))
            let slow = try (0..<3).map { _ in try RawConnection(port: port) }
            for connection in slow {
                await connection.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            }
            let areReading = try await eventually { readers() == 3 }
            #expect(areReading)
            let outcome = try await ChildProcess.run([
                "sh", "-c", "curl -sS --max-time 60 '\(base)/metrics' | grep -c '^long{'",
            ])
            #expect(outcome.output == "20000\n", "\(outcome.errors)")
            #expect(readers() == 3)
            for connection in slow { await connection.close(hard: true) }
            // Whoever writes for them hears of it on the pool, which hundreds of tests share.
            let areGone = try await eventually(within: .seconds(120)) { readers() == 0 }
            #expect(areGone)
        }
    }
}

import API
import Access
import Configuration
import Discovery
import HTTPFetch
import Model
import Scraping
import Telemetry
import TestKit
import Testing

/// Keeps nothing.
private struct NoSink: SampleSink, SampleClock {
    func open(_ key: ClockKey, interval: TimeSpan?) async throws(SinkError) -> any SampleClock {
        self
    }
    func settle() async throws(SinkError) {}
    func append(_ batch: borrowing SampleBatch) throws(SinkError) {}
    func close() {}
}

struct TargetHandlersTests {
    private static let body = "# HELP a what it is\n# TYPE a gauge\na{x=\"y\"} 1.5\nb 2\n"

    /// A scraper with a good target, a bad one and a dropped one, each scraped once.
    private func scraped(_ body: (TargetAccess, Int) async throws -> Void) async throws {
        let server = try ScriptedServer.answering { request in
            request.path == "/metrics"
                ? ScriptedAnswer(200, ["Content-Type: text/plain"], body: Self.body)
                : ScriptedAnswer(503, ["Content-Type: text/html"], body: "<b>busy</b>")
        }
        let folder = try TemporaryFolder("targets")
        let path = try folder.write(
            """
            global: {scrape_interval: 400ms, scrape_timeout: 400ms}
            scrape_configs:
              - job_name: good
                static_configs: [{targets: ["127.0.0.1:\(server.port)"], labels: {team: red}}]
              - job_name: bad
                metrics_path: /busy
                static_configs: [{targets: ["127.0.0.1:\(server.port)"], labels: {team: blue}}]
              - job_name: none
                relabel_configs: [{action: drop}]
                static_configs: [{targets: ["gone:1"]}]
            """, to: "prometheus.yml")
        let (client, registry) = (HTTPClient(), MetricRegistry())
        let finder = TargetFinder(
            SourceSurroundings(client: client, log: .silent, registry: registry),
            pause: .milliseconds(10))
        let scraper = Scraper(
            sink: NoSink(), finder: finder, client: client, registry: registry, log: .silent)
        let task = Task { await scraper.run() }
        defer { task.cancel() }
        await scraper.apply(try ConfigLoader.load(path).config, seriesBudget: 1)
        let came = try await eventually {
            let status = await scraper.status()
            return status.count == 2 && status.allSatisfy { $0.health != .unknown }
        }
        #expect(came)
        try await body(TargetAccess(scraper, finder: finder), server.port)
    }

    @Test func `targets are shown as Prometheus shows them, and with more`() async throws {
        try await scraped { scraper, port in
            let live = try LiveServer(targets: scraper)
            live.readiness.state = .ready
            try await live.run { url in
                let answer = try await HTTPAnswer.of("\(url)/api/v1/targets")
                #expect(answer.status == 200)
                for part in [
                    #""labels":{"instance":"127.0.0.1:\#(port)","job":"good","team":"red"}"#,
                    #""__metrics_path__":"/metrics""#, #""scrapePool":"good""#,
                    #""scrapeUrl":"http://127.0.0.1:\#(port)/metrics""#,
                    #""lastError":"","lastScrape":"20"#, #""health":"up""#,
                    #""scrapeInterval":"400ms","scrapeTimeout":"400ms""#,
                    #""health":"down""#, #""lastError":"server returned HTTP status 503 "#,
                    #""lastBodyBytes":\#(Self.body.utf8.count)"#, #""lastSamples":2"#, #""parse":"#,
                    #""droppedTargetCounts":{"bad":0,"good":0,"none":1}"#,
                    #""seriesBudgets":{"bad":{"limit":1,"series":0,"refused":0,"examples":[]},"good":{"limit":1,"series":1,"refused":1"#,
                ] {
                    #expect(answer.body.contains(part), "\(part) is not in \(answer.body)")
                }
                let dropped = try await HTTPAnswer.of("\(url)/api/v1/targets?state=dropped")
                #expect(dropped.body.contains(#""activeTargets":[],"droppedTargets":[{"#))
                #expect(dropped.body.contains(#""__address__":"gone:1""#))
                let active = try await HTTPAnswer.of(
                    "\(url)/api/v1/targets?state=active&scrapePool=bad")
                #expect(active.body.contains(#""droppedTargets":[],"droppedTargetCounts":null"#))
                #expect(!active.body.contains(#""scrapePool":"good""#))
                let pools = try await HTTPAnswer.of("\(url)/api/v1/scrape_pools")
                #expect(
                    pools.body
                        == #"{"status":"success","data":{"scrapePools":["bad","good","none"]}}"#)
            }
        }
    }

    @Test func `metadata is what the targets say`() async throws {
        try await scraped { scraper, port in
            let live = try LiveServer(targets: scraper)
            live.readiness.state = .ready
            try await live.run { url in
                let all = try await HTTPAnswer.of("\(url)/api/v1/metadata")
                #expect(
                    all.body
                        == #"{"status":"success","data":{"a":[{"type":"gauge","help":"what it is","unit":""}]}}"#
                )
                let target = try await HTTPAnswer.of("\(url)/api/v1/targets/metadata?metric=a")
                #expect(
                    target.body
                        == #"{"status":"success","data":[{"target":{"instance":"127.0.0.1:\#(port)","job":"good","team":"red"},"type":"gauge","help":"what it is","unit":""}]}"#
                )
                let none = try await HTTPAnswer.of(
                    "\(url)/api/v1/targets/metadata?match_target=%7Bjob=%22bad%22%7D")
                #expect(none.body == #"{"status":"success","data":[]}"#)
            }
        }
    }

    @Test func `the last body of a target is shown, and the last failing one`() async throws {
        try await scraped { scraper, port in
            let live = try LiveServer(targets: scraper)
            live.readiness.state = .ready
            try await live.run { url in
                let good = try await HTTPAnswer.of(
                    "\(url)/api/v1/targets/body?target=http://127.0.0.1:\(port)/metrics")
                #expect(good.body == Self.body)
                #expect(good["x-weir-scrape-status"] == "200")
                let bad = try await HTTPAnswer.of(
                    "\(url)/api/v1/targets/body?failing=true&target=http://127.0.0.1:\(port)/busy")
                #expect(bad.body == "<b>busy</b>")
                #expect(bad["x-weir-scrape-status"] == "503")
                #expect(bad["content-type"] == "text/plain; charset=utf-8")
                let none = try await HTTPAnswer.of("\(url)/api/v1/targets/body?target=http://x/")
                #expect(none.status == 404)
                #expect(try await HTTPAnswer.of("\(url)/api/v1/targets/body").status == 400)
            }
        }
    }

    @Test func `whoever is bound to labels sees the targets that have them`() async throws {
        try await scraped { scraper, port in
            let credential = try CredentialSettings(
                name: "red", kind: .bearer, secret: .plain("s3cret-of-the-red-team"),
                permissions: [.query], binding: [Matcher("team", equals: "red")]
            ).credential()
            let live = try LiveServer([credential], access: .guarded, targets: scraper)
            live.readiness.state = .ready
            try await live.run { url in
                let words = ["-H", "Authorization: Bearer s3cret-of-the-red-team"]
                let targets = try await HTTPAnswer.of("\(url)/api/v1/targets", words)
                #expect(targets.body.contains(#""scrapePool":"good""#))
                #expect(!targets.body.contains("bad") && !targets.body.contains("gone"))
                let body = try await HTTPAnswer.of(
                    "\(url)/api/v1/targets/body?failing=true&target=http://127.0.0.1:\(port)/busy",
                    words)
                #expect(body.status == 404)
            }
        }
    }
}

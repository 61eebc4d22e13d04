import Configuration
import Discovery
import HTTPFetch
import Model
import Telemetry
import TestKit
import Testing

@testable import API
@testable import Scraping

struct TargetRoutesTests {
    private static let config = """
        scrape_configs:
          - job_name: node
            metrics_path: /m
            relabel_configs:
              - {source_labels: [__address__], regex: '(.+):\\d+', target_label: host}
              - {source_labels: [host], regex: 'old.*', action: drop}
              - {source_labels: [host], regex: bad, target_label: __address__, replacement: a/b}
          - job_name: other

        """

    /// A job with an active, a dropped and a failed target, and one without targets.
    private func access() async throws -> TargetAccess {
        let folder = try TemporaryFolder()
        let path = try folder.write(Self.config, to: "prometheus.yml")
        let config = try ConfigLoader.load(path).config
        var jobs: [String: JobTargets] = [:]
        for job in config.scrapeConfigs {
            jobs[job.jobName] = JobTargets(TargetRules(job))
        }
        await jobs["node"]?.update([
            TargetGroup(
                source: "0",
                targets: [
                    ["__address__": "localhost:1"], ["__address__": "old1:1"],
                    ["__address__": "bad:1"],
                ],
                labels: ["team": "a"])
        ])
        let found = jobs
        let active = (jobs["node"]?.active ?? []).map { target in
            TargetStatus(
                job: "node", url: target.url, labels: target.labels,
                discovered: found["node"]?.rules.discovered(target.found) ?? Labels(),
                health: .up, lastError: nil, lastScrape: Timestamp(milliseconds: 1_767_323_046_000),
                lastDuration: .milliseconds(1500), interval: target.interval,
                timeout: target.timeout, nextScrape: nil, timings: TransferTimings(),
                parsing: .zero, bodyBytes: 10, transferredBytes: 5, samples: 3, keptSamples: 3,
                samplesOverBudget: 0, series: 4, skippedTicks: 0, authProfile: nil, token: nil)
        }
        let source = await state()
        return TargetAccess(
            active: { active }, jobs: { found }, sources: { source },
            outside: .init(scheme: "https", host: "weir.example:8443", ownPort: 9090))
    }

    /// The sources of a finder without jobs.
    private func state() async -> [SourceState] {
        let surroundings = SourceSurroundings(
            client: HTTPClient(), log: .silent, registry: .init())
        return TargetFinder(surroundings).states
    }

    private func answer(
        _ path: String, _ words: [String] = []
    ) async throws -> HTTPAnswer {
        let live = try LiveServer(targets: try await access())
        live.readiness.state = .ready
        var answer: HTTPAnswer?
        try await live.run { base in
            answer = try await HTTPAnswer.of(base + "/api/v1" + path, words)
        }
        return try #require(answer)
    }

    private let active =
        #"{"discoveredLabels":{"__address__":"localhost:1","__metrics_path__":"/m","__scheme__":"http","__scrape_interval__":"30s","__scrape_timeout__":"10s","job":"node","team":"a"},"labels":{"host":"localhost","instance":"localhost:1","job":"node","team":"a"},"scrapePool":"node","scrapeUrl":"http://localhost:1/m","globalUrl":"http://weir.example:1/m","lastError":"","lastScrape":"2026-01-02T03:04:06.000Z","lastScrapeDuration":1.5,"health":"up","scrapeInterval":"30s","scrapeTimeout":"10s","lastSamples":3,"lastBodyBytes":10,"series":4,"skippedScrapes":0,"phases":{"dns":0,"connect":0,"tls":0,"firstByte":0,"body":0,"parse":0},"transferredBytes":5,"keptSamples":3,"samplesOverBudget":0}"#
    private let dropped =
        #"{"discoveredLabels":{"__address__":"old1:1","__metrics_path__":"/m","__scheme__":"http","__scrape_interval__":"30s","__scrape_timeout__":"10s","job":"node","team":"a"},"scrapePool":"node","droppedByRule":2,"rule":"{source_labels: [host], regex: \"old.*\", action: drop}"}"#

    @Test func `targets are listed with what Prometheus says of them`() async throws {
        let both = try await answer("/targets").body
        #expect(
            both == #"{"status":"success","data":{"activeTargets":["# + active
                + #"],"droppedTargets":["# + dropped
                + #"],"droppedTargetCounts":{"node":1,"other":0}}}"#)
        #expect(try await answer("/targets?state=ANY").body == both)
        #expect(
            try await answer("/targets?state=active").body
                == #"{"status":"success","data":{"activeTargets":["# + active
                + #"],"droppedTargets":[],"droppedTargetCounts":null}}"#)
        #expect(
            try await answer("/targets?state=dropped").body
                == #"{"status":"success","data":{"activeTargets":[],"droppedTargets":["#
                + dropped + #"],"droppedTargetCounts":{"node":1,"other":0}}}"#)
        #expect(
            try await answer("/targets?scrapePool=other").body
                == #"{"status":"success","data":{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{"other":0}}}"#
        )
    }

    @Test func `scrape pools are the jobs`() async throws {
        #expect(
            try await answer("/scrape_pools").body
                == #"{"status":"success","data":{"scrapePools":["node","other"]}}"#)
    }

    @Test func `relabel steps show the labels after each rule`() async throws {
        func steps(_ pool: String, _ labels: String) async throws -> HTTPAnswer {
            try await answer(
                "/targets/relabel_steps",
                [
                    "-G", "--data-urlencode", "scrapePool=\(pool)", "--data-urlencode",
                    "labels=\(labels)",
                ])
        }
        let body = try await steps("node", #"{"__address__":"old1:1"}"#).body
        #expect(
            body
                == #"{"status":"success","data":{"steps":[{"rule":{"sourceLabels":["__address__"],"separator":";","regex":"(.+):\\d+","targetLabel":"host","replacement":"$1","action":"replace"},"output":{"__address__":"old1:1","host":"old1"},"keep":true},{"rule":{"sourceLabels":["host"],"separator":";","regex":"old.*","replacement":"$1","action":"drop"},"output":{},"keep":false}]}}"#
        )
        for (pool, labels, words) in [
            ("", "{}", "no scrapePool parameter provided"),
            ("node", "", "no labels parameter provided"),
            ("node", "[", "unable to parse labels: line 1"),
            ("node", "[1]", "unable to parse labels: they are a list, not an object"),
            ("node", "{\"a\":1}", "unable to parse labels: a is a number, not a text"),
        ] {
            let answer = try await steps(pool, labels)
            #expect(answer.status == 400)
            #expect(answer.body.contains(words), "\(answer.body)")
        }
        #expect(try await steps("nod", "{}").status == 404)
    }

    @Test func `service discovery says what failed`() async throws {
        let body = try await answer("/service_discovery").body
        #expect(
            body
                == #"{"status":"success","data":{"sources":[],"jobs":[{"scrapePool":"node","active":1,"dropped":1,"failed":1,"limitError":"","failures":[{"discoveredLabels":{"__address__":"bad:1","__metrics_path__":"/m","__scheme__":"http","__scrape_interval__":"30s","__scrape_timeout__":"10s","job":"node","team":"a"},"source":"0","error":"\"a/b\" is not a valid hostname; put the path into __metrics_path__"}]},{"scrapePool":"other","active":0,"dropped":0,"failed":0,"limitError":"","failures":[]}]}}"#
        )
    }

    @Test(arguments: [
        ("http://localhost:9090/m", "https://weir.example:8443/m"),
        ("http://127.0.0.1:1/m?a=b", "http://weir.example:1/m?a=b"),
        ("http://[::1]:1", "http://weir.example:1"), ("http://db:9090/m", "http://db:9090/m"),
        ("http://localhost/m", "http://localhost/m"), ("nonsense", "nonsense"),
    ])
    func `localhost has another name outside`(url: String, outside: String) {
        let here = TargetAccess.Outside(
            scheme: "https", host: "weir.example:8443", ownPort: 9090)
        #expect(here.url(url) == outside)
    }
}

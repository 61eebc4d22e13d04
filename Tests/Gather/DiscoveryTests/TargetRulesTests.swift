import Configuration
import Discovery
import Model
import Relabeling
import Testing

struct TargetRulesTests {
    private func outcome(
        _ job: String, own: Labels, group: Labels = Labels()
    ) throws -> TargetOutcome {
        try TargetRules(Configured.job(job)).outcome(of: FoundTarget(own: own, group: group))
    }

    private func target(
        _ job: String, own: Labels = ["__address__": "a:1"], group: Labels = Labels()
    ) throws -> ScrapeTarget {
        let outcome = try outcome(job, own: own, group: group)
        guard case .target(let target) = outcome else { throw Unexpected(outcome: outcome) }
        return target
    }

    private struct Unexpected: Error { let outcome: TargetOutcome }

    /// A relabel rule that sets `label` to `text`.
    private func setting(_ label: String, _ text: String) -> String {
        "relabel_configs: [{target_label: \(label), replacement: \"\(text)\"}]"
    }

    @Test func `a target gets its job's defaults`() throws {
        let target = try target(
            """
            scrape_interval: 1m
            scrape_timeout: 5s
            metrics_path: /m
            scheme: https
            params: {module: [http, tcp], empty: []}
            """, own: ["__address__": "db", "__meta_x": "y", "zone": "eu"], group: ["team": "a"])
        #expect(
            target.relabeled == [
                "__address__": "db", "__metrics_path__": "/m", "__param_module": "http",
                "__scheme__": "https", "__scrape_interval__": "1m", "__scrape_timeout__": "5s",
                "instance": "db", "job": "test", "team": "a", "zone": "eu",
            ])
        #expect(
            target.labels == ["instance": "db", "job": "test", "team": "a", "zone": "eu"])
        #expect(target.url == "https://db/m?module=http&module=tcp")
        #expect(target.interval == .minutes(1))
        #expect(target.timeout == .seconds(5))
        #expect(target.unixSocket == nil)
        #expect(target.authProfile == nil)
    }

    @Test func `the target comes before its group, and its group before its job`() throws {
        let target = try target(
            "metrics_path: /job",
            own: ["__address__": "a:1", "job": "mine", "x": "own"],
            group: [
                "job": "ours", "x": "group", "y": "group", "__metrics_path__": "/group",
                "__address__": "never",
            ])
        #expect(target.labels == ["instance": "a:1", "job": "mine", "x": "own", "y": "group"])
        #expect(target.url == "http://a:1/group")
    }

    @Test func `an instance of its own stays, and no port is added`() throws {
        #expect(
            try target("", own: ["__address__": "a", "instance": "me"]).labels["instance"] == "me")
        #expect(
            try target("scheme: https", own: ["__address__": "[::1]"]).url
                == "https://[::1]/metrics")
    }

    @Test func `relabeling changes how a target is scraped`() throws {
        let target = try target(
            """
            params: {target: [none]}
            relabel_configs:
              - {source_labels: [__address__], target_label: __param_target}
              - {target_label: __address__, replacement: "probe:9115"}
              - {target_label: __scrape_interval__, replacement: 2m}
              - {target_label: __scrape_timeout__, replacement: 90s}
              - {target_label: __unix_socket__, replacement: /run/x.sock}
              - {target_label: __auth_profile__, replacement: ops}
              - {target_label: __tmp_x, replacement: y}
              - {source_labels: [__param_target], target_label: instance}
            """, own: ["__address__": "db:1"])
        #expect(target.url == "http://probe:9115/metrics?target=db%3A1")
        #expect(target.interval == .minutes(2))
        #expect(target.timeout == .seconds(90))
        #expect(target.unixSocket == "/run/x.sock")
        #expect(target.authProfile == "ops")
        #expect(target.labels == ["instance": "db:1", "job": "test"])
    }

    @Test(arguments: [
        ("__address__", "", TargetFault.noAddress),
        ("__address__", "http://a:1/x", .badAddress("http://a:1/x")),
        (
            "__scrape_interval__", "often",
            .badDuration(label: "__scrape_interval__", text: "often")
        ),
        ("__scrape_interval__", "0s", .zeroDuration(label: "__scrape_interval__")),
        ("__scrape_interval__", "", .badDuration(label: "__scrape_interval__", text: "")),
        ("__scrape_timeout__", "-1s", .badDuration(label: "__scrape_timeout__", text: "-1s")),
        ("__scrape_timeout__", "0", .zeroDuration(label: "__scrape_timeout__")),
        ("__scrape_timeout__", "31s", .timeoutOverInterval(timeout: "31s", interval: "30s")),
    ])
    func `what cannot be scraped says why`(label: String, text: String, fault: TargetFault) throws {
        let outcome = try outcome(setting(label, text), own: ["__address__": "a:1"])
        #expect(outcome == .failed(fault))
        #expect(!fault.description.isEmpty)
    }

    @Test func `a dropped target says which rule dropped it`() throws {
        let job = try Configured.job(
            """
            relabel_configs:
              - {target_label: x, replacement: y}
              - {source_labels: [x], regex: y, action: drop}
              - {target_label: z, replacement: z}
            """)
        let rules = TargetRules(job)
        let found = FoundTarget(own: ["__address__": "a:1"])
        #expect(rules.outcome(of: found) == .dropped)
        #expect(rules.trace(found).droppedBy == 1)
        #expect(rules.trace(found).input == rules.discovered(found))
    }

    @Test(arguments: [
        ("/metrics", "/metrics"), ("metrics", "/metrics"), ("", ""), ("/a b?c#d", "/a%20b%3Fc%23d"),
        ("/ü/%2F", "/%C3%BC/%252F"),
        ("/a$&+,/:;=@-_.~!*'()[]", "/a$&+,/:;=@-_.~%21%2A%27%28%29%5B%5D"),
    ])
    func `a path is escaped as Prometheus escapes it`(path: String, written: String) throws {
        let target = try target(
            "scheme: http", own: ["__address__": "a:1", "__metrics_path__": path])
        // An empty label is none, so that the job's path counts.
        #expect(target.url == "http://a:1" + (path.isEmpty ? "/metrics" : written))
    }

    @Test func `parameters are escaped, sorted, and filled in from labels`() throws {
        let target = try target(
            "params: {z: ['1', '2'], 'a b': ['c&d=ü ~']}",
            own: ["__address__": "a:1", "__param_z": "0", "__param_new": "é/"])
        #expect(
            target.url == "http://a:1/metrics?a+b=c%26d%3D%C3%BC+~&new=%C3%A9%2F&z=0&z=2")
    }

    @Test func `two targets are the same if labels and URL are`() throws {
        let plain = try target("", own: ["__address__": "a:1", "__meta_id": "1"])
        let twin = try target("", own: ["__address__": "a:1", "__meta_id": "2"])
        let other = try target("", own: ["__address__": "a:1", "__tmp": "2"])
        #expect(plain == twin)
        #expect(plain.found != twin.found)
        #expect(plain != other)
    }
}

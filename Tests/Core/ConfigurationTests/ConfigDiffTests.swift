import Configuration
import TestKit
import Testing

struct ConfigDiffTests {
    private func config(_ text: String) throws -> WeirConfig {
        let folder = try TemporaryFolder("config")
        return try ConfigLoader.load(
            folder.write(text, to: "f.yml"), checks: Fixtures.textOnly
        ).config
    }

    @Test func `a diff tells jobs, targets, fields and sections apart`() throws {
        let old = try config(
            """
            global: {external_labels: {a: b}}
            scrape_configs:
              - {job_name: gone, static_configs: [{targets: [x, y]}]}
              - {job_name: same, static_configs: [{targets: [x]}]}
              - {job_name: other, scrape_interval: 15s, static_configs: [{targets: [x, y]}]}
            """)
        let new = try config(
            """
            global: {external_labels: {a: c}}
            scrape_configs:
              - {job_name: same, static_configs: [{targets: [x]}]}
              - {job_name: other, scrape_interval: 20s, static_configs: [{targets: [y, z]}]}
              - {job_name: new, static_configs: [{targets: [x]}]}
            """)
        let diff = ConfigDiff(from: old, to: new)
        #expect(diff.unchangedJobs == 1)
        #expect(
            diff.lines == [
                "- job gone (2 targets in the file)",
                "+ job new (1 target in the file)",
                "~ job other",
                "    - target x",
                "    + target z",
                "    ~ scrape_interval: 15s -> 20s",
                "~ global: \(inline("b")) -> \(inline("c"))",
            ])
        #expect(ConfigDiff(from: new, to: new).isEmpty)
    }

    private func inline(_ label: String) -> String {
        "{scrape_interval: 30s, scrape_timeout: 10s, evaluation_interval: 1m, external_labels: {a: \(label)}, metric_name_validation_scheme: utf8, scrape_native_histograms: false, convert_classic_histograms_to_nhcb: false, always_scrape_classic_histograms: false, extra_scrape_metrics: false}"
    }

    @Test func `a secret that changes is told of, not shown`() throws {
        func text(_ secret: String) -> String {
            "scrape_configs: [{job_name: a, basic_auth: {username: u, password: \(secret)}}]\nremote_write: [{url: \"http://a\", bearer_token: \(secret)}]"
        }
        let lines = ConfigDiff(from: try config(text("hunter1")), to: try config(text("hunter2")))
            .lines
        #expect(
            lines == [
                "~ job a", "    ~ its credentials: a secret changes",
                "~ remote_write, alerting or another block: a secret changes",
            ])
    }
}

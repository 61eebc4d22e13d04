import TestKit
import Testing

struct ExplainTests {
    private let config = """
        scrape_configs:
          - job_name: node
            params: {collect: [cpu]}
            relabel_configs:
              - {source_labels: [__address__], regex: '(.+):\\d+', target_label: host}
              - {source_labels: [env], regex: test, action: drop}
            metric_relabel_configs:
              - {regex: 'tmp_.*', action: labeldrop}
          - job_name: other

        """

    @Test func `each rule is shown with what it did`() async throws {
        let folder = try TemporaryFolder("explain")
        let path = try folder.write(config, to: "prometheus.yml")
        func explain(_ words: String...) async throws -> ChildProcess.Outcome {
            try await ChildProcess.run(
                [Built.weir, "explain", "relabel", "--config", path] + words)
        }
        let kept = try await explain("--job=node", "--labels={\"__address__\": \"db:9100\"}")
        #expect(kept.status == 0, "\(kept.errors)")
        #expect(
            kept.output == """
                   {__address__="db:9100", __metrics_path__="/metrics", __param_collect="cpu", \
                __scheme__="http", __scrape_interval__="30s", __scrape_timeout__="10s", job="node"}
                1  {source_labels: [__address__], regex: "(.+):\\\\d+", target_label: host, \
                action: replace}
                   reads "db:9100"
                   + host="db"
                2  {source_labels: [env], regex: "test", action: drop}
                   reads ""
                   nothing changes
                =  {__address__="db:9100", __metrics_path__="/metrics", __param_collect="cpu", \
                __scheme__="http", __scrape_interval__="30s", __scrape_timeout__="10s", \
                host="db", job="node"}
                   series get {host="db", instance="db:9100", job="node"}

                """)
        let dropped = try await explain("--job=node", "--labels={env: test}")
        #expect(dropped.status == 0)
        #expect(dropped.output.hasSuffix("   drops the label set\n=  dropped by rule 2\n"))
        let series = try await explain("--job=node", "--metric", "--labels={tmp_a: x, b: y}")
        #expect(series.output.hasSuffix("   - tmp_a=\"x\"\n=  {b=\"y\"}\n"))
        let unknown = try await explain("--job=nod")
        #expect(unknown.status == 2)
        #expect(unknown.errors == "weir: \(path) has no job \"nod\"; did you mean node?\n")
        let several = try await explain()
        #expect(several.errors == "weir: \(path) has 2 jobs; say which with --job: node, other\n")
        let list = try await explain("--job=node", "--labels=[a]")
        #expect(
            list.errors
                == "weir: the labels are a list; write them as {\"name\": \"value\"}\n")
        let missing = try await ChildProcess.run(
            [Built.weir, "explain", "relabel", "--config=/nowhere.yml"])
        #expect(missing.status == 1)
        #expect(missing.errors.contains("/nowhere.yml"))
    }
}

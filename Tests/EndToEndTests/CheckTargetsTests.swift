import TestKit
import Testing

struct CheckTargetsTests {
    private func check(
        _ config: String, _ words: [String] = [], in folder: TemporaryFolder
    ) async throws -> ChildProcess.Outcome {
        let path = try folder.write(config, to: "prometheus.yml")
        return try await ChildProcess.run(
            [Built.weir, "check", "targets", "--config", path] + words)
    }

    private let config = """
        scrape_configs:
          - job_name: files
            file_sd_configs: [{files: ['*.yml']}]
            relabel_configs:
              - {source_labels: [__address__], regex: 'old.*', action: drop}
          - job_name: fixed
            static_configs: [{targets: ['b:1']}]
            relabel_configs:
              - {target_label: __scrape_timeout__, replacement: 1h}

        """

    @Test func `targets are shown by job, with those that are none`() async throws {
        let folder = try TemporaryFolder("targets")
        try folder.write("- targets: [a:1, old:1]\n  labels: {zone: eu}\n", to: "list.yml")
        // The configuration itself matches the pattern too, and is no list.
        let lists = config.split(separator: "*.yml").joined(separator: "l*.yml")
        let table = try await check(lists, in: folder)
        #expect(table.status == 0, "\(table.errors)")
        let path = folder.file("list.yml")
        #expect(
            table.output == """
                files: 1 targets, 1 dropped
                  http://a:1/metrics  {instance="a:1", job="files", zone="eu"}
                  dropped by rule 1: old:1  {__address__="old:1", __meta_filepath="\(path)", \
                __metrics_path__="/metrics", __scheme__="http", __scrape_interval__="30s", \
                __scrape_timeout__="10s", job="files", zone="eu"}
                fixed: 0 targets, 1 failed
                  failed: scrape timeout cannot be greater than scrape interval (1h > 30s)  \
                {__address__="b:1", __metrics_path__="/metrics", __scheme__="http", \
                __scrape_interval__="30s", __scrape_timeout__="10s", job="fixed"}

                """)
        let json = try await check(lists, ["--job=files", "--output=json"], in: folder)
        #expect(
            json.output.hasPrefix(
                #"[{"job":"files","discoveredLabels":{"__address__":"a:1","__meta_filepath":""#))
        #expect(
            json.output.contains(
                #""labels":{"instance":"a:1","job":"files","zone":"eu"},"scrapeUrl":"http://a:1/metrics"}"#
            ))
        #expect(json.output.hasSuffix(#""labels":{},"droppedByRule":1}]"# + "\n"))
    }

    @Test func `a source that fails, or says nothing in time, is named`() async throws {
        let folder = try TemporaryFolder("targets")
        let silent = try ScriptedServer.silent()
        let gone = try FreePort.tcp()
        let outcome = try await check(
            """
            scrape_configs:
              - job_name: silent
                http_sd_configs: [{url: '\(silent.url())'}]
              - job_name: gone
                http_sd_configs: [{url: 'http://127.0.0.1:\(gone)/'}]

            """, ["--timeout=1s"], in: folder)
        #expect(outcome.status == 1)
        #expect(outcome.output == "silent: 0 targets\ngone: 0 targets\n")
        #expect(
            outcome.errors.contains(
                "http \(silent.url()) (job silent): no answer within 1s\n"))
        #expect(
            outcome.errors.contains(
                "http http://127.0.0.1:\(gone)/ (job gone): http://127.0.0.1:\(gone)/: cannot connect"
            ))
        let unknown = try await check(config, ["--job=fils"], in: folder)
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("has no job \"fils\"; did you mean files?"))
    }

    @Test func `weir.yml names the database that postgres_sd_configs ask`() async throws {
        let database = try await PostgresServer.shared.makeDatabase()
        let folder = try TemporaryFolder("targets")
        try folder.write("database: '\(database)'\n", to: "weir.yml")
        let config = """
            scrape_configs:
              - job_name: rows
                postgres_sd_configs: [{query: "SELECT 'db:' || 9100 + 1 AS address"}]

            """
        let found = try await check(config, in: folder)
        #expect(found.status == 0, "\(found.errors)")
        #expect(found.output.hasPrefix("rows: 1 targets\n  http://db:9101/metrics"))
        try folder.write("", to: "weir.yml")
        let none = try await check(config, ["--timeout=1s"], in: folder)
        #expect(none.status == 1)
    }
}

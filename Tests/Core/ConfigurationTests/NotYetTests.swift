import Model
import TestKit
import Testing
import YAML

@testable import Configuration

struct NotYetTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("config") }

    @Test func `each section that nothing acts on is one warning, whatever stands in it`() throws {
        try folder.write("scrape_configs: [{job_name: c}]", to: "more.yml")
        let path = try folder.write(
            """
            global: {scrape_interval: 15s, evaluation_interval: 15s}
            runtime: {gogc: 50}
            rule_files: [a*.yml, b*.yml]
            scrape_config_files: [more.yml]
            scrape_configs: [{job_name: a}, {job_name: b}]
            alerting: {alertmanagers: [{static_configs: [{targets: ["a:1"]}]}]}
            remote_write:
              - {url: "http://a", name: a, round_robin_dns: true}
              - {url: "http://b", name: b, round_robin_dns: true}
            remote_read: [{url: "http://a"}]
            otlp: {translation_strategy: NoTranslation}
            storage: {tsdb: {out_of_order_time_window: 1h}, exemplars: {max_exemplars: 5}}
            tracing: {endpoint: "a:1"}

            """, to: "prometheus.yml")
        let loaded = try ConfigLoader.load(path, checks: Fixtures.textOnly)
        let places = loaded.warnings.map { "\($0.mark.line): \($0.problem)" }
        let weir = "read and checked, but this version of Weir"
        #expect(
            places == [
                "1: evaluation_interval: \(weir) does not evaluate rules yet",
                "2: runtime: read and checked, but Weir has no garbage collector",
                "3: rule_files: \(weir) does not evaluate rules yet",
                "6: alerting: \(weir) does not send alerts yet",
                "7: remote_write: \(weir) does not send samples yet",
                "10: remote_read: read and checked, but Weir reads its own database only",
                "11: otlp: \(weir) does not take OTLP yet",
                "12: storage: read and checked, but Weir keeps samples in PostgreSQL; see "
                    + "retention in weir.yml",
                "13: tracing: read and checked, but Weir sends no spans about itself",
            ])
        #expect(loaded.warnings.allSatisfy { $0.severity == .warning })
    }

    @Test func `no field of a job is left without effect, in another file neither`() throws {
        let job = "{job_name: c, convert_classic_histograms_to_nhcb: true}"
        try folder.write("scrape_configs: [\(job)]", to: "more.yml")
        let path = try folder.write("scrape_config_files: [more.yml]\n", to: "prometheus.yml")
        let loaded = try ConfigLoader.load(path, checks: Fixtures.textOnly)
        #expect(loaded.config.scrapeConfigs.first?.convertClassicHistograms == true)
        #expect(loaded.warnings.isEmpty)
    }

    @Test func `no setting is left for Prometheus`() {
        for block in Settings.table.shape.blocks {
            for field in block.fields {
                if case .warned = field.support {
                    Issue.record("\(field.name) of \(block.name) is for Prometheus")
                }
            }
        }
    }

    @Test func `a setting is told of once, be it in the file or in the environment`() throws {
        let document = try YAMLReader.read(Array("sql: {connections: 2}\n".utf8), file: "weir.yml")
        let reading = SettingsReading(
            document: document, environment: ["WEIR_SQL_CONNECTIONS": "3"])
        #expect(reading.warnings.map(\.file) == ["weir.yml"])
        #expect(reading.settings?.sql.connections == 3)
    }

    @Test func `every link of the page leads to one place`() throws {
        let path = Shared.project + "/docs/configuration.md"
        let page = try #require(FileSystem.text(of: path))
        var headings: [Substring: Int] = [:]
        for line in page.split(separator: "\n") where line.hasPrefix("##") {
            headings[line.drop { $0 == "#" || $0 == " " }, default: 0] += 1
        }
        let links = page.matches(of: /\]\(#([a-z0-9_]+)\)/).map(\.1)
        #expect(links.count > 100)
        for link in Set(links) { #expect(headings[link] == 1, "\(link)") }
    }
}

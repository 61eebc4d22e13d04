import Configuration
import HTTPFetch
import Telemetry
import TestKit

@testable import Discovery

/// Settings as a configuration file gives them, and sources made of them.
enum Configured {
    /// The job `test` with the fields of `yaml`; its relative paths begin at `folder`.
    static func job(_ yaml: String, in folder: TemporaryFolder? = nil) throws -> ScrapeConfig {
        let folder = try folder ?? TemporaryFolder()
        let lines = yaml.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        let text = "scrape_configs:\n  - job_name: test\n" + lines + "\n"
        let path = try folder.write(text, to: "prometheus.yml")
        return try ConfigLoader.load(path).config.scrapeConfigs[0]
    }

    /// The one source that `yaml` describes.
    static func source(
        _ yaml: String, in folder: TemporaryFolder? = nil,
        _ surroundings: SourceSurroundings = surroundings()
    ) throws -> any TargetSource {
        try SourceConfig.all(of: job(yaml, in: folder).discovery)[0].source(surroundings)
    }

    /// What sources share in tests.
    static func surroundings(
        registry: MetricRegistry = MetricRegistry(), log: Log = .silent, nameServers: [String] = []
    ) -> SourceSurroundings {
        SourceSurroundings(
            client: HTTPClient(), log: log, registry: registry, nameServers: nameServers)
    }
}

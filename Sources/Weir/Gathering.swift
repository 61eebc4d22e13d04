import Configuration
import Discovery
import HTTPFetch
import Model
import Postgres
import Scraping
import Telemetry

/// What gathers samples: targets are found, and scraped at their instants.
struct Gathering: Service {
    let name = "gathering"
    let finder: TargetFinder
    let scraper: Scraper
    let configuration: LiveConfiguration

    init(
        _ configuration: LiveConfiguration, into sink: any SampleSink, database: PostgresOptions,
        registry: MetricRegistry, log: Log
    ) {
        let client = HTTPClient(userAgent: Application.userAgent)
        let finder = TargetFinder(
            SourceSurroundings(
                client: client, log: log, registry: registry, database: { database }))
        self.configuration = configuration
        self.finder = finder
        scraper = Scraper(
            sink: sink, finder: finder, client: client, registry: registry, log: log)
    }

    func run(started: @escaping @Sendable () -> Void) async throws {
        await configuration.follow { files in
            await scraper.apply(
                files.loaded.config, profiles: files.settings.authProfiles,
                seriesBudget: files.settings.limits.seriesBudget)
        }
        started()
        await scraper.run()
    }
}

public import Configuration
public import Discovery
public import HTTPFetch
public import Model
public import Telemetry

/// Scrapes the targets of all jobs, each at its own instants, and hands what they say to a sink.
public final class Scraper: Sendable {
    let engine: ScrapeEngine
    private let finder: TargetFinder
    private let follower: TargetFollower
    private let events: AsyncStream<TargetFollower.Event>
    private let came: AsyncStream<TargetFollower.Event>.Continuation

    /// A scraper without jobs, which takes its targets from `finder` and is its one reader.
    public init(
        sink: any SampleSink, finder: TargetFinder, client: HTTPClient, registry: MetricRegistry,
        log: Log
    ) {
        let log = log.module("scraping")
        engine = ScrapeEngine(sink: sink, client: client, registry: registry, log: log)
        self.finder = finder
        follower = TargetFollower(engine, log: log)
        (events, came) = AsyncStream.makeStream()
    }

    /// Finds targets and scrapes them until its task is cancelled.
    ///
    /// Scrapes under way are cut off then and leave no trace, and no stale markers are written:
    /// whoever starts again goes on where this one stopped.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.finder.run() }
            group.addTask {
                for await snapshot in self.finder.snapshots { self.came.yield(.found(snapshot)) }
            }
            group.addTask { for await event in self.events { await self.follower.take(event) } }
            group.addTask(executorPreference: self.engine.client.loop.tasks) {
                await self.engine.run()
            }
        }
    }

    /// Takes over a configuration: jobs that stay as they were go on without a gap.
    ///
    /// - Parameters:
    ///   - config: What `prometheus.yml` says.
    ///   - profiles: The `auth_profiles` of weir.yml.
    ///   - seriesBudget: The most series of one job; 0 for all.
    public func apply(
        _ config: WeirConfig, profiles: [String: HTTPClientConfig] = [:], seriesBudget: Int = 0
    ) async {
        let jobs = config.scrapeConfigs
        await engine.apply(jobs, profiles: profiles, seriesBudget: seriesBudget)
        finder.apply(config)
        came.yield(.configured(jobs))
    }

    /// How all targets do, by job and URL.
    public func status() async -> [TargetStatus] { await engine.status() }

    /// How all jobs do, by name.
    public func jobs() async -> [JobStatus] { await engine.jobs() }

    /// What discovery found for each job and what was made of it.
    public func discovered() async -> [String: JobTargets] { await follower.jobs }

    /// What the target with this URL answered last, or last when it failed; `nil` where that is not
    /// known.
    public func body(
        url: String, job: String? = nil, failing: Bool = false
    ) async -> RecordedBody? {
        await engine.body(url: url, job: job, failing: failing)
    }

    /// What all targets say of their families, by job, URL and name.
    public func metadata() async -> [TargetMetadata] { await engine.metadata() }
}

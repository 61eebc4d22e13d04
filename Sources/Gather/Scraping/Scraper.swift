public import Configuration
public import Discovery
public import HTTPFetch
public import Model
public import Telemetry

/// Scrapes the targets of all jobs, each at its own instants, and hands what they say to a sink.
public final class Scraper: Sendable {
    let engine: ScrapeEngine

    /// A scraper without jobs.
    public init(
        sink: any SampleSink, client: HTTPClient, registry: MetricRegistry, log: Log
    ) {
        engine = ScrapeEngine(
            sink: sink, client: client, registry: registry, log: log.module("scraping"))
    }

    /// Scrapes until its task is cancelled; scrapes under way are cut off then and leave no trace.
    public func run() async { await engine.run() }

    /// Takes over a configuration: jobs that stay as they were go on without a gap.
    ///
    /// `profiles` are the `auth_profiles` of weir.yml, `seriesBudget` the most series of a job.
    public func apply(
        _ jobs: [ScrapeConfig], profiles: [String: HTTPClientConfig] = [:], seriesBudget: Int = 0
    ) async {
        await engine.apply(jobs, profiles: profiles, seriesBudget: seriesBudget)
    }

    /// Takes over the targets of a job, which are all that it has now.
    ///
    /// `limit` is the job's `target_limit` where it has more targets than that: none of them is
    /// scraped then.
    public func setTargets(
        _ targets: [ScrapeTarget], of job: String, overLimit limit: Int? = nil
    ) async {
        let verdict = limit.map { ScrapeError.targetLimit(count: targets.count, limit: $0) }
        await engine.setTargets(targets, of: job, verdict: verdict)
    }

    /// How all targets do, by job and URL.
    public func status() async -> [TargetStatus] { await engine.status() }

    /// How all jobs do, by name.
    public func jobs() async -> [JobStatus] { await engine.jobs() }

    /// What all targets say of their families, by job, URL and name.
    public func metadata() async -> [TargetMetadata] { await engine.metadata() }
}

public import HTTPFetch
public import Model

/// How one target does, for people.
public struct TargetStatus: Sendable {
    /// Whether the last scrape was good.
    public enum Health: String, Sendable {
        case up, down, unknown
    }

    /// The job's name.
    public let job: String
    /// What is fetched.
    public let url: String
    /// The labels of its samples.
    public let labels: Labels
    /// What relabeling was given.
    public let discovered: Labels
    /// Whether the last scrape was good.
    public let health: Health
    /// Why it was not; `nil` for a good one.
    public let lastError: String?
    /// When it was; `nil` before the first.
    public let lastScrape: Timestamp?
    /// How long it took, from the request to the batch.
    public let lastDuration: Duration
    /// How often it is scraped.
    public let interval: TimeSpan
    /// How long one scrape may take.
    public let timeout: TimeSpan
    /// When it is scraped next.
    public let nextScrape: Timestamp?
    /// Where the time of the last transfer went.
    public let timings: TransferTimings
    /// How long reading the body took; part of the transfer's time.
    public let parsing: Duration
    /// The bytes of the last body.
    public let bodyBytes: Int
    /// The same as they came, perhaps compressed.
    public let transferredBytes: Int
    /// The samples of the last body.
    public let samples: Int
    /// Those that relabeling left.
    public let keptSamples: Int
    /// Those of series that the job's budget had no room for.
    public let samplesOverBudget: Int
    /// The series that are known of it.
    public let series: Int
    /// Planned scrapes that were left out because the one before was still under way.
    public let skippedTicks: Int
    /// The name of its credentials in weir.yml, where it has one.
    public let authProfile: String?
    /// Its token of OAuth2, as far as it may be shown.
    public let token: OAuth2TokenState?
}

/// A family of one target.
public struct TargetMetadata: Sendable {
    /// The target's labels.
    public let target: Labels
    /// The family's name.
    public let metric: String
    /// What the target says of it.
    public let metadata: MetricMetadata
}

/// How a job does.
public struct JobStatus: Sendable {
    /// Its name.
    public let name: String
    /// How many targets it has now.
    public let targets: Int
    /// How its series budget stands, where it has one.
    public let budget: SeriesBudgetStatus?
}

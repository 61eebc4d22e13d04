import Model

/// The series that Weir writes on each scrape itself, and their numbers.
enum ReportSeries: UInt32, CaseIterable {
    case up
    case duration
    case scraped
    case kept
    case added
    case timeout
    case sampleLimit
    case bodySize

    var name: String {
        switch self {
        case .up: "up"
        case .duration: "scrape_duration_seconds"
        case .scraped: "scrape_samples_scraped"
        case .kept: "scrape_samples_post_metric_relabeling"
        case .added: "scrape_series_added"
        case .timeout: "scrape_timeout_seconds"
        case .sampleLimit: "scrape_sample_limit"
        case .bodySize: "scrape_body_size_bytes"
        }
    }

    /// Those that are always written.
    static let usual: [ReportSeries] = [.up, .duration, .scraped, .kept, .added]
    /// Numbers from here on are those of scraped series.
    static let end = UInt32(ReportSeries.allCases.count)
}

/// What is reported of one scrape.
struct ScrapeReport: Sendable {
    /// Whether the target answered as it should.
    var isUp = false
    /// How long it took.
    var duration = Duration.zero
    /// Samples and series of it.
    var counts = ScrapeCounts()
    /// What `extra_scrape_metrics` adds; `nil` without.
    var extra: Extra?

    struct Extra: Sendable {
        var timeout: TimeSpan
        var sampleLimit: Int
        /// Bytes of the body, not compressed; -1 where it was over its limit.
        var bodySize: Int
    }

    /// The values in the order of the series.
    var values: [Double] {
        let (seconds, attoseconds) = duration.components
        let time = Double(seconds) + Double(attoseconds) / 1e18
        let usual = [
            isUp ? 1 : 0, time, Double(counts.scraped), Double(counts.kept), Double(counts.added),
        ]
        guard let extra else { return usual }
        return usual + [extra.timeout.seconds, Double(extra.sampleLimit), Double(extra.bodySize)]
    }
}

/// How many samples a scrape brought, and what became of them.
struct ScrapeCounts: Sendable, Equatable {
    /// All of the body.
    var scraped = 0
    /// Those that relabeling left.
    var kept = 0
    /// Series that the last good scrape did not have.
    var added = 0
    /// Samples of series that stand twice in the body.
    var duplicates = 0
    /// Samples too far in the future.
    var outOfBounds = 0
    /// Samples of series that the job's budget has no room for.
    var overBudget = 0
}

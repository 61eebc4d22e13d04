public import Model

/// What is allowed and still seldom meant.
public enum ConfigLint: String, Sendable, CaseIterable {
    /// Jobs that are scraped less often than a query looks back, so that graphs have gaps.
    case tooLongScrapeInterval = "too-long-scrape-interval"
    /// Rules that stand twice; the rules' own check looks for them.
    case duplicateRules = "duplicate-rules"

    /// The sentences about `config`.
    ///
    /// `lookback` is how far a query looks back for a sample.
    public func findings(in config: WeirConfig, lookback: TimeSpan = .minutes(5)) -> [String] {
        switch self {
        case .duplicateRules: []
        case .tooLongScrapeInterval:
            config.scrapeConfigs.filter { $0.scrapeInterval >= lookback }.map {
                "job \($0.jobName) is scraped every \($0.scrapeInterval), and queries look back "
                    + "\(lookback): its series will have gaps; lower scrape_interval"
            }
        }
    }
}

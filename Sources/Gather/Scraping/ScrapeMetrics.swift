import HTTPFetch
import Model
import Telemetry

/// What Weir counts of its scrapes.
struct ScrapeMetrics: Sendable {
    let scrapes: Counter
    let failures: Counter
    let samples: Counter
    let duration: Timing
    let skipped: Counter
    let late: Timing
    let sampleLimit: Counter
    let bodyLimit: Counter
    let bucketLimit: Counter
    let targetLimit: Counter
    let duplicates: Counter
    let outOfBounds: Counter
    let overBudget: Counter
    let notKept: Counter

    init(_ registry: MetricRegistry, tokens: OAuth2TokenBroker) {
        scrapes = registry.counter("weir_scraping_scrapes_total", "Scrapes, good and bad.")
        failures = registry.counter(
            "weir_scraping_failures_total", "Scrapes that brought nothing but their report.")
        samples = registry.counter(
            "weir_scraping_samples_total", "Samples handed on, reports not counted.")
        duration = registry.timing(
            "weir_scraping_duration_seconds", "From the request to the batch.")
        skipped = registry.counter(
            "weir_scraping_skipped_ticks_total",
            "Planned scrapes left out because the one before was still under way.")
        late = registry.timing(
            "weir_scraping_lateness_seconds", "From the planned instant to the request.")
        sampleLimit = registry.counter(
            "weir_scraping_exceeded_sample_limit_total", "Scrapes over their sample_limit.")
        bodyLimit = registry.counter(
            "weir_scraping_exceeded_body_size_limit_total", "Scrapes over their body_size_limit.")
        bucketLimit = registry.counter(
            "weir_scraping_exceeded_native_histogram_bucket_limit_total",
            "Scrapes with a histogram over native_histogram_bucket_limit.")
        targetLimit = registry.counter(
            "weir_scraping_exceeded_target_limit_total",
            "Scrapes not made because the job is over its target_limit.")
        duplicates = registry.counter(
            "weir_scraping_duplicate_samples_total",
            "Samples left out because their series stood in the body before.")
        outOfBounds = registry.counter(
            "weir_scraping_out_of_bounds_samples_total",
            "Samples left out because their time is over ten minutes in the future.")
        overBudget = registry.counter(
            "weir_scraping_over_budget_samples_total",
            "Samples left out because their job has no room for another series.")
        notKept = registry.counter(
            "weir_scraping_lost_batches_total", "Scrapes that what keeps samples did not take.")
        registry.collect { Self.families(of: tokens.states()) }
    }

    /// What became of one scrape.
    func note(_ health: TargetHealth) {
        scrapes.add()
        duration.record(health.lastDuration)
        let counts = health.counts
        if counts.duplicates > 0 { duplicates.add(counts.duplicates) }
        if counts.outOfBounds > 0 { outOfBounds.add(counts.outOfBounds) }
        if counts.overBudget > 0 { overBudget.add(counts.overBudget) }
        guard let error = health.lastError else { return samples.add(counts.kept) }
        failures.add()
        switch error {
        case .sampleLimit: sampleLimit.add()
        case .bucketLimit: bucketLimit.add()
        case .targetLimit: targetLimit.add()
        case .fetch(.bodyTooLarge): bodyLimit.add()
        case .notKept: notKept.add()
        default: break
        }
    }

    /// The tokens as metrics; who may see the metrics may see no token.
    private static func families(of states: [OAuth2TokenState]) -> [MetricFamily] {
        func family(
            _ name: String, _ type: MetricType, _ help: String,
            _ value: (OAuth2TokenState) -> Double?
        ) -> MetricFamily {
            let lines = states.compactMap { state in
                value(state).map {
                    MetricFamily.Line(
                        suffix: type == .counter ? "_total" : "", labels: labels(of: state),
                        value: $0)
                }
            }
            return MetricFamily(name: name, metadata: .init(type: type, help: help), lines: lines)
        }
        func seconds(_ time: Duration?) -> Double? {
            time.map { Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18 }
        }
        guard !states.isEmpty else { return [] }
        return [
            family("weir_oauth2_requests", .counter, "Requests for tokens.") {
                Double($0.requests)
            },
            family("weir_oauth2_failures", .counter, "Fetches that brought no token.") {
                Double($0.failures)
            },
            family("weir_oauth2_token_present", .gauge, "Whether there is a token that serves.") {
                $0.isPresent ? 1 : 0
            },
            family("weir_oauth2_token_age_seconds", .gauge, "How old the token is.") {
                seconds($0.age)
            },
            family("weir_oauth2_token_expiry_seconds", .gauge, "How long the token still lives.") {
                seconds($0.expiresIn)
            },
        ]
    }

    private static func labels(of state: OAuth2TokenState) -> Labels {
        [
            "token_url": state.tokenURL, "client_id": state.clientID,
            "scopes": state.scopes.joined(separator: " "),
        ]
    }
}

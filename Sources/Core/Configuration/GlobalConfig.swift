public import Model
import YAML

/// `global`: what jobs inherit.
public struct GlobalConfig: Sendable, Hashable {
    /// How often targets are scraped.
    public var scrapeInterval = standardInterval
    /// How long one scrape may take.
    public var scrapeTimeout = standardTimeout
    /// The formats that are asked for, best first; `nil` for the usual ones.
    public var scrapeProtocols: [ScrapeProtocol]?
    /// How often rules are evaluated.
    public var evaluationInterval = TimeSpan.minutes(1)
    /// How far in the past rules are evaluated.
    public var ruleQueryOffset = TimeSpan.zero
    /// The labels that tell this Weir from others; variables filled in.
    public var externalLabels = Labels()
    /// The file that queries are logged to.
    public var queryLogFile = ""
    /// The file that failed scrapes are logged to.
    public var scrapeFailureLogFile = ""
    /// The most of everything, for jobs that do not say.
    public var limits = ScrapeLimits()
    /// Which names are allowed.
    public var nameScheme = NameScheme.utf8
    /// How names beyond the legacy ones are asked for.
    public var escapingScheme: String?
    /// Whether native histograms are scraped.
    public var scrapeNativeHistograms = false
    /// Whether classic histograms become native ones with custom buckets.
    public var convertClassicHistograms = false
    /// Whether the classic form is kept beside the native one.
    public var alwaysScrapeClassicHistograms = false
    /// Whether each scrape writes three more series on its own limits.
    public var extraScrapeMetrics = false

    /// The interval where nothing says otherwise: 30 seconds, where Prometheus has a minute.
    public static let standardInterval = TimeSpan.seconds(30)
    /// The timeout where nothing says otherwise.
    public static let standardTimeout = TimeSpan.seconds(10)

    /// Every default.
    public init() {}

    static let table = YAMLTable<GlobalConfig>(
        "global", "What jobs and rules inherit.", make: { GlobalConfig() }, check: check
    ) {
        YAMLField(
            "scrape_interval", \.scrapeInterval, .duration,
            "How often targets are scraped; Prometheus has 1m.")
        YAMLField(
            "scrape_timeout", \.scrapeTimeout, .duration,
            standard: "10s, or scrape_interval if that is shorter", "How long one scrape may take.")
        YAMLField(
            "scrape_protocols", \.scrapeProtocols, .protocols, standard: ScrapeProtocol.usualText,
            "The formats that are asked for, best first.")
        YAMLField(
            "evaluation_interval", \.evaluationInterval, .duration, support: NotYet.rules,
            "How often rules are evaluated."
        )
        YAMLField(
            "rule_query_offset", \.ruleQueryOffset, .duration, support: NotYet.rules,
            "How far in the past rules are evaluated.")
        YAMLField(
            "external_labels", \.externalLabels, .externalLabels,
            "Labels that tell this Weir from others; `$NAME` and `${NAME}` come from the environment, `$$` is a dollar."
        )
        YAMLField(
            "query_log_file", \.queryLogFile, .path, support: NotYet.queryLog,
            "The file that queries are logged to.")
        YAMLField(
            "scrape_failure_log_file", \.scrapeFailureLogFile, .path,
            "The file that failed scrapes are logged to.")
        ScrapeLimits.table.lifted(to: \GlobalConfig.limits)
        YAMLField(
            "metric_name_validation_scheme", \.nameScheme, .nameScheme, "Which names are allowed.")
        YAMLField(
            "metric_name_escaping_scheme", \.escapingScheme, .choice(ScrapeConfig.escapings),
            standard: "allow-utf-8, or underscores with legacy names",
            "How names beyond letters, digits and _ are asked for.")
        YAMLField(
            "scrape_native_histograms", \.scrapeNativeHistograms, .boolean,
            "Scrapes native histograms.")
        YAMLField(
            "convert_classic_histograms_to_nhcb", \.convertClassicHistograms, .boolean,
            "Turns classic histograms into native ones with custom buckets.")
        YAMLField(
            "always_scrape_classic_histograms", \.alwaysScrapeClassicHistograms, .boolean,
            "Keeps the classic form beside the native one.")
        YAMLField(
            "extra_scrape_metrics", \.extraScrapeMetrics, .boolean,
            "Writes each target's timeout, sample limit and body size as series.")
    }

    @Sendable private static func check(
        _ global: inout GlobalConfig, _ block: YAMLBlock, _ decoding: inout YAMLDecoding
    ) {
        if global.scrapeInterval == .zero { global.scrapeInterval = standardInterval }
        if global.evaluationInterval == .zero { global.evaluationInterval = .minutes(1) }
        if !block.has("scrape_timeout") || global.scrapeTimeout == .zero {
            global.scrapeTimeout = min(standardTimeout, global.scrapeInterval)
        }
        if global.scrapeTimeout > global.scrapeInterval {
            decoding.error(
                "scrape_timeout \(global.scrapeTimeout) is over scrape_interval \(global.scrapeInterval)",
                "lower it to \(global.scrapeInterval) or less",
                at: block.value(of: "scrape_timeout"))
        }
        for label in global.externalLabels where !global.nameScheme.allows(labelName: label.name) {
            let entry = block["external_labels"]?[label.name]
            decoding.error(
                "\"\(label.name)\" is not a label name",
                "use letters, digits and _, not beginning with a digit",
                at: entry?.mark ?? block.mark(of: "external_labels"))
        }
    }
}

/// The most of everything that a scrape may bring; 0 for no limit.
public struct ScrapeLimits: Sendable, Hashable {
    /// The most bytes of a body, not compressed.
    public var bodySize = ByteSize(bytes: 0)
    /// The most samples of a scrape.
    public var samples = 0
    /// The most labels of a series.
    public var labels = 0
    /// The most bytes of a label's name.
    public var labelNameLength = 0
    /// The most bytes of a label's value.
    public var labelValueLength = 0
    /// The most targets of a job.
    public var targets = 0
    /// How many dropped targets of a job are remembered.
    public var keptDroppedTargets = 0

    /// No limit.
    public init() {}

    static let table = YAMLTable<ScrapeLimits>(
        "limits", "The most of everything.", make: { ScrapeLimits() }
    ) {
        YAMLField(
            "body_size_limit", \.bodySize, .size,
            "The most bytes of an answer, not compressed; 0 for no limit.")
        YAMLField(
            "sample_limit", \.samples, .whole(),
            "The most samples of a scrape, after relabeling; 0 for no limit.")
        YAMLField("label_limit", \.labels, .whole(), "The most labels of a series; 0 for no limit.")
        YAMLField(
            "label_name_length_limit", \.labelNameLength, .whole(),
            "The most bytes of a label's name; 0 for no limit.")
        YAMLField(
            "label_value_length_limit", \.labelValueLength, .whole(),
            "The most bytes of a label's value; 0 for no limit.")
        YAMLField(
            "target_limit", \.targets, .whole(),
            "The most targets of a job; beyond it all of them fail; 0 for no limit.")
        YAMLField(
            "keep_dropped_targets", \.keptDroppedTargets, .whole(),
            "How many dropped targets of a job are remembered; 0 for all.")
    }

    /// What a job says, or else what the globals say.
    func inheriting(_ global: ScrapeLimits) -> ScrapeLimits {
        var own = self
        if own.bodySize.bytes == 0 { own.bodySize = global.bodySize }
        if own.samples == 0 { own.samples = global.samples }
        if own.labels == 0 { own.labels = global.labels }
        if own.labelNameLength == 0 { own.labelNameLength = global.labelNameLength }
        if own.labelValueLength == 0 { own.labelValueLength = global.labelValueLength }
        if own.targets == 0 { own.targets = global.targets }
        if own.keptDroppedTargets == 0 { own.keptDroppedTargets = global.keptDroppedTargets }
        return own
    }
}

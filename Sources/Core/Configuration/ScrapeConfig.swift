public import Model
public import Relabeling
import YAML

/// One job of `scrape_configs`, with everything that it inherits filled in.
public struct ScrapeConfig: Sendable, Hashable {
    /// The job's name, unique over all files.
    public var jobName = ""
    /// How often its targets are scraped.
    public var scrapeInterval = TimeSpan.zero
    /// How long one scrape may take.
    public var scrapeTimeout = TimeSpan.zero
    /// The formats that are asked for, best first.
    public var scrapeProtocols: [ScrapeProtocol] = []
    /// How an answer without a known content type is read.
    public var fallbackProtocol: ScrapeProtocol?
    /// Where its targets serve metrics.
    public var metricsPath = "/metrics"
    /// `http` or `https`.
    public var scheme = "http"
    /// Parameters of the URL.
    public var params: [String: [String]] = [:]
    /// Whether scraped labels win over the target's.
    public var honorLabels = false
    /// Whether scraped timestamps are used.
    public var honorTimestamps = true
    /// Whether series with timestamps of their own end like others.
    public var trackTimestampsStaleness = false
    /// Whether compressed answers are asked for.
    public var enableCompression = true
    /// The file that failed scrapes are logged to.
    public var scrapeFailureLogFile = ""
    /// How targets are asked.
    public var http = HTTPClientConfig()
    /// Where targets come from.
    public var discovery = DiscoveryConfig()
    /// What is done to targets.
    public var relabelConfigs: [RelabelRule] = []
    /// What is done to samples.
    public var metricRelabelConfigs: [RelabelRule] = []
    /// The most of everything.
    public var limits = ScrapeLimits()
    /// Which names are allowed.
    public var nameScheme = NameScheme.utf8
    /// How names beyond the legacy ones are asked for.
    public var escapingScheme = ""
    /// The most buckets of a native histogram.
    public var nativeHistogramBucketLimit = 0
    /// The least growth from one bucket to the next.
    public var nativeHistogramMinBucketFactor = 0.0
    /// Whether native histograms are scraped.
    public var scrapeNativeHistograms: Bool { nativeHistograms ?? false }
    /// Whether classic histograms become native ones.
    public var convertClassicHistograms: Bool { convertHistograms ?? false }
    /// Whether the classic form is kept beside the native one.
    public var alwaysScrapeClassicHistograms: Bool { classicHistograms ?? false }
    /// Whether three more series are written.
    public var extraScrapeMetrics: Bool { extraMetrics ?? false }

    var nativeHistograms: Bool?
    var convertHistograms: Bool?
    var classicHistograms: Bool?
    var extraMetrics: Bool?

    static let escapings = ["allow-utf-8", "underscores", "dots", "values"]

    /// The defaults of a job.
    public init() {}

    /// The job as YAML: defaults filled in, secrets hidden.
    public var yaml: String { YAMLWriter.text(Self.table.encode(self)) }

    static let table = YAMLTable<ScrapeConfig>(
        "scrape_config", "A job: targets, and how they are scraped.", make: { ScrapeConfig() },
        check: check
    ) {
        YAMLField(
            "job_name", \.jobName, .text, required: true, "The job's name, unique over all files.")
        YAMLField(
            "scrape_interval", \.scrapeInterval, .duration, standard: "global",
            "How often targets are scraped.")
        YAMLField(
            "scrape_timeout", \.scrapeTimeout, .duration,
            standard: "global, or scrape_interval if that is shorter",
            "How long one scrape may take.")
        YAMLField(
            "scrape_protocols", \.scrapeProtocols, .protocols, standard: "global",
            "The formats that are asked for, best first.")
        YAMLField(
            "fallback_scrape_protocol", \.fallbackProtocol, .scrapeProtocol,
            "How an answer without a known content type is read.")
        YAMLField("metrics_path", \.metricsPath, .text, "Where targets serve metrics.")
        YAMLField("scheme", \.scheme, .text, "`http` or `https`.")
        YAMLField("params", \.params, .map(.list(.text)), "Parameters of the URL.")
        YAMLField(
            "honor_labels", \.honorLabels, .boolean, "Lets scraped labels win over the target's.")
        YAMLField("honor_timestamps", \.honorTimestamps, .boolean, "Uses scraped timestamps.")
        YAMLField(
            "track_timestamps_staleness", \.trackTimestampsStaleness, .boolean,
            "Ends series with timestamps of their own like others.")
        YAMLField(
            "enable_compression", \.enableCompression, .boolean, "Asks for compressed answers.")
        YAMLField(
            "scrape_failure_log_file", \.scrapeFailureLogFile, .path, standard: "global",
            "The file that failed scrapes are logged to.")
        HTTPClientConfig.table.lifted(to: \ScrapeConfig.http)
        DiscoveryConfig.table.lifted(to: \ScrapeConfig.discovery)
        YAMLField(
            "relabel_configs", \.relabelConfigs, .list(.relabelRule), "What is done to targets.")
        YAMLField(
            "metric_relabel_configs", \.metricRelabelConfigs, .list(.relabelRule),
            "What is done to samples.")
        ScrapeLimits.table.lifted(to: \ScrapeConfig.limits)
        YAMLField(
            "metric_name_validation_scheme", \.nameScheme, .nameScheme, standard: "global",
            "Which names are allowed.")
        YAMLField(
            "metric_name_escaping_scheme", \.escapingScheme, .choice(escapings), standard: "global",
            "How names beyond letters, digits and _ are asked for.")
        YAMLField(
            "native_histogram_bucket_limit", \.nativeHistogramBucketLimit, .whole(),
            support: NotYet.histograms,
            "The most buckets of a native histogram; 0 for no limit.")
        YAMLField(
            "native_histogram_min_bucket_factor", \.nativeHistogramMinBucketFactor, .decimal,
            support: NotYet.histograms,
            "The least growth from one bucket to the next.")
        YAMLField(
            "scrape_native_histograms", \.nativeHistograms, .boolean, standard: "global",
            "Scrapes native histograms.")
        YAMLField(
            "convert_classic_histograms_to_nhcb", \.convertHistograms, .boolean, standard: "global",
            support: NotYet.histograms,
            "Turns classic histograms into native ones with custom buckets.")
        YAMLField(
            "always_scrape_classic_histograms", \.classicHistograms, .boolean, standard: "global",
            "Keeps the classic form beside the native one.")
        YAMLField(
            "extra_scrape_metrics", \.extraMetrics, .boolean, standard: "global",
            "Writes the target's timeout, sample limit and body size as series.")
    }

    /// A job, its rules checked under the names that the job itself allows.
    static let codec = YAMLCodec<ScrapeConfig>(.block(table.shape)) { node, decoding in
        if case .scalar(let own)? = node["metric_name_validation_scheme"]?.content,
            let scheme = NameScheme(rawValue: own.text)
        {
            decoding.scheme = scheme
        }
        defer { decoding.context["scheme"] = nil }
        return table.decode(node, &decoding)
    } write: {
        table.encode($0)
    }

    @Sendable private static func check(
        _ job: inout ScrapeConfig, _ block: YAMLBlock, _ decoding: inout YAMLDecoding
    ) {
        if block.has("job_name"), job.jobName.isEmpty {
            decoding.error("job_name is empty", "name the job", at: block.value(of: "job_name"))
        }
        HTTPClientConfig.check(&job.http, block, &decoding)
        job.inherit(decoding.global, block, &decoding)
        job.checkEscaping(block, &decoding)
        // Checked after relabeling where there is any.
        if job.relabelConfigs.isEmpty { StaticConfig.checkTargets(block, &decoding) }
        if let scheme = block["scheme"], !["http", "https"].contains(job.scheme.lowercased()) {
            decoding.warn(
                "scheme is neither http nor https", "correct it, unless relabeling does",
                at: scheme.mark)
        }
    }

    private mutating func inherit(
        _ global: GlobalConfig, _ block: YAMLBlock, _ decoding: inout YAMLDecoding
    ) {
        if scrapeInterval == .zero { scrapeInterval = global.scrapeInterval }
        if scrapeTimeout == .zero {
            scrapeTimeout = min(global.scrapeTimeout, scrapeInterval)
        } else if scrapeTimeout > scrapeInterval {
            decoding.error(
                "scrape_timeout \(scrapeTimeout) is over scrape_interval \(scrapeInterval)",
                "lower it to \(scrapeInterval) or less", at: block.value(of: "scrape_timeout"))
        }
        limits = limits.inheriting(global.limits)
        if scrapeFailureLogFile.isEmpty { scrapeFailureLogFile = global.scrapeFailureLogFile }
        nativeHistograms = nativeHistograms ?? global.scrapeNativeHistograms
        convertHistograms = convertHistograms ?? global.convertClassicHistograms
        classicHistograms = classicHistograms ?? global.alwaysScrapeClassicHistograms
        extraMetrics = extraMetrics ?? global.extraScrapeMetrics
        if scrapeProtocols.isEmpty {
            scrapeProtocols =
                global.scrapeProtocols
                ?? (scrapeNativeHistograms
                    ? ScrapeProtocol.usualWithNativeHistograms : ScrapeProtocol.usual)
        }
        let hasOwnScheme = block.has("metric_name_validation_scheme")
        if !hasOwnScheme { nameScheme = global.nameScheme }
        if escapingScheme.isEmpty {
            let fallback = nameScheme == .legacy ? "underscores" : "allow-utf-8"
            escapingScheme = hasOwnScheme ? fallback : global.escapingScheme ?? fallback
        }
    }

    private func checkEscaping(_ block: YAMLBlock, _ decoding: inout YAMLDecoding) {
        guard escapingScheme == "allow-utf-8", nameScheme == .legacy else { return }
        decoding.error(
            "metric_name_escaping_scheme allow-utf-8 asks for names that the legacy scheme refuses",
            "use underscores, dots or values", at: block.mark(of: "metric_name_escaping_scheme"))
    }
}

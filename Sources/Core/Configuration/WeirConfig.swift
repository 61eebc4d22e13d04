public import YAML

/// The whole of prometheus.yml, and of the files that it includes, as one value.
public struct WeirConfig: Sendable, Hashable {
    /// What jobs inherit.
    public var global = GlobalConfig()
    /// The patterns of rule files, made absolute.
    public var ruleFiles: [String] = []
    /// The patterns of more files with jobs, made absolute.
    public var scrapeConfigFiles: [String] = []
    /// All jobs: those of the file itself first, then those of `scrapeConfigFiles`.
    public var scrapeConfigs: [ScrapeConfig] = []
    /// Who hears of alerts.
    public var alerting = AlertingConfig()
    /// Where samples are sent.
    public var remoteWrite: [RemoteWriteConfig] = []
    /// Where older samples come from.
    public var remoteRead: [RemoteReadConfig] = []
    /// How OpenTelemetry's metrics become series.
    public var otlp = OTLPConfig()
    var runtime: RuntimeConfig?
    var storage: StorageConfig?
    var tracing: TracingConfig?

    /// An empty file.
    public init() {}

    /// The jobs of `job_name`.
    public subscript(job name: String) -> ScrapeConfig? {
        scrapeConfigs.first { $0.jobName == name }
    }

    /// Every field of prometheus.yml, for documentation and schemas.
    public static var shape: YAMLShape { table.shape }

    /// The configuration as YAML: defaults filled in, secrets hidden, included jobs written out.
    public var yaml: String { YAMLWriter.text(Self.table.encode(self)) }

    static let table = YAMLTable<WeirConfig>(
        "prometheus.yml", "The file that `--config.file` names.", make: { WeirConfig() },
        check: check
    ) {
        YAMLField(
            "global", \.global, GlobalConfig.table.codec, standard: "see global",
            "What jobs and rules inherit.")
        YAMLField(
            "runtime", \.runtime, RuntimeConfig.table.codec,
            support: .checkedOnly("Weir has no garbage collector"), "Settings of Go's runtime.")
        YAMLField(
            "rule_files", \.ruleFiles, .list(.glob("rule_files")), support: NotYet.rules,
            "Files of rules; the last part of a path may hold one `*`.")
        YAMLField(
            "scrape_config_files", \.scrapeConfigFiles, .list(.glob("scrape_config_files")),
            "More files with `scrape_configs`; the last part of a path may hold one `*`.")
        YAMLField(
            "scrape_configs", \.scrapeConfigs, .list(ScrapeConfig.codec),
            "Jobs.")
        YAMLField(
            "alerting", \.alerting, AlertingConfig.table.codec, support: NotYet.alerting,
            "Who hears of alerts.")
        YAMLField(
            "remote_write", \.remoteWrite, .list(RemoteWriteConfig.table.codec),
            support: NotYet.sending, "Where samples are sent.")
        YAMLField(
            "remote_read", \.remoteRead, .list(RemoteReadConfig.table.codec),
            support: .checkedOnly("Weir reads its own database only"),
            "Where older samples come from.")
        YAMLField(
            "otlp", \.otlp, OTLPConfig.table.codec, standard: "see otlp",
            support: NotYet.otlp, "How OpenTelemetry's metrics become series.")
        YAMLField(
            "storage", \.storage, StorageConfig.table.codec,
            support: .checkedOnly("Weir keeps samples in PostgreSQL; see retention in weir.yml"),
            "Prometheus's store.")
        YAMLField(
            "tracing", \.tracing, TracingConfig.table.codec,
            support: .checkedOnly("Weir sends no spans about itself"),
            "Where Prometheus sends spans about itself.")
    }

    @Sendable private static func check(
        _ value: inout WeirConfig, _ block: YAMLBlock, _ decoding: inout YAMLDecoding
    ) {
        checkNames("name", in: block["remote_write"], of: "remote_write", &decoding)
        checkNames("name", in: block["remote_read"], of: "remote_read", &decoding)
    }

    /// Notes entries of a list that share a name.
    private static func checkNames(
        _ field: String, in list: YAMLNode?, of block: String, _ decoding: inout YAMLDecoding
    ) {
        guard case .list(let nodes)? = list?.content else { return }
        var seen: [String: Int] = [:]
        for node in nodes {
            guard let name = node[field], case .scalar(let scalar) = name.content,
                !scalar.text.isEmpty
            else { continue }
            if let first = seen[scalar.text] {
                decoding.error(
                    "the \(field) \"\(scalar.text)\" stands twice in \(block)",
                    "the first is in line \(first); rename one of them", at: name.mark)
            } else {
                seen[scalar.text] = name.mark.line
            }
        }
    }
}

/// A file of `scrape_config_files`.
struct ScrapeConfigFile: Sendable {
    var scrapeConfigs: [ScrapeConfig] = []

    static let table = YAMLTable<ScrapeConfigFile>(
        "scrape_config_file", "A file that scrape_config_files names.",
        make: { ScrapeConfigFile() }
    ) {
        YAMLField(
            "scrape_configs", \.scrapeConfigs, .list(ScrapeConfig.codec),
            "Jobs.")
    }
}

import Model
import YAML

/// `otlp`: how OpenTelemetry's metrics become series.
public struct OTLPConfig: Sendable, Hashable {
    /// Resource attributes that become labels.
    public var promoteResourceAttributes: [String] = []
    /// Whether all of them do.
    public var promoteAllResourceAttributes = false
    /// Those that do not, where all others do.
    public var ignoreResourceAttributes: [String] = []
    /// How names are translated.
    public var translationStrategy = strategies[0]
    /// Whether identifying attributes stay beside `job` and `instance`.
    public var keepIdentifyingResourceAttributes = false
    /// Whether histograms become native ones with custom buckets.
    public var convertHistograms = false
    /// Whether the scope becomes labels.
    public var promoteScopeMetadata = false
    /// Whether labels that begin with `_` get `key` before it.
    public var labelNameUnderscoreSanitization = true
    /// Whether several `_` stay.
    public var labelNamePreserveMultipleUnderscores = true

    static let strategies = [
        "UnderscoreEscapingWithSuffixes", "NoUTF8EscapingWithSuffixes",
        "UnderscoreEscapingWithoutSuffixes", "NoTranslation",
    ]

    static let table = YAMLTable<OTLPConfig>(
        "otlp", "How OpenTelemetry's metrics become series.", make: { OTLPConfig() }, check: check
    ) {
        YAMLField(
            "promote_resource_attributes", \.promoteResourceAttributes, .list(.filled("attribute")),
            "Resource attributes that become labels.")
        YAMLField(
            "promote_all_resource_attributes", \.promoteAllResourceAttributes, .boolean,
            "Makes labels of all of them.")
        YAMLField(
            "ignore_resource_attributes", \.ignoreResourceAttributes, .list(.filled("attribute")),
            "Those that do not, where all others do.")
        YAMLField(
            "translation_strategy", \.translationStrategy, .choice(strategies),
            "How names are translated.")
        YAMLField(
            "keep_identifying_resource_attributes", \.keepIdentifyingResourceAttributes, .boolean,
            "Keeps identifying attributes beside `job` and `instance`.")
        YAMLField(
            "convert_histograms_to_nhcb", \.convertHistograms, .boolean,
            "Turns histograms into native ones with custom buckets.")
        YAMLField(
            "promote_scope_metadata", \.promoteScopeMetadata, .boolean, "Makes labels of the scope."
        )
        YAMLField(
            "label_name_underscore_sanitization", \.labelNameUnderscoreSanitization, .boolean,
            "Puts `key` before labels that begin with `_`.")
        YAMLField(
            "label_name_preserve_multiple_underscores", \.labelNamePreserveMultipleUnderscores,
            .boolean, "Keeps several `_` as they are.")
    }

    @Sendable private static func check(
        _ value: inout OTLPConfig, _ block: YAMLBlock, _ decoding: inout YAMLDecoding
    ) {
        if value.promoteAllResourceAttributes, !value.promoteResourceAttributes.isEmpty {
            decoding.error(
                "promote_resource_attributes and promote_all_resource_attributes stand together",
                "keep one of them", at: block.mark(of: "promote_resource_attributes"))
        }
        if !value.promoteAllResourceAttributes, !value.ignoreResourceAttributes.isEmpty {
            decoding.error(
                "ignore_resource_attributes has nothing to leave out",
                "set promote_all_resource_attributes: true",
                at: block.mark(of: "ignore_resource_attributes"))
        }
        for name in ["promote_resource_attributes", "ignore_resource_attributes"] {
            guard case .list(let nodes)? = block[name]?.content else { continue }
            var seen: Set<String> = []
            for node in nodes {
                guard case .scalar(let scalar) = node.content else { continue }
                if !seen.insert(scalar.text).inserted {
                    decoding.error(
                        "\"\(scalar.text)\" stands twice in \(name)", "keep one of them",
                        at: node.mark)
                }
            }
        }
        if value.translationStrategy.hasPrefix("No"), decoding.global.nameScheme == .legacy {
            decoding.error(
                "translation_strategy \(value.translationStrategy) makes names that the legacy scheme refuses",
                "use UnderscoreEscapingWithSuffixes", at: block.value(of: "translation_strategy"))
        }
    }
}

/// `storage`: Prometheus's own store, which Weir does not have.
struct StorageConfig: Sendable, Hashable {
    var tsdb = TSDBConfig()
    var exemplars = ExemplarsConfig()

    static let table = YAMLTable<StorageConfig>(
        "storage", "Prometheus's store. Weir keeps samples in PostgreSQL, and weir.yml says how.",
        make: { StorageConfig() }
    ) {
        YAMLField(
            "tsdb", \.tsdb, TSDBConfig.table.codec, "Prometheus's database.")
        YAMLField(
            "exemplars", \.exemplars, ExemplarsConfig.table.codec, "Prometheus's exemplars.")
    }
}

struct TSDBConfig: Sendable, Hashable {
    var outOfOrderTimeWindow = TimeSpan.zero
    var staleSeriesThreshold = 0.0
    var retention = TSDBRetention()
    var chunkEncoding = ChunkEncoding()

    static let table = YAMLTable<TSDBConfig>(
        "tsdb", "Prometheus's database.", make: { TSDBConfig() }
    ) { value, block, decoding in
        if !(0...1).contains(value.staleSeriesThreshold) {
            decoding.error(
                "stale_series_compaction_threshold is out of range", "write between 0 and 1",
                at: block.value(of: "stale_series_compaction_threshold"))
        }
    } fields: {
        YAMLField(
            "out_of_order_time_window", \.outOfOrderTimeWindow, .duration,
            "How late a sample may come.")
        YAMLField(
            "stale_series_compaction_threshold", \.staleSeriesThreshold, .decimal,
            "The share of ended series that asks for a compaction.")
        YAMLField("retention", \.retention, TSDBRetention.table.codec, "How long samples are kept.")
        YAMLField(
            "chunk_encoding", \.chunkEncoding, ChunkEncoding.table.codec, "How samples are packed.")
    }
}

struct TSDBRetention: Sendable, Hashable {
    var time = TimeSpan.zero
    var size = ByteSize(bytes: 0)
    var percentage = 0.0

    static let table = YAMLTable<TSDBRetention>(
        "tsdb_retention", "How long samples are kept.", make: { TSDBRetention() }
    ) { value, block, decoding in
        if !(0...100).contains(value.percentage) {
            decoding.error(
                "percentage is out of range", "write between 0 and 100",
                at: block.value(of: "percentage"))
        }
    } fields: {
        YAMLField("time", \.time, .duration, standard: "15d where no size is set", "How long.")
        YAMLField("size", \.size, .size, "How much.")
        YAMLField("percentage", \.percentage, .decimal, "How much of the disk.")
    }
}

struct ChunkEncoding: Sendable, Hashable {
    var floats = "xor"

    static let table = YAMLTable<ChunkEncoding>(
        "chunk_encoding", "How samples are packed.", make: { ChunkEncoding() }
    ) {
        YAMLField("floats", \.floats, .choice(["xor", "xor2"]), "How numbers are packed.")
    }
}

struct ExemplarsConfig: Sendable, Hashable {
    var maxExemplars = 100_000

    static let table = YAMLTable<ExemplarsConfig>(
        "exemplars", "Prometheus's exemplars.", make: { ExemplarsConfig() }
    ) {
        YAMLField(
            "max_exemplars", \.maxExemplars, .whole(Int.min...Int.max),
            "How many are kept; 0 or less for none.")
    }
}

/// `runtime`: settings of Go's runtime, which Weir does not have.
struct RuntimeConfig: Sendable, Hashable {
    var gogc = 75

    static let table = YAMLTable<RuntimeConfig>(
        "runtime", "Settings of Go's runtime.", make: { RuntimeConfig() }
    ) {
        YAMLField(
            "gogc", \.gogc, .whole(Int.min...Int.max), "Go's garbage collector.")
    }
}

/// `tracing`: where Prometheus sends spans about itself.
struct TracingConfig: Sendable, Hashable {
    var clientType = "grpc"
    var endpoint = ""
    var samplingFraction = 0.0
    var insecure = false
    var headers: [String: String] = [:]
    var compression = ""
    var timeout = TimeSpan.seconds(10)
    var tls = TLSConfig()

    static let table = YAMLTable<TracingConfig>(
        "tracing", "Where Prometheus sends spans about itself.", make: { TracingConfig() }
    ) { value, block, decoding in
        HTTPHeader.check(names: block["headers"], of: "headers", &decoding)
        if !["", "gzip"].contains(value.compression) {
            decoding.unknownChoice(
                value.compression, among: ["gzip"], at: block.value(of: "compression"))
        }
    } fields: {
        YAMLField("client_type", \.clientType, .choice(["grpc", "http"]), "The protocol.")
        YAMLField("endpoint", \.endpoint, .filled("endpoint"), required: true, "Where spans go.")
        YAMLField(
            "sampling_fraction", \.samplingFraction, .decimal, "The share of traces that is sent.")
        YAMLField("insecure", \.insecure, .boolean, "Does without TLS.")
        YAMLField("headers", \.headers, .map(.text), "More fields of every request.")
        YAMLField("compression", \.compression, .text, "`gzip`, or nothing.")
        YAMLField("timeout", \.timeout, .duration, "How long one request may take.")
        YAMLField("tls_config", \.tls, TLSConfig.table.codec, "TLS to the endpoint.")
    }
}

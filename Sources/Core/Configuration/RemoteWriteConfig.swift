public import Model
public import Relabeling
import YAML

/// One endpoint of `remote_write`.
public struct RemoteWriteConfig: Sendable, Hashable {
    /// Where samples go; may hold a password.
    public var url = ""
    /// `prometheus.WriteRequest` or `io.prometheus.write.v2.Request`.
    public var protobufMessage = messages[0]
    /// How long one request may take.
    public var remoteTimeout = TimeSpan.seconds(30)
    /// More fields of every request.
    public var headers: [String: String] = [:]
    /// What is done to samples before.
    public var writeRelabelConfigs: [RelabelRule] = []
    /// The endpoint's name in metrics and logs.
    public var name = ""
    /// Whether exemplars are sent.
    public var sendExemplars = false
    /// Whether native histograms are sent.
    public var sendNativeHistograms = false
    /// Whether requests go round all addresses of the host.
    public var roundRobinDNS = false
    /// Whether refused requests are logged.
    public var failedRequestLogging = false
    /// How requests are made.
    public var http = RemoteWriteConfig.standardHTTP
    /// How samples wait.
    public var queue = QueueConfig()
    /// How metadata is sent.
    public var metadata = MetadataConfig()
    var sigv4: SigV4Config?
    var azureAD: AzureADConfig?
    var googleIAM: GoogleIAMConfig?

    /// The two messages of the protocol.
    public static let messages = ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"]

    private static var standardHTTP: HTTPClientConfig {
        var http = HTTPClientConfig()
        http.enableHTTP2 = false
        return http
    }

    static let table = YAMLTable<RemoteWriteConfig>(
        "remote_write", "An endpoint that all samples are sent to.", make: { RemoteWriteConfig() }
    ) { value, block, decoding in
        HTTPClientConfig.check(
            &value.http, block, others: ["sigv4", "azuread", "google_iam"], &decoding)
        HTTPHeader.check(names: block["headers"], of: "headers", &decoding)
    } fields: {
        YAMLField("url", \.url, .url(), required: true, "Where samples go.")
        YAMLField(
            "protobuf_message", \.protobufMessage, .choice(messages),
            "The message: Remote Write 1.0 or 2.0.")
        YAMLField("remote_timeout", \.remoteTimeout, .duration, "How long one request may take.")
        YAMLField("headers", \.headers, .map(.text), "More fields of every request.")
        YAMLField(
            "write_relabel_configs", \.writeRelabelConfigs, .list(.relabelRule),
            "What is done to samples before.")
        YAMLField("name", \.name, .text, "The endpoint's name in metrics and logs, unique.")
        YAMLField("send_exemplars", \.sendExemplars, .boolean, "Sends exemplars.")
        YAMLField(
            "send_native_histograms", \.sendNativeHistograms, .boolean, "Sends native histograms.")
        YAMLField(
            "round_robin_dns", \.roundRobinDNS, .boolean,
            support: .warned("libcurl chooses the address"), "Goes round all addresses of the host."
        )
        YAMLField(
            "failed_request_logging", \.failedRequestLogging, .boolean, "Logs refused requests.")
        HTTPClientConfig.table.lifted(to: \RemoteWriteConfig.http)
        YAMLField("queue_config", \.queue, QueueConfig.table.codec, "How samples wait.")
        YAMLField(
            "metadata_config", \.metadata, MetadataConfig.table.codec, "How metadata is sent.")
        YAMLField(
            "sigv4", \.sigv4, SigV4Config.table.codec, support: .refused(SigV4Config.reason),
            "Amazon's signatures.")
        YAMLField(
            "azuread", \.azureAD, AzureADConfig.table.codec,
            support: .refused("send through a proxy that signs, or use oauth2"), "Tokens of Azure.")
        YAMLField(
            "google_iam", \.googleIAM, GoogleIAMConfig.table.codec,
            support: .refused("send through a proxy that signs, or use oauth2"), "Tokens of Google."
        )
    }
}

/// `queue_config`: how samples wait for a remote endpoint.
public struct QueueConfig: Sendable, Hashable {
    /// How many samples wait per shard.
    public var capacity = 10_000
    /// The most requests at once.
    public var maxShards = 50
    /// The fewest requests at once.
    public var minShards = 1
    /// The most samples of a request.
    public var maxSamplesPerSend = 2000
    /// How long a sample waits for others.
    public var batchSendDeadline = TimeSpan.seconds(5)
    /// The first pause after a failure.
    public var minBackoff = TimeSpan(milliseconds: 30)
    /// The longest pause.
    public var maxBackoff = TimeSpan.seconds(5)
    /// Whether 429 is tried again.
    public var retryOnHTTP429 = false
    /// The oldest sample that is sent; zero for any.
    public var sampleAgeLimit = TimeSpan.zero

    static let table = YAMLTable<QueueConfig>(
        "queue_config", "How samples wait for a remote endpoint.", make: { QueueConfig() }
    ) { value, block, decoding in
        if value.minShards > value.maxShards {
            decoding.warn(
                "min_shards \(value.minShards) is over max_shards \(value.maxShards)", "lower it",
                at: block.value(of: "min_shards"))
        }
        if value.minBackoff > value.maxBackoff {
            decoding.warn(
                "min_backoff \(value.minBackoff) is over max_backoff \(value.maxBackoff)",
                "lower it",
                at: block.value(of: "min_backoff"))
        }
    } fields: {
        YAMLField("capacity", \.capacity, .whole(), "How many samples wait per shard.")
        YAMLField("max_shards", \.maxShards, .whole(), "The most requests at once.")
        YAMLField("min_shards", \.minShards, .whole(), "The fewest requests at once.")
        YAMLField(
            "max_samples_per_send", \.maxSamplesPerSend, .whole(), "The most samples of a request.")
        YAMLField(
            "batch_send_deadline", \.batchSendDeadline, .duration,
            "How long a sample waits for others.")
        YAMLField("min_backoff", \.minBackoff, .duration, "The first pause after a failure.")
        YAMLField("max_backoff", \.maxBackoff, .duration, "The longest pause after failures.")
        YAMLField("retry_on_http_429", \.retryOnHTTP429, .boolean, "Tries again after 429.")
        YAMLField(
            "sample_age_limit", \.sampleAgeLimit, .duration,
            "The oldest sample that is sent; 0s for any.")
    }
}

/// `metadata_config`: how metadata is sent to a remote endpoint.
public struct MetadataConfig: Sendable, Hashable {
    /// Whether it is sent.
    public var send = true
    /// How often.
    public var sendInterval = TimeSpan.minutes(1)
    /// The most entries of a request.
    public var maxSamplesPerSend = 2000

    static let table = YAMLTable<MetadataConfig>(
        "metadata_config", "How metadata is sent to a remote endpoint.", make: { MetadataConfig() }
    ) {
        YAMLField("send", \.send, .boolean, "Sends metadata.")
        YAMLField("send_interval", \.sendInterval, .duration, "How often.")
        YAMLField(
            "max_samples_per_send", \.maxSamplesPerSend, .whole(), "The most entries of a request.")
    }
}

/// One endpoint of `remote_read`.
public struct RemoteReadConfig: Sendable, Hashable {
    /// Where samples come from; may hold a password.
    public var url = ""
    /// The endpoint's name.
    public var name = ""
    /// What a query must ask for.
    public var requiredMatchers = Labels()
    /// How long one request may take.
    public var remoteTimeout = TimeSpan.minutes(1)
    /// The most bytes of one chunk.
    public var chunkedReadLimit = 50_000_000
    /// More fields of every request.
    public var headers: [String: String] = [:]
    /// Whether it is asked for what is kept here, too.
    public var readRecent = false
    /// Whether external labels are part of the question.
    public var filterExternalLabels = true
    /// How requests are made.
    public var http = HTTPClientConfig()

    static let table = YAMLTable<RemoteReadConfig>(
        "remote_read", "An endpoint that older samples come from.", make: { RemoteReadConfig() }
    ) { value, block, decoding in
        HTTPClientConfig.check(&value.http, block, &decoding)
        HTTPHeader.check(names: block["headers"], of: "headers", &decoding)
    } fields: {
        YAMLField("url", \.url, .url(), required: true, "Where samples come from.")
        YAMLField("name", \.name, .text, "The endpoint's name, unique.")
        YAMLField("required_matchers", \.requiredMatchers, .labels, "What a query must ask for.")
        YAMLField("remote_timeout", \.remoteTimeout, .duration, "How long one request may take.")
        YAMLField(
            "chunked_read_limit", \.chunkedReadLimit, .whole(), "The most bytes of one chunk.")
        YAMLField("headers", \.headers, .map(.text), "More fields of every request.")
        YAMLField("read_recent", \.readRecent, .boolean, "Asks also for what is kept here.")
        YAMLField(
            "filter_external_labels", \.filterExternalLabels, .boolean,
            "Makes external labels part of the question.")
        HTTPClientConfig.table.lifted(to: \RemoteReadConfig.http)
    }
}

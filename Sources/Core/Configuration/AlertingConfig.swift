public import Model
public import Relabeling
import YAML

/// `alerting`: who hears of alerts.
public struct AlertingConfig: Sendable, Hashable {
    /// What is done to every alert.
    public var alertRelabelConfigs: [RelabelRule] = []
    /// Who hears of them.
    public var alertmanagers: [AlertmanagerConfig] = []

    static let table = YAMLTable<AlertingConfig>(
        "alerting", "Who hears of alerts.", make: { AlertingConfig() }
    ) {
        YAMLField(
            "alert_relabel_configs", \.alertRelabelConfigs, .list(.relabelRule),
            "What is done to every alert.")
        YAMLField(
            "alertmanagers", \.alertmanagers, .list(AlertmanagerConfig.table.codec),
            "Who hears of them.")
    }
}

/// One set of Alertmanagers.
public struct AlertmanagerConfig: Sendable, Hashable {
    /// How long one push may take.
    public var timeout = TimeSpan.seconds(10)
    /// `v2`.
    public var apiVersion = "v2"
    /// What stands before the path.
    public var pathPrefix = "/"
    /// `http` or `https`.
    public var scheme = "http"
    /// How they are asked.
    public var http = HTTPClientConfig()
    /// Where they are.
    public var discovery = DiscoveryConfig()
    /// What is done to them.
    public var relabelConfigs: [RelabelRule] = []
    /// What is done to alerts for them.
    public var alertRelabelConfigs: [RelabelRule] = []
    var sigv4: SigV4Config?

    static let table = YAMLTable<AlertmanagerConfig>(
        "alertmanager_config", "One set of Alertmanagers.", make: { AlertmanagerConfig() }
    ) { value, block, decoding in
        HTTPClientConfig.check(&value.http, block, others: ["sigv4"], &decoding)
        if value.relabelConfigs.isEmpty { StaticConfig.checkTargets(block, &decoding) }
    } fields: {
        YAMLField("timeout", \.timeout, .duration, "How long one push may take.")
        YAMLField("api_version", \.apiVersion, .choice(["v2"]), "The version of their interface.")
        YAMLField("path_prefix", \.pathPrefix, .text, "What stands before the path.")
        YAMLField("scheme", \.scheme, .text, "`http` or `https`.")
        HTTPClientConfig.table.lifted(to: \AlertmanagerConfig.http)
        YAMLField(
            "sigv4", \.sigv4, SigV4Config.table.codec, support: .refused(SigV4Config.reason),
            "Amazon's signatures.")
        DiscoveryConfig.table.lifted(to: \AlertmanagerConfig.discovery)
        YAMLField("relabel_configs", \.relabelConfigs, .list(.relabelRule), "What is done to them.")
        YAMLField(
            "alert_relabel_configs", \.alertRelabelConfigs, .list(.relabelRule),
            "What is done to alerts for them.")
    }
}

/// `sigv4`: Amazon's signatures.
struct SigV4Config: Sendable, Hashable {
    var region = ""
    var accessKey = ""
    var secretKey: Secret?
    var profile = ""
    var roleARN = ""
    var externalID = ""
    var useFIPS = false
    var serviceName = ""

    static let reason =
        "send through a proxy that signs, or use basic_auth, authorization or oauth2"

    static let table = YAMLTable<SigV4Config>(
        "sigv4", "Amazon's signatures. Checked, but not made.", make: { SigV4Config() }
    ) { value, block, decoding in
        if block.has("access_key") != block.has("secret_key") {
            decoding.error(
                "sigv4 has only one of access_key and secret_key", "add the other",
                at: block.mark(of: block.has("access_key") ? "access_key" : "secret_key"))
        }
    } fields: {
        YAMLField("region", \.region, .text, "The region.")
        YAMLField("access_key", \.accessKey, .text, "The key's name.")
        YAMLField("secret_key", \.secretKey, .secret, "The key.")
        YAMLField("profile", \.profile, .text, "A named profile.")
        YAMLField("role_arn", \.roleARN, .text, "The role that is taken on.")
        YAMLField("external_id", \.externalID, .text, "The external id of that role.")
        YAMLField("use_fips_sts_endpoint", \.useFIPS, .boolean, "Asks Amazon's FIPS endpoint.")
        YAMLField("service_name", \.serviceName, .text, "The service that is signed for.")
    }
}

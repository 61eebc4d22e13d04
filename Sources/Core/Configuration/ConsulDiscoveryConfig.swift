public import Model
import YAML

/// `consul_sd_configs`: services of Consul.
public struct ConsulDiscoveryConfig: Sendable, Hashable {
    /// Host and port of the agent.
    public var server = "localhost:8500"
    /// What stands before every path.
    public var pathPrefix = ""
    /// The token of the access control list.
    public var token: Secret?
    /// The data centre; the agent's own where empty.
    public var datacenter = ""
    /// The namespace of Consul Enterprise.
    public var namespace = ""
    /// The partition of Consul Enterprise.
    public var partition = ""
    /// `http` or `https`.
    public var scheme = "http"
    var username = ""
    var password: Secret?
    /// The services; all where empty.
    public var services: [String] = []
    /// The tags that a service must have, all of them.
    public var tags: [String] = []
    /// What a node must say of itself.
    public var nodeMeta: [String: String] = [:]
    /// A filter expression for the catalog's list of services.
    public var filter = ""
    /// A filter expression for the health of services.
    public var healthFilter = ""
    /// What joins tags into one label.
    public var tagSeparator = ","
    /// Whether any server may answer.
    public var allowStale = true
    /// How long after an answer the next question waits.
    public var refreshInterval = TimeSpan.seconds(30)
    /// How the agent is asked.
    public var http = HTTPClientConfig()

    static let table = YAMLTable<ConsulDiscoveryConfig>(
        "consul_sd_config", "Services of Consul's catalog.", make: { ConsulDiscoveryConfig() }
    ) { value, block, decoding in
        HTTPClientConfig.check(&value.http, block, &decoding)
        if value.server.isEmpty {
            decoding.error(
                "server of consul_sd_config is empty", "write host:port",
                at: block.value(of: "server"))
        }
        if !value.username.isEmpty || value.password != nil {
            if value.http.basicAuth != nil {
                decoding.error(
                    "username and basic_auth stand together in consul_sd_config",
                    "keep basic_auth",
                    at: block.mark(of: block.has("username") ? "username" : "password"))
            }
            value.http.basicAuth = BasicAuth(username: value.username, password: value.password)
            (value.username, value.password) = ("", nil)
        }
        if let token = value.token, !token.isEmpty,
            value.http.authorization != nil || value.http.oauth2 != nil
        {
            decoding.error(
                "token and authorization or oauth2 stand together in consul_sd_config",
                "keep one of them", at: block.mark(of: "token"))
        }
    } fields: {
        YAMLField("server", \.server, .text("host:port"), "The agent.")
        YAMLField("path_prefix", \.pathPrefix, .text, "What stands before every path.")
        YAMLField("token", \.token, .secret, "The token of the access control list.")
        YAMLField("datacenter", \.datacenter, .text, standard: "the agent's", "The data centre.")
        YAMLField("namespace", \.namespace, .text, "The namespace of Consul Enterprise.")
        YAMLField("partition", \.partition, .text, "The partition of Consul Enterprise.")
        YAMLField("scheme", \.scheme, .text, "`http` or `https`.")
        YAMLField("username", \.username, .text, "The older form of basic_auth.username.")
        YAMLField("password", \.password, .secret, "The older form of basic_auth.password.")
        YAMLField("services", \.services, .list(.text), standard: "all", "The services.")
        YAMLField("tags", \.tags, .list(.text), "The tags that a service must have, all of them.")
        YAMLField("node_meta", \.nodeMeta, .map(.text), "What a node must say of itself.")
        YAMLField("filter", \.filter, .text, "A filter expression for the catalog.")
        YAMLField(
            "health_filter", \.healthFilter, .text,
            "A filter expression for the health of services.")
        YAMLField("tag_separator", \.tagSeparator, .text, "What joins tags into one label.")
        YAMLField("allow_stale", \.allowStale, .boolean, "Lets any server answer.")
        YAMLField(
            "refresh_interval", \.refreshInterval, .duration,
            "How long after an answer the next question waits.")
        HTTPClientConfig.table.lifted(to: \ConsulDiscoveryConfig.http)
    }
}

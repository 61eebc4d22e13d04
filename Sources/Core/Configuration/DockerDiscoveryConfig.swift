public import Model
import YAML

/// A filter of Docker's API, or of another provider's.
public struct DiscoveryFilter: Sendable, Hashable {
    /// What is looked at.
    public var name = ""
    /// What it may be.
    public var values: [String] = []

    static let table = YAMLTable<DiscoveryFilter>(
        "filter", "A filter of the provider's API.", make: { DiscoveryFilter() }
    ) { value, block, decoding in
        if block.has("values"), value.values.isEmpty {
            decoding.error("values is empty", "write a value", at: block.value(of: "values"))
        }
    } fields: {
        YAMLField("name", \.name, .text, required: true, "What is looked at.")
        YAMLField("values", \.values, .list(.text), required: true, "What it may be.")
    }
}

/// `docker_sd_configs`: containers of Docker.
public struct DockerDiscoveryConfig: Sendable, Hashable {
    /// The daemon: `unix://…`, `tcp://…`, `http://…` or `https://…`.
    public var host = ""
    /// The port of containers that publish none.
    public var port = 80
    /// The host of containers that share the daemon's network.
    public var hostNetworkingHost = "localhost"
    /// Whether one network of a container is enough.
    public var matchFirstNetwork = true
    /// Which containers.
    public var filters: [DiscoveryFilter] = []
    /// How often the daemon is asked.
    public var refreshInterval = TimeSpan.minutes(1)
    /// How the daemon is asked.
    public var http = HTTPClientConfig()

    static let schemes = ["unix", "tcp", "http", "https"]

    static let table = YAMLTable<DockerDiscoveryConfig>(
        "docker_sd_config", "Containers of Docker.", make: { DockerDiscoveryConfig() }
    ) {
        HTTPClientConfig.check(&$0.http, $1, &$2)
    } fields: {
        YAMLField(
            "host", \.host, .dockerHost, required: true,
            "The daemon: `unix://…`, `tcp://…`, `http://…` or `https://…`.")
        YAMLField("port", \.port, .port, "The port of containers that publish none.")
        YAMLField(
            "host_networking_host", \.hostNetworkingHost, .text,
            "The host of containers that share the daemon's network.")
        YAMLField(
            "match_first_network", \.matchFirstNetwork, .boolean,
            "Takes one network of a container.")
        YAMLField("filters", \.filters, .list(DiscoveryFilter.table.codec), "Which containers.")
        YAMLField(
            "refresh_interval", \.refreshInterval, .duration, "How often the daemon is asked.")
        HTTPClientConfig.table.lifted(to: \DockerDiscoveryConfig.http)
    }
}

/// `dockerswarm_sd_configs`: services, tasks and nodes of Docker Swarm.
public struct DockerSwarmDiscoveryConfig: Sendable, Hashable {
    /// The daemon.
    public var host = ""
    /// `services`, `tasks` or `nodes`.
    public var role = ""
    /// The port of what publishes none.
    public var port = 80
    /// Which of them.
    public var filters: [DiscoveryFilter] = []
    /// How often the daemon is asked.
    public var refreshInterval = TimeSpan.minutes(1)
    /// How the daemon is asked.
    public var http = HTTPClientConfig()

    static let table = YAMLTable<DockerSwarmDiscoveryConfig>(
        "dockerswarm_sd_config", "Services, tasks and nodes of Docker Swarm.",
        make: { DockerSwarmDiscoveryConfig() }
    ) {
        HTTPClientConfig.check(&$0.http, $1, &$2)
    } fields: {
        YAMLField(
            "host", \.host, .dockerHost, required: true,
            "The daemon: `unix://…`, `tcp://…`, `http://…` or `https://…`.")
        YAMLField(
            "role", \.role, .choice(["services", "tasks", "nodes"]), required: true,
            "What becomes a target.")
        YAMLField("port", \.port, .port, "The port of what publishes none.")
        YAMLField("filters", \.filters, .list(DiscoveryFilter.table.codec), "Which of them.")
        YAMLField(
            "refresh_interval", \.refreshInterval, .duration, "How often the daemon is asked.")
        HTTPClientConfig.table.lifted(to: \DockerSwarmDiscoveryConfig.http)
    }
}

extension YAMLCodec where Value == String {
    fileprivate static var dockerHost: YAMLCodec {
        filled("host").checked { text, node, decoding in
            let scheme = text.firstRange(of: "://").map { String(text[..<$0.lowerBound]) }
            guard !text.isEmpty, !DockerDiscoveryConfig.schemes.contains(scheme ?? "") else {
                return
            }
            decoding.error(
                "\"\(YAMLComplaint.short(text))\" is not a Docker host",
                "begin it with unix://, tcp://, http:// or https://", at: node.mark)
        }
    }
}

/// `postgres_sd_configs`: rows of a query to PostgreSQL, which Prometheus does not have.
public struct PostgresDiscoveryConfig: Sendable, Hashable {
    /// A connection string of libpq; Weir's own database where there is none.
    public var database: Secret?
    /// The file that holds it instead.
    public var databaseFile: Secret?
    /// The query; each row is a target.
    public var query = ""
    /// The channel whose notifications ask for another run.
    public var channel = ""
    /// How often the query runs anyway.
    public var refreshInterval = TimeSpan.minutes(1)

    static let table = YAMLTable<PostgresDiscoveryConfig>(
        "postgres_sd_config", "Rows of a query to PostgreSQL. Prometheus does not know this kind.",
        make: { PostgresDiscoveryConfig() }
    ) { _, block, decoding in
        allowOne(["database", "database_file"], in: block, &decoding)
    } fields: {
        YAMLField(
            "database", \.database, .secret, standard: "Weir's own database",
            "A connection string of libpq.")
        YAMLField(
            "database_file", \.databaseFile, .secretFile, "A file that holds the connection string."
        )
        YAMLField(
            "query", \.query, .filled("query"), required: true,
            "The query: a column `address`, or `targets` as an array; a `jsonb` column `labels` is a map of labels, and every other column becomes `__meta_postgres_<column>`."
        )
        YAMLField("channel", \.channel, .text, "A channel of NOTIFY that asks for another run.")
        YAMLField(
            "refresh_interval", \.refreshInterval, .duration, "How often the query runs anyway.")
    }
}

public import Configuration

/// The settings of one source; two that are equal are one source.
public enum SourceConfig: Sendable, Hashable {
    /// `static_configs`, all of a job.
    case statics([StaticConfig])
    /// `file_sd_configs`.
    case file(FileDiscoveryConfig)
    /// `http_sd_configs`.
    case http(HTTPDiscoveryConfig)
    /// `dns_sd_configs`.
    case dns(DNSDiscoveryConfig)
    /// `consul_sd_configs`.
    case consul(ConsulDiscoveryConfig)
    /// `kubernetes_sd_configs`.
    case kubernetes(KubernetesDiscoveryConfig)
    /// `docker_sd_configs`.
    case docker(DockerDiscoveryConfig)
    /// `dockerswarm_sd_configs`.
    case dockerSwarm(DockerSwarmDiscoveryConfig)
    /// `postgres_sd_configs`.
    case postgres(PostgresDiscoveryConfig)

    /// The sources of `discovery`, in the order of the documentation.
    static func all(of discovery: DiscoveryConfig) -> [SourceConfig] {
        var all: [SourceConfig] = []
        if !discovery.statics.isEmpty { all.append(.statics(discovery.statics)) }
        all += discovery.files.map { .file($0) }
        all += discovery.https.map { .http($0) }
        all += discovery.dns.map { .dns($0) }
        all += discovery.consul.map { .consul($0) }
        all += discovery.kubernetes.map { .kubernetes($0) }
        all += discovery.docker.map { .docker($0) }
        all += discovery.dockerSwarm.map { .dockerSwarm($0) }
        all += discovery.postgres.map { .postgres($0) }
        return all
    }

    /// What the kind is called in labels of metrics, as Prometheus calls it.
    public var kind: String {
        switch self {
        case .statics: "static"
        case .file: "file"
        case .http: "http"
        case .dns: "dns"
        case .consul: "consul"
        case .kubernetes: "kubernetes"
        case .docker: "docker"
        case .dockerSwarm: "dockerswarm"
        case .postgres: "postgres"
        }
    }

    /// What tells it from others of its kind, for people: a URL, a path; never a secret.
    public var place: String {
        switch self {
        case .statics: ""
        case .file(let config): config.files.joined(separator: ", ")
        case .http(let config): HTTPSource.shown(config.url)
        case .dns(let config): "\(config.type) \(config.names.joined(separator: ", "))"
        case .consul(let config): config.server
        case .kubernetes(let config): config.place
        case .docker(let config): config.host
        case .dockerSwarm(let config): "\(config.host) \(config.role)"
        case .postgres(let config): PostgresSource.shown(config)
        }
    }

    /// The source that these settings ask for.
    func source(_ surroundings: SourceSurroundings) -> any TargetSource {
        switch self {
        case .statics(let configs): StaticSource(configs)
        case .file(let config): FileSource(config, surroundings)
        case .http(let config): HTTPSource(config, surroundings)
        case .dns(let config): DNSSource(config, surroundings)
        case .consul(let config): ConsulSource(config, surroundings)
        case .kubernetes(let config): KubernetesSource(config, surroundings)
        case .docker(let config): DockerSource(config, surroundings)
        case .dockerSwarm(let config): DockerSwarmSource(config, surroundings)
        case .postgres(let config): PostgresSource(config, surroundings)
        }
    }
}

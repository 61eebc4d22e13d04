public import Model
import YAML

/// Where the targets of a job, or Alertmanagers, come from.
public struct DiscoveryConfig: Sendable, Hashable {
    /// `static_configs`.
    public var statics: [StaticConfig] = []
    /// `file_sd_configs`.
    public var files: [FileDiscoveryConfig] = []
    /// `http_sd_configs`.
    public var https: [HTTPDiscoveryConfig] = []
    /// `dns_sd_configs`.
    public var dns: [DNSDiscoveryConfig] = []
    /// `consul_sd_configs`.
    public var consul: [ConsulDiscoveryConfig] = []
    /// `kubernetes_sd_configs`.
    public var kubernetes: [KubernetesDiscoveryConfig] = []
    /// `docker_sd_configs`.
    public var docker: [DockerDiscoveryConfig] = []
    /// `dockerswarm_sd_configs`.
    public var dockerSwarm: [DockerSwarmDiscoveryConfig] = []
    /// `postgres_sd_configs`.
    public var postgres: [PostgresDiscoveryConfig] = []
    var foreign: [ForeignDiscovery] = []

    /// No targets.
    public init() {}

    /// The kinds that Weir runs, as they are called in the file.
    public static let kinds = [
        "static_configs", "file_sd_configs", "http_sd_configs", "dns_sd_configs",
        "consul_sd_configs", "kubernetes_sd_configs", "docker_sd_configs",
        "dockerswarm_sd_configs", "postgres_sd_configs",
    ]

    static let table = YAMLTable<DiscoveryConfig>(
        "discovery", "Where targets come from.", make: { DiscoveryConfig() }
    ) {
        YAMLField(
            "static_configs", \.statics, .list(StaticConfig.table.codec),
            "Targets in the file itself.")
        YAMLField(
            "file_sd_configs", \.files, .list(FileDiscoveryConfig.table.codec),
            "Targets in files that are watched.")
        YAMLField(
            "http_sd_configs", \.https, .list(HTTPDiscoveryConfig.table.codec),
            "Targets that a server lists.")
        YAMLField(
            "dns_sd_configs", \.dns, .list(DNSDiscoveryConfig.table.codec),
            "Targets of the domain name system.")
        YAMLField(
            "consul_sd_configs", \.consul, .list(ConsulDiscoveryConfig.table.codec),
            "Services of Consul.")
        YAMLField(
            "kubernetes_sd_configs", \.kubernetes, .list(KubernetesDiscoveryConfig.table.codec),
            "Objects of Kubernetes.")
        YAMLField(
            "docker_sd_configs", \.docker, .list(DockerDiscoveryConfig.table.codec),
            "Containers of Docker.")
        YAMLField(
            "dockerswarm_sd_configs", \.dockerSwarm, .list(DockerSwarmDiscoveryConfig.table.codec),
            "Services, tasks and nodes of Docker Swarm.")
        YAMLField(
            "postgres_sd_configs", \.postgres, .list(PostgresDiscoveryConfig.table.codec),
            "Rows of a query to PostgreSQL; Weir's own.")
        ForeignDiscovery.fields
    }
}

/// `file_sd_configs`: targets in files.
public struct FileDiscoveryConfig: Sendable, Hashable {
    /// Paths, each with at most one `*` in its last part.
    public var files: [String] = []
    /// How often the files are read even if nothing seems to have changed.
    public var refreshInterval = TimeSpan.minutes(5)

    static let table = YAMLTable<FileDiscoveryConfig>(
        "file_sd_config", "Targets in JSON or YAML files, read again when they change.",
        make: { FileDiscoveryConfig() }
    ) { _, block, decoding in
        guard case .list(let nodes)? = block["files"]?.content, !nodes.isEmpty else {
            if case .list? = block["files"]?.content {
                decoding.error("files is empty", "name a file", at: block.value(of: "files"))
            }
            return
        }
    } fields: {
        YAMLField(
            "files", \.files, .list(.targetFile), required: true,
            "Paths that end in .json, .yml or .yaml; the last part may hold one `*`.")
        YAMLField(
            "refresh_interval", \.refreshInterval, .duration,
            "How often files are read again even if nothing seems to have changed.")
    }
}

extension YAMLCodec where Value == String {
    fileprivate static var targetFile: YAMLCodec {
        path.checked { path, node, decoding in
            let folderless = path.split(separator: "/").last.map(String.init) ?? path
            let folder = path.dropLast(folderless.utf8.count)
            let isTargetFile = [".json", ".yml", ".yaml"].contains {
                path.lowercased().hasSuffix($0)
            }
            if folder.contains("*") || folderless.count(where: { $0 == "*" }) > 1 || !isTargetFile {
                decoding.error(
                    "\"\(node.written)\" cannot name target files",
                    "end it in .json, .yml or .yaml, with at most one * in the last part",
                    at: node.mark)
            } else {
                decoding.files.append(NamedFile(path: path, mark: node.mark, use: .discovery))
            }
        }
    }

    static func filled(_ name: String) -> YAMLCodec {
        text(name).checked { text, node, decoding in
            if text.isEmpty { decoding.error("the \(name) is empty", "fill it in", at: node.mark) }
        }
    }
}

/// `http_sd_configs`: targets that a server lists.
public struct HTTPDiscoveryConfig: Sendable, Hashable {
    /// The list's URL.
    public var url = ""
    /// How often it is asked for.
    public var refreshInterval = TimeSpan.minutes(1)
    /// How it is asked for.
    public var http = HTTPClientConfig()

    static let table = YAMLTable<HTTPDiscoveryConfig>(
        "http_sd_config", "Targets that a server lists as JSON.", make: { HTTPDiscoveryConfig() }
    ) {
        HTTPClientConfig.check(&$0.http, $1, &$2)
    } fields: {
        YAMLField("url", \.url, .url(), required: true, "The list's URL.")
        YAMLField("refresh_interval", \.refreshInterval, .duration, "How often it is asked for.")
        HTTPClientConfig.table.lifted(to: \HTTPDiscoveryConfig.http)
    }
}

/// `dns_sd_configs`: targets of the domain name system.
public struct DNSDiscoveryConfig: Sendable, Hashable {
    /// The names that are asked for.
    public var names: [String] = []
    /// `SRV`, `A`, `AAAA`, `MX` or `NS`.
    public var type = "SRV"
    /// The port of the targets; SRV records bring their own.
    public var port = 0
    /// How often the names are asked for.
    public var refreshInterval = TimeSpan.seconds(30)

    static let table = YAMLTable<DNSDiscoveryConfig>(
        "dns_sd_config", "Targets of the domain name system.", make: { DNSDiscoveryConfig() }
    ) { value, block, decoding in
        if block.has("names"), value.names.isEmpty {
            decoding.error("names is empty", "name a domain", at: block.value(of: "names"))
        }
        if value.type != "SRV", value.port == 0 {
            decoding.error(
                "dns_sd_config of type \(value.type) has no port", "add port", at: block.mark)
        }
    } fields: {
        YAMLField("names", \.names, .list(.text), required: true, "The names that are asked for.")
        YAMLField("type", \.type, .dnsType, "The records that are asked for.")
        YAMLField("port", \.port, .port, "The targets' port; SRV records bring their own.")
        YAMLField(
            "refresh_interval", \.refreshInterval, .duration, "How often the names are asked for.")
    }
}

extension YAMLCodec where Value == String {
    fileprivate static var dnsType: YAMLCodec {
        let types = ["SRV", "A", "AAAA", "MX", "NS"]
        return YAMLCodec(.choice(types)) { node, decoding in
            guard let text = YAMLCodec<String>.text.read(node, &decoding) else { return nil }
            guard types.contains(text.uppercased()) else {
                decoding.unknownChoice(text, among: types, at: node.mark)
                return nil
            }
            return text.uppercased()
        } write: {
            .text($0)
        }
    }
}

extension YAMLCodec where Value == Int {
    static var port: YAMLCodec { .whole(0...65_535) }
}

import Configuration
import JSON
import Model

/// `docker_sd_configs`: the containers of a daemon.
struct DockerSource: TargetSource {
    private let config: DockerDiscoveryConfig
    private let surroundings: SourceSurroundings

    init(_ config: DockerDiscoveryConfig, _ surroundings: SourceSurroundings) {
        self.config = config
        self.surroundings = surroundings
    }

    func run(_ updates: TargetUpdates) async {
        let loop = RefreshLoop(kind: "docker", every: config.refreshInterval, surroundings)
        await loop.run(updates) {
            let daemon = try DockerDaemon(
                host: config.host, http: config.http, timeout: config.refreshInterval,
                surroundings)
            let containers = try await daemon.list("/containers/json", filters: config.filters)
            let networks = try await daemon.list("/networks")
            return [
                DockerTargets.group(
                    containers: containers, networks: networks, port: config.port,
                    hostNetworkingHost: config.hostNetworkingHost,
                    matchFirstNetwork: config.matchFirstNetwork)
            ]
        }
    }
}

/// `dockerswarm_sd_configs`: the services, tasks or nodes of a swarm.
struct DockerSwarmSource: TargetSource {
    private let config: DockerSwarmDiscoveryConfig
    private let surroundings: SourceSurroundings

    init(_ config: DockerSwarmDiscoveryConfig, _ surroundings: SourceSurroundings) {
        self.config = config
        self.surroundings = surroundings
    }

    func run(_ updates: TargetUpdates) async {
        let loop = RefreshLoop(kind: "dockerswarm", every: config.refreshInterval, surroundings)
        await loop.run(updates) {
            let daemon = try DockerDaemon(
                host: config.host, http: config.http, timeout: config.refreshInterval,
                surroundings)
            return [try await group(daemon)]
        }
    }

    private func group(_ daemon: DockerDaemon) async throws -> TargetGroup {
        let list = try await daemon.list("/" + config.role, filters: config.filters)
        switch config.role {
        case "services":
            return SwarmTargets.services(
                list, networks: try await daemon.list("/networks"), port: config.port)
        case "tasks":
            var answers = SwarmTargets.TaskAnswers(
                tasks: list, services: try await daemon.list("/services"),
                nodes: try await daemon.list("/nodes"),
                networks: try await daemon.list("/networks"))
            answers.containers = await containerLabels(daemon)
            return SwarmTargets.tasks(answers, port: config.port)
        default: return SwarmTargets.nodes(list, port: config.port)
        }
    }

    /// The labels of this daemon's containers, which come from their images too.
    ///
    /// A daemon may refuse to tell; then tasks have the labels of their own specification only.
    private func containerLabels(_ daemon: DockerDaemon) async -> [String: [String: String]] {
        guard let list = try? await daemon.list("/containers/json") else { return [:] }
        return Dictionary(
            list.elements.map { ($0["Id"].text ?? "", $0["Labels"].texts) },
            uniquingKeysWith: { first, _ in first })
    }
}

import Configuration
import HTTPFetch
import Model
import Telemetry

/// `kubernetes_sd_configs`: objects of a cluster, listed once and then watched.
struct KubernetesSource: TargetSource {
    private let config: KubernetesDiscoveryConfig
    private let surroundings: SourceSurroundings
    private let pod: PodSurroundings
    private let pace: RetryPace

    /// A source for `config`; `pod` and `pace` are for tests.
    init(
        _ config: KubernetesDiscoveryConfig, _ surroundings: SourceSurroundings,
        pod: PodSurroundings = PodSurroundings(), pace: RetryPace = RetryPace()
    ) {
        self.config = config
        self.surroundings = surroundings
        self.pod = pod
        self.pace = pace
    }

    func run(_ updates: TargetUpdates) async {
        guard let role = ObjectKind(rawValue: config.role),
            let access = await findAccess(updates)
        else { return }
        var namespaces = config.namespaces.names
        if let own = access.ownNamespace, !namespaces.contains(own) { namespaces.append(own) }
        let resources = ClusterResource.all(for: config, in: namespaces)
        let parts = SourceParts(updates)
        let counts = EventCounts(surroundings.registry, role: config.role)
        let watch = ClusterWatch(
            role: role, attach: Attachments(config.attachMetadata), resources: resources,
            parts: parts, counts: counts)
        let api = ClusterAPI(client: surroundings.client, access: access)
        await withDiscardingTaskGroup { group in
            for resource in resources {
                let follower = ResourceFollower(
                    resource: resource, api: api, watch: watch, parts: parts, counts: counts,
                    pace: pace)
                group.addTask { await watch.follow(follower) }
            }
        }
    }

    /// Tries until it is known how the cluster is reached, since the files that say so may come
    /// later.
    private func findAccess(_ updates: TargetUpdates) async -> ClusterAccess? {
        let finder = ClusterAccessFinder(config, in: pod)
        var pace = pace
        while !Task.isCancelled {
            do {
                return try await finder.access()
            } catch {
                updates.failed(reason: "\(error)")
                await pace.pause()
            }
        }
        return nil
    }
}

extension KubernetesDiscoveryConfig {
    /// The role, and the cluster it is looked for in.
    var place: String {
        var cluster = "the cluster that Weir runs in"
        if !kubeconfigFile.isEmpty { cluster = kubeconfigFile }
        // Without user and password, where it is a URL at all.
        if let server = try? HTTPAddress(apiServer) { cluster = server.description }
        return "\(role)s of \(cluster)"
    }
}

extension Attachments {
    /// What a configuration asks for.
    init(_ config: KubernetesMetadata) {
        self.init(
            node: config.node, namespace: config.namespace, deployment: config.deployment,
            job: config.job, cronJob: config.cronjob)
    }
}

/// Lists a resource and watches it, over and over.
///
/// What was listed stays while the server is away; a watch that breaks goes on where it was, and
/// only a server that no longer knows the way from there makes it list again. It runs on the actor
/// of the watch, so that what comes is read there too.
struct ResourceFollower: Sendable {
    let resource: ClusterResource
    let api: ClusterAPI
    let watch: ClusterWatch
    let parts: SourceParts
    let counts: EventCounts
    let pace: RetryPace

    /// Follows until the task is cancelled.
    func run() async {
        var pace = pace
        var version = ""
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do throws(ClusterAPI.Failure) {
                if version.isEmpty {
                    let list = try await api.list(resource)
                    await watch.take(list.objects, of: resource)
                    version = list.version
                }
                try await api.watch(resource, from: &version) { events in
                    await watch.take(events, of: resource)
                }
            } catch {
                guard !Task.isCancelled else { return }
                note(error, &version)
            }
            // Servers end a watch after minutes; one that ends at once is not asked in a hurry.
            if ContinuousClock.now - start > .seconds(5) { pace.reset() }
            await pace.pause()
        }
    }

    private func note(_ failure: ClusterAPI.Failure, _ version: inout String) {
        switch failure {
        case .expired:
            counts.expiries.add()
            version = ""
        case .away(let error):
            counts.failures.add()
            parts.failed(resource.path, reason: "\(error)")
        case .wrong(let error):
            counts.failures.add()
            parts.failed(resource.path, reason: "\(error)")
            version = ""
        }
    }
}

import Model
import Telemetry
import Threads

/// Follows the lists of a cluster and hands in the groups that change.
///
/// One thread does it for all clusters: to read the list of a large one takes seconds, in which
/// the cooperative pool has to scrape.
actor ClusterWatch {
    private static let thread = ThreadExecutor(name: "weir-kubernetes")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe Self.thread.asUnownedSerialExecutor()
    }

    private let role: ObjectKind
    private let resources: [ClusterResource]
    private let parts: SourceParts
    private let counts: EventCounts
    private var store: ClusterStore
    private var listed: Set<ClusterResource> = []
    /// The namespaces whose lists are all there; the source speaks of no other.
    private var readyScopes: Set<String?> = []

    init(
        role: ObjectKind, attach: Attachments, resources: [ClusterResource], parts: SourceParts,
        counts: EventCounts
    ) {
        self.role = role
        self.resources = resources
        self.parts = parts
        self.counts = counts
        store = ClusterStore(role: role, attach: attach)
    }

    /// Follows one of the lists until the task is cancelled.
    func follow(_ follower: ResourceFollower) async { await follower.run() }

    /// Takes a whole list.
    func take(_ list: [ClusterObject], of resource: ClusterResource) {
        let changed = store.replace(resource.kind, in: resource.namespace, with: list)
        listed.insert(resource)
        let ready = Set(scopes.filter(isReady))
        guard ready != readyScopes else {
            handIn(changed, after: resource)
            return
        }
        readyScopes = ready
        let groups = store.keys.filter(isShown).map { store.group(of: $0) }
        parts.succeeded(resource.path) { $0.replace(groups) }
    }

    /// Takes what happened to a list.
    func take(_ events: [WatchEvent], of resource: ClusterResource) {
        var changed: Set<ObjectKey> = []
        for event in events {
            switch event {
            case .put(let object, _):
                counts.puts.add()
                changed.formUnion(store.put(object))
            case .removed(let key, _):
                counts.removals.add()
                changed.formUnion(store.remove(key))
            case .bookmark: break
            }
        }
        handIn(changed, after: resource)
    }

    private func handIn(_ changed: Set<ObjectKey>, after resource: ClusterResource) {
        guard !readyScopes.isEmpty else {
            parts.recovered(resource.path)
            return
        }
        let groups = changed.filter(isShown).map { store.group(of: $0) }
        parts.succeeded(resource.path) { updates in
            if groups.isEmpty { updates.succeeded() }
            for group in groups { updates.update(group) }
        }
    }

    private var scopes: Set<String?> {
        Set(resources.filter { $0.kind == role }.map(\.namespace))
    }

    private func isReady(_ scope: String?) -> Bool {
        resources.allSatisfy { resource in
            let belongs = !resource.kind.isNamespaced || resource.namespace == scope
            return !belongs || listed.contains(resource)
        }
    }

    private func isShown(_ key: ObjectKey) -> Bool {
        readyScopes.contains(nil) || readyScopes.contains(key.namespace)
    }
}

/// How many events of watches were handled.
struct EventCounts: Sendable {
    let puts: Counter
    let removals: Counter
    let expiries: Counter
    let failures: Counter

    init(_ registry: MetricRegistry, role: String) {
        func events(_ event: String) -> Counter {
            registry.counter(
                "weir_sd_kubernetes_events_total", "Events of Kubernetes that were handled.",
                ["role": role, "event": event])
        }
        (puts, removals) = (events("put"), events("remove"))
        expiries = registry.counter(
            "weir_sd_kubernetes_relists_total",
            "Lists of Kubernetes that were read again since a watch could not go on.",
            ["role": role])
        failures = registry.counter(
            "weir_sd_kubernetes_failures_total",
            "Lists and watches of Kubernetes that failed.", ["role": role])
    }
}

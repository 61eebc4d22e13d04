import Configuration

/// One list that is watched: a kind, in one namespace or in all.
struct ClusterResource: Hashable, Sendable {
    let kind: ObjectKind
    /// `nil` is all, or where there are no namespaces.
    let namespace: String?
    /// What objects must say of themselves.
    var labelSelector = ""
    var fieldSelector = ""

    /// The path of the list.
    var path: String {
        guard let namespace else { return "\(kind.group)/\(kind.plural)" }
        return "\(kind.group)/namespaces/\(namespace)/\(kind.plural)"
    }

    /// What a configuration makes Weir watch, in these namespaces; all of them where there are none.
    static func all(for config: KubernetesDiscoveryConfig, in namespaces: [String])
        -> [ClusterResource]
    {
        let scopes = namespaces.isEmpty ? [nil] : namespaces.map { Optional($0) }
        return kinds(for: config).flatMap { kind in
            let selector = config.selectors.first { $0.role == kind.rawValue }
            return (kind.isNamespaced ? scopes : [nil]).map { namespace in
                ClusterResource(
                    kind: kind, namespace: namespace, labelSelector: selector?.label ?? "",
                    fieldSelector: selector?.field ?? "")
            }
        }
    }

    private static func kinds(for config: KubernetesDiscoveryConfig) -> [ObjectKind] {
        guard let role = ObjectKind(rawValue: config.role) else { return [] }
        let attach = config.attachMetadata
        var kinds = [role]
        let showsPods = [.pod, .endpoints, .endpointslice].contains(role)
        if role == .endpoints || role == .endpointslice { kinds += [.service, .pod] }
        if attach.node, showsPods { kinds.append(.node) }
        if attach.namespace, role != .node { kinds.append(.namespace) }
        if attach.deployment, showsPods { kinds.append(.replicaSet) }
        // Without cron jobs, a pod itself says which job made it.
        if attach.cronjob, showsPods { kinds.append(.job) }
        return kinds
    }
}

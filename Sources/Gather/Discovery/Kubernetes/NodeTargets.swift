import Model

/// The role `node`: the kubelet of each node.
enum NodeTargets {
    /// The group of a node; without targets where the node has no address that can be asked.
    static func group(_ meta: ObjectMeta, _ node: NodeContent) -> TargetGroup {
        let source = ObjectKey(.node, "", meta.name).source
        guard let address = address(of: node) else {
            return TargetGroup(source: source, targets: [])
        }
        var labels = MetaLabels.kubernetes
        labels.set("node_provider_id", node.providerID)
        labels.setAll(of: meta, as: .node)
        var target = MetaLabels.kubernetes
        target.setPlain(LabelName.address, hostAndPort(address, node.kubeletPort))
        target.setPlain(LabelName.instance, meta.name)
        var seen: Set<String> = []
        for address in node.addresses where seen.insert(address.type).inserted {
            target.set(LabelName.sanitized("node_address_" + address.type), address.address)
        }
        return TargetGroup(source: source, targets: [target.labels], labels: labels.labels)
    }

    /// The types of addresses, the best first.
    private static let preferred = [
        "InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname",
    ]

    private static func address(of node: NodeContent) -> String? {
        for type in preferred {
            if let found = node.addresses.first(where: { $0.type == type }) { return found.address }
        }
        return nil
    }
}

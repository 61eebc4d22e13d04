import Model

/// The role `ingress`: one target for each path of each host, for probes.
enum IngressTargets {
    /// The group of an ingress.
    static func group(_ meta: ObjectMeta, _ ingress: IngressContent, _ view: inout ClusterView)
        -> TargetGroup
    {
        var labels = MetaLabels.kubernetes
        labels.set("namespace", meta.namespace)
        labels.set("ingress_class_name", ingress.className)
        labels.setAll(of: meta, as: .ingress)
        labels.attachNamespace(meta.namespace, &view)
        let targets = ingress.rules.flatMap { rule in
            let isSecure = ingress.tlsHosts.contains { covers($0, rule.host) }
            return rule.paths.map { path in
                var target = MetaLabels.kubernetes
                target.setPlain(LabelName.address, rule.host)
                target.set("ingress_scheme", isSecure ? "https" : "http")
                target.set("ingress_host", rule.host)
                target.set("ingress_path", path.isEmpty ? "/" : path)
                return target.labels
            }
        }
        return TargetGroup(
            source: ObjectKey(.ingress, meta.namespace, meta.name).source, targets: targets,
            labels: labels.labels)
    }

    /// Whether a host of TLS is this one, or stands for it with `*` as its first part.
    static func covers(_ pattern: String, _ host: String) -> Bool {
        if pattern == host { return true }
        let patternParts = pattern.split(separator: ".", omittingEmptySubsequences: false)
        let hostParts = host.split(separator: ".", omittingEmptySubsequences: false)
        return patternParts.first == "*" && patternParts.count == hostParts.count
            && patternParts.dropFirst() == hostParts.dropFirst()
    }
}

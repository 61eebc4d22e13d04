import Model

/// The role `service`: one target for each port of a service, under its name in the cluster's DNS.
enum ServiceTargets {
    /// The group of a service.
    static func group(_ meta: ObjectMeta, _ service: ServiceContent, _ view: inout ClusterView)
        -> TargetGroup
    {
        var labels = MetaLabels.kubernetes
        labels.setService(meta)
        labels.attachNamespace(meta.namespace, &view)
        let targets = service.ports.map { port in
            var target = MetaLabels.kubernetes
            let host = "\(meta.name).\(meta.namespace).svc"
            target.setPlain(LabelName.address, hostAndPort(host, port.number))
            target.set("service_port_name", port.name)
            target.set("service_port_number", "\(port.number)")
            target.set("service_port_protocol", port.networkProtocol)
            target.set("service_type", service.type)
            if service.type == "ExternalName" {
                target.set("service_external_name", service.externalName)
            } else {
                target.set("service_cluster_ip", service.clusterIP)
            }
            if service.type == "LoadBalancer" {
                target.set("service_loadbalancer_ip", service.loadBalancerIP)
            }
            return target.labels
        }
        return TargetGroup(
            source: ObjectKey(.service, meta.namespace, meta.name).source, targets: targets,
            labels: labels.labels)
    }
}

extension MetaLabels {
    /// What a service says of itself.
    mutating func setService(_ meta: ObjectMeta) {
        set("namespace", meta.namespace)
        setAll(of: meta, as: .service)
    }
}

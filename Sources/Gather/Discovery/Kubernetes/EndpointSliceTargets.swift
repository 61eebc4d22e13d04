import Model

/// The role `endpointslice`: what stands behind each service, in pieces that large services need.
enum EndpointSliceTargets {
    /// The label that names the service of a slice.
    static let serviceLabel = "kubernetes.io/service-name"

    /// The group of a slice; without targets where another slice has the same pods in the address
    /// family that the service prefers.
    static func group(
        _ meta: ObjectMeta, _ slice: EndpointSliceContent, _ view: inout ClusterView
    ) -> TargetGroup {
        let source = ObjectKey(.endpointslice, meta.namespace, meta.name).source
        var labels = MetaLabels.kubernetes
        labels.set("namespace", meta.namespace)
        labels.set("endpointslice_address_type", slice.addressType)
        labels.setAll(of: meta, as: .endpointslice)
        if let name = meta.labels[serviceLabel],
            let object = view.object(ObjectKey(.service, meta.namespace, name)),
            case .service(let service) = object.content
        {
            guard !isSecondary(slice, of: service) else {
                return TargetGroup(source: source, targets: [])
            }
            labels.setService(object.meta)
        }
        labels.attachNamespace(meta.namespace, &view)
        var targets: [Labels] = []
        var pods = SeenPods()
        for endpoint in slice.endpoints {
            for port in slice.ports {
                for address in endpoint.addresses {
                    var target = self.target(address, endpoint, port, &view)
                    pods.describe(&target, at: endpoint.target, port: port.number, &view)
                    targets.append(target.labels)
                }
            }
        }
        targets += pods.otherPorts(&view)
        return TargetGroup(source: source, targets: targets, labels: labels.labels)
    }

    private static func isSecondary(_ slice: EndpointSliceContent, of service: ServiceContent)
        -> Bool
    {
        guard service.ipFamilyPolicy.hasSuffix("DualStack"), let first = service.ipFamilies.first,
            slice.addressType == "IPv4" || slice.addressType == "IPv6"
        else { return false }
        return slice.addressType != first
    }

    private static func target(
        _ address: String, _ endpoint: EndpointSliceContent.Endpoint,
        _ port: EndpointSliceContent.Port, _ view: inout ClusterView
    ) -> MetaLabels {
        var target = MetaLabels.kubernetes
        target.setPlain(
            LabelName.address, port.number.map { hostAndPort(address, $0) } ?? address)
        target.set("endpointslice_port_name", port.name)
        target.set("endpointslice_port_protocol", port.networkProtocol)
        if let number = port.number { target.set("endpointslice_port", "\(number)") }
        target.set("endpointslice_port_app_protocol", port.appProtocol)
        let conditions = "endpointslice_endpoint_conditions_"
        if let isReady = endpoint.isReady { target.set(conditions + "ready", "\(isReady)") }
        if let isServing = endpoint.isServing { target.set(conditions + "serving", "\(isServing)") }
        if let isTerminating = endpoint.isTerminating {
            target.set(conditions + "terminating", "\(isTerminating)")
        }
        target.set("endpointslice_endpoint_hostname", endpoint.hostname)
        if let reference = endpoint.target {
            target.set("endpointslice_address_target_kind", reference.kind)
            target.set("endpointslice_address_target_name", reference.name)
        }
        target.set("endpointslice_endpoint_node_name", endpoint.nodeName)
        target.set("endpointslice_endpoint_zone", endpoint.zone)
        target.set(
            "endpointslice_endpoint_topology_", each: endpoint.topology,
            presence: "endpointslice_endpoint_topology_present_")
        let isNode = endpoint.target?.kind == "Node"
        target.attachNode(isNode ? endpoint.target?.name ?? "" : endpoint.nodeName, &view)
        return target
    }
}

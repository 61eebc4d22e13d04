import Model

/// The role `endpoints`: what stands behind each service, with its pods.
enum EndpointsTargets {
    /// The group of endpoints.
    static func group(_ meta: ObjectMeta, _ subsets: [EndpointSubset], _ view: inout ClusterView)
        -> TargetGroup
    {
        var labels = MetaLabels.kubernetes
        labels.set("namespace", meta.namespace)
        if let service = view.object(ObjectKey(.service, meta.namespace, meta.name)) {
            labels.setService(service.meta)
        }
        labels.setAll(of: meta, as: .endpoints)
        labels.attachNamespace(meta.namespace, &view)
        var targets: [Labels] = []
        var pods = SeenPods()
        for subset in subsets {
            for port in subset.ports {
                for (addresses, ready) in [(subset.addresses, true), (subset.notReady, false)] {
                    for address in addresses {
                        var target = self.target(address, port, ready, &view)
                        pods.describe(&target, at: address.target, port: port.number, &view)
                        if target.has("pod_container_name") {
                            target.set("pod_container_port_protocol", port.networkProtocol)
                        }
                        targets.append(target.labels)
                    }
                }
            }
        }
        targets += pods.otherPorts(&view)
        return TargetGroup(
            source: ObjectKey(.endpoints, meta.namespace, meta.name).source, targets: targets,
            labels: labels.labels)
    }

    private static func target(
        _ address: EndpointSubset.Address, _ port: EndpointSubset.Port, _ ready: Bool,
        _ view: inout ClusterView
    ) -> MetaLabels {
        var target = MetaLabels.kubernetes
        target.setPlain(LabelName.address, hostAndPort(address.ip, port.number))
        target.set("endpoint_port_name", port.name)
        target.set("endpoint_port_protocol", port.networkProtocol)
        target.set("endpoint_ready", "\(ready)")
        if let reference = address.target {
            target.set("endpoint_address_target_kind", reference.kind)
            target.set("endpoint_address_target_name", reference.name)
        }
        target.set("endpoint_node_name", address.nodeName)
        target.set("endpoint_hostname", address.hostname)
        if !address.nodeName.isEmpty {
            target.attachNode(address.nodeName, &view)
        } else if let reference = address.target, reference.kind == "Node" {
            target.attachNode(reference.name, &view)
        }
        return target
    }
}

/// The pods behind endpoints, and which of their ports have a target already.
struct SeenPods {
    private struct Entry {
        let meta: ObjectMeta
        let pod: PodContent
        var ports: Set<Int> = []
    }

    private var entries: [Entry] = []
    private var places: [ObjectKey: Int] = [:]

    /// Tells of the pod behind an address, and of the container behind its port.
    mutating func describe(
        _ target: inout MetaLabels, at reference: ObjectReference?, port: Int?,
        _ view: inout ClusterView
    ) {
        guard let reference, reference.kind == "Pod" else { return }
        let key = ObjectKey(.pod, reference.namespace, reference.name)
        guard let object = view.object(key), case .pod(let pod) = object.content else { return }
        target.setPod(object.meta, pod, &view)
        let place = places[key] ?? entries.count
        if place == entries.count { entries.append(Entry(meta: object.meta, pod: pod)) }
        places[key] = place
        guard let port else { return }
        entries[place].ports.insert(port)
        for container in pod.containers {
            // Of several ports with this number, as for TCP and UDP, the first of a container counts.
            if let own = container.ports.first(where: { $0.number == port }) {
                target.setContainer(container, own)
            }
        }
    }

    /// A target for each port of those pods that no endpoint led to.
    func otherPorts(_ view: inout ClusterView) -> [Labels] {
        var targets: [Labels] = []
        for entry in entries where !entry.pod.ip.isEmpty {
            for container in entry.pod.containers {
                for port in container.ports where !entry.ports.contains(port.number) {
                    var target = MetaLabels.kubernetes
                    target.setPlain(LabelName.address, hostAndPort(entry.pod.ip, port.number))
                    target.setContainer(container, port)
                    target.setPod(entry.meta, entry.pod, &view)
                    targets.append(target.labels)
                }
            }
        }
        return targets
    }
}

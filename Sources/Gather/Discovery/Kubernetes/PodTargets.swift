import Model

/// The role `pod`: one target for each port of a pod's containers.
enum PodTargets {
    /// The group of a pod; without targets while the pod has no address.
    static func group(_ meta: ObjectMeta, _ pod: PodContent, _ view: inout ClusterView)
        -> TargetGroup
    {
        let source = ObjectKey(.pod, meta.namespace, meta.name).source
        guard !pod.ip.isEmpty else { return TargetGroup(source: source, targets: []) }
        var labels = MetaLabels.kubernetes
        labels.setPod(meta, pod, &view)
        labels.set("namespace", meta.namespace)
        labels.attachNode(pod.nodeName, &view)
        labels.attachNamespace(meta.namespace, &view)
        return TargetGroup(
            source: source, targets: pod.containers.flatMap { targets(of: $0, in: pod) },
            labels: labels.labels)
    }

    private static func targets(of container: PodContent.Container, in pod: PodContent) -> [Labels]
    {
        var common = MetaLabels.kubernetes
        common.set("pod_container_name", container.name)
        common.set("pod_container_id", container.id)
        common.set("pod_container_image", container.image)
        common.set("pod_container_init", "\(container.isInit)")
        guard !container.ports.isEmpty else {
            // A port has to come from relabeling then.
            common.setPlain(LabelName.address, pod.ip)
            return [common.labels]
        }
        return container.ports.map { port in
            var labels = common
            labels.setPlain(LabelName.address, hostAndPort(pod.ip, port.number))
            labels.set("pod_container_port_number", "\(port.number)")
            labels.set("pod_container_port_name", port.name)
            labels.set("pod_container_port_protocol", port.networkProtocol)
            return labels.labels
        }
    }
}

extension MetaLabels {
    /// What a pod says of itself, and who made it.
    mutating func setPod(_ meta: ObjectMeta, _ pod: PodContent, _ view: inout ClusterView) {
        set("pod_ip", pod.ip)
        set("pod_ready", pod.ready)
        set("pod_phase", pod.phase)
        set("pod_node_name", pod.nodeName)
        set("pod_host_ip", pod.hostIP)
        set("pod_uid", meta.uid)
        setAll(of: meta, as: .pod)
        guard let controller = meta.controller else { return }
        set("pod_controller_kind", controller.kind)
        set("pod_controller_name", controller.name)
        setMakers(controller, namespace: meta.namespace, &view)
    }

    /// The deployment behind a replica set, the job, and the cron job behind a job.
    private mutating func setMakers(
        _ controller: ObjectMeta.Controller, namespace: String, _ view: inout ClusterView
    ) {
        switch controller.kind {
        case "ReplicaSet" where view.attach.deployment:
            let set = view.object(ObjectKey(.replicaSet, namespace, controller.name))
            if let maker = set?.meta.controller, maker.kind == "Deployment" {
                self.set("pod_deployment_name", maker.name)
            }
        case "Job":
            if view.attach.job { set("pod_job_name", controller.name) }
            guard view.attach.cronJob else { return }
            let job = view.object(ObjectKey(.job, namespace, controller.name))
            if let maker = job?.meta.controller, maker.kind == "CronJob" {
                set("pod_cronjob_name", maker.name)
            }
        default: break
        }
    }

    /// The container behind a port of endpoints.
    mutating func setContainer(_ container: PodContent.Container, _ port: PodContent.Port) {
        set("pod_container_name", container.name)
        set("pod_container_image", container.image)
        set("pod_container_port_name", port.name)
        set("pod_container_port_number", "\(port.number)")
        set("pod_container_port_protocol", port.networkProtocol)
        set("pod_container_init", "\(container.isInit)")
    }
}

import JSON
import Model

/// `dockerswarm_sd_configs`: what the daemon's answers say of services, tasks and nodes.
enum SwarmTargets {
    /// The source of the one group.
    static let source = "DockerSwarm"

    /// The role `services`: one target for each published port at each virtual address.
    static func services(_ services: JSONValue, networks: JSONValue, port: Int) -> TargetGroup {
        let networkLabels = DockerNetworks.labels(of: networks, prefix: "dockerswarm_")
        var targets: [Labels] = []
        for service in services.elements {
            let common = labels(ofService: service)
            let ports = tcp(service["Endpoint"]["Ports"])
            for virtual in service["Endpoint"]["VirtualIPs"].elements {
                let ip = address(virtual["Addr"].text ?? "")
                var base = common
                if let more = networkLabels[virtual["NetworkID"].text ?? ""] { base.merge(more) }
                for published in ports {
                    var target = base
                    target.set("service_endpoint_port_name", published["Name"].text ?? "")
                    target.set(
                        "service_endpoint_port_publish_mode", published["PublishMode"].text ?? "")
                    target.setPlain(
                        LabelName.address, hostAndPort(ip, published["PublishedPort"].whole ?? 0))
                    targets.append(target.labels)
                }
                if ports.isEmpty {
                    base.setPlain(LabelName.address, hostAndPort(ip, port))
                    targets.append(base.labels)
                }
            }
        }
        return TargetGroup(source: source, targets: targets)
    }

    /// The role `nodes`: one target for each node.
    static func nodes(_ nodes: JSONValue, port: Int) -> TargetGroup {
        let targets = nodes.elements.map { node in
            var labels = labels(ofNode: node)
            let engine = node["Description"]["Engine"]
            labels.set("node_engine_version", engine["EngineVersion"].text ?? "")
            let manager = node["ManagerStatus"]
            if !manager.isNull {
                labels.set("node_manager_leader", "\(manager["Leader"].truth ?? false)")
                labels.set("node_manager_reachability", manager["Reachability"].text ?? "")
                labels.set("node_manager_address", manager["Addr"].text ?? "")
            }
            labels.setPlain(LabelName.address, hostAndPort(node["Status"]["Addr"].text ?? "", port))
            return labels.labels
        }
        return TargetGroup(source: source, targets: targets)
    }

    /// What a task says of its service.
    private static func labels(ofServiceBehind service: JSONValue) -> MetaLabels {
        let spec = service["Spec"]
        var labels = MetaLabels("dockerswarm_")
        labels.set("service_id", service["ID"].text ?? "")
        labels.set("service_name", spec["Name"].text ?? "")
        let mode = spec["Mode"]
        labels.set(
            "service_mode",
            !mode["Global"].isNull ? "global" : mode["Replicated"].isNull ? "" : "replicated")
        labels.set("service_label_", each: spec["Labels"].texts)
        return labels
    }

    private static func labels(ofService service: JSONValue) -> MetaLabels {
        var labels = labels(ofServiceBehind: service)
        let container = service["Spec"]["TaskTemplate"]["ContainerSpec"]
        labels.set("service_task_container_hostname", container["Hostname"].text ?? "")
        labels.set("service_task_container_image", container["Image"].text ?? "")
        labels.set("service_updating_status", service["UpdateStatus"]["State"].text ?? "")
        return labels
    }

    private static func labels(ofNode node: JSONValue) -> MetaLabels {
        let (spec, status) = (node["Spec"], node["Status"])
        let description = node["Description"]
        var labels = MetaLabels("dockerswarm_")
        labels.set("node_id", node["ID"].text ?? "")
        labels.set("node_role", spec["Role"].text ?? "")
        labels.set("node_availability", spec["Availability"].text ?? "")
        labels.set("node_hostname", description["Hostname"].text ?? "")
        let platform = description["Platform"]
        labels.set("node_platform_architecture", platform["Architecture"].text ?? "")
        labels.set("node_platform_os", platform["OS"].text ?? "")
        labels.set("node_status", status["State"].text ?? "")
        labels.set("node_address", status["Addr"].text ?? "")
        labels.set("node_label_", each: spec["Labels"].texts)
        return labels
    }

    private static func tcp(_ ports: JSONValue) -> [JSONValue] {
        ports.elements.filter { $0["Protocol"].text == "tcp" }
    }

    /// The address before the `/` of a network such as `10.0.0.3/24`.
    private static func address(_ network: String) -> String {
        String(network.prefix { $0 != "/" })
    }
}

extension SwarmTargets {
    /// The answers of the daemon that describe tasks.
    struct TaskAnswers {
        var tasks: JSONValue
        var services: JSONValue
        var nodes: JSONValue
        var networks: JSONValue
        /// The labels of containers of this daemon by their id; those of other nodes are not known.
        var containers: [String: [String: String]] = [:]
    }

    /// The role `tasks`: one target for each port that a task publishes on its node, and for each
    /// port of its service at each address of the task.
    static func tasks(_ answers: TaskAnswers, port: Int) -> TargetGroup {
        let networkLabels = DockerNetworks.labels(of: answers.networks, prefix: "dockerswarm_")
        let services = byID(answers.services)
        let nodes = byID(answers.nodes)
        var targets: [Labels] = []
        for task in answers.tasks.elements {
            let service = services[task["ServiceID"].text ?? ""]
            let node = nodes[task["NodeID"].text ?? ""]
            var common = labels(ofTask: task, answers.containers)
            if let service { common.merge(labels(ofServiceBehind: service)) }
            if let node { common.merge(labels(ofNode: node)) }
            let nodeAddress = node?["Status"]["Addr"].text ?? ""
            for published in tcp(task["Status"]["PortStatus"]["Ports"]) {
                targets.append(target(published, at: nodeAddress, common))
            }
            let ports = tcp(service?["Endpoint"]["Ports"] ?? .null)
            for attachment in task["NetworksAttachments"].elements {
                var base = common
                let network = attachment["Network"]["ID"].text ?? ""
                if let more = networkLabels[network] { base.merge(more) }
                for ip in attachment["Addresses"].elements.compactMap(\.text).map(address) {
                    targets += ports.map { target($0, at: ip, base) }
                    guard ports.isEmpty else { continue }
                    var plain = base
                    plain.setPlain(LabelName.address, hostAndPort(ip, port))
                    targets.append(plain.labels)
                }
            }
        }
        return TargetGroup(source: source, targets: targets)
    }

    private static func target(
        _ published: JSONValue, at host: String, _ common: MetaLabels
    ) -> Labels {
        var target = common
        target.set("task_port_publish_mode", published["PublishMode"].text ?? "")
        target.setPlain(
            LabelName.address, hostAndPort(host, published["PublishedPort"].whole ?? 0))
        return target.labels
    }

    private static func labels(
        ofTask task: JSONValue, _ containers: [String: [String: String]]
    ) -> MetaLabels {
        let status = task["Status"]
        let container = status["ContainerStatus"]["ContainerID"].text ?? ""
        var labels = MetaLabels("dockerswarm_")
        labels.set("task_id", task["ID"].text ?? "")
        labels.set("task_desired_state", task["DesiredState"].text ?? "")
        labels.set("task_state", status["State"].text ?? "")
        labels.set("task_slot", "\(task["Slot"].whole ?? 0)")
        labels.set("task_container_id", container)
        let spec = task["Spec"]["ContainerSpec"]
        if !spec.isNull {
            labels.set("container_label_", each: containers[container] ?? [:])
            labels.set("container_label_", each: spec["Labels"].texts)
        }
        return labels
    }

    private static func byID(_ answer: JSONValue) -> [String: JSONValue] {
        Dictionary(
            answer.elements.map { ($0["ID"].text ?? "", $0) },
            uniquingKeysWith: { first, _ in first })
    }
}

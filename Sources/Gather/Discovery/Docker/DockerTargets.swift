import JSON
import Model

/// `docker_sd_configs`: what the daemon's answers say of targets.
enum DockerTargets {
    /// The one group of all containers, from the answers of `/containers/json` and `/networks`.
    static func group(
        containers: JSONValue, networks: JSONValue, port: Int, hostNetworkingHost: String,
        matchFirstNetwork: Bool
    ) -> TargetGroup {
        let networkLabels = DockerNetworks.labels(of: networks, prefix: "docker_")
        let list = containers.elements
        let byID = Dictionary(
            list.map { ($0["Id"].text ?? "", $0) }, uniquingKeysWith: { first, _ in first })
        var targets: [Labels] = []
        for container in list {
            guard let name = container["Names"][0].text else { continue }
            let mode = container["HostConfig"]["NetworkMode"].text ?? ""
            var common = MetaLabels("docker_")
            common.set("container_id", container["Id"].text ?? "")
            common.set("container_name", name)
            common.set("container_image", container["Image"].text ?? "")
            common.set("container_image_id", container["ImageID"].text ?? "")
            common.set("container_network_mode", mode)
            common.set("container_label_", each: container["Labels"].texts)
            for network in self.networks(of: container, among: byID, first: matchFirstNetwork) {
                let more = networkLabels[network["NetworkID"].text ?? ""]
                targets += self.targets(
                    of: container, in: network, common, more, port: port,
                    host: mode == "host" ? hostNetworkingHost : nil)
            }
        }
        return TargetGroup(source: "Docker", targets: targets)
    }

    /// The networks of a container, its own or those of the container that it shares them with, in
    /// the order of their names.
    private static func networks(
        of container: JSONValue, among all: [String: JSONValue], first: Bool
    ) -> [JSONValue] {
        var container = container
        var seen: Set<String> = []
        while container["NetworkSettings"]["Networks"].members.isEmpty {
            let mode = container["HostConfig"]["NetworkMode"].text ?? ""
            guard mode.hasPrefix("container:"), seen.insert(mode).inserted,
                let other = all[String(mode.dropFirst("container:".count))]
            else { return [] }
            container = other
        }
        let networks = container["NetworkSettings"]["Networks"].members
            .filter { !$0.value.isNull }.sorted { $0.name < $1.name }.map(\.value)
        return first ? Array(networks.prefix(1)) : networks
    }

    private static func targets(
        of container: JSONValue, in network: JSONValue, _ common: MetaLabels, _ more: MetaLabels?,
        port: Int, host: String?
    ) -> [Labels] {
        let ipv4 = network["IPAddress"].text ?? ""
        let ip = ipv4.isEmpty ? network["GlobalIPv6Address"].text ?? "" : ipv4
        var base = MetaLabels("docker_")
        base.set("network_ip", ip)
        base.merge(common)
        if let more { base.merge(more) }
        let targets = container["Ports"].elements.compactMap { published -> Labels? in
            guard published["Type"].text == "tcp" else { return nil }
            let number = published["PrivatePort"].whole ?? 0
            var labels = base
            labels.setPlain(LabelName.address, hostAndPort(ip, number))
            labels.set("port_private", "\(number)")
            if let outside = published["PublicPort"].whole, outside > 0 {
                labels.set("port_public", "\(outside)")
                labels.set("port_public_ip", published["IP"].text ?? "")
            }
            return labels.labels
        }
        guard targets.isEmpty else { return targets }
        base.setPlain(LabelName.address, host ?? hostAndPort(ip, port))
        return [base.labels]
    }
}

/// The networks of a Docker daemon, which both kinds of its discovery tell of.
enum DockerNetworks {
    /// The labels of each network by its id, from the answer of `/networks`.
    static func labels(of answer: JSONValue, prefix: String) -> [String: MetaLabels] {
        var all: [String: MetaLabels] = [:]
        for network in answer.elements {
            let id = network["Id"].text ?? ""
            var labels = MetaLabels(prefix + "network_")
            labels.set("id", id)
            labels.set("name", network["Name"].text ?? "")
            labels.set("scope", network["Scope"].text ?? "")
            labels.set("internal", "\(network["Internal"].truth ?? false)")
            labels.set("ingress", "\(network["Ingress"].truth ?? false)")
            labels.set("label_", each: network["Labels"].texts)
            all[id] = labels
        }
        return all
    }
}

import JSON
import Model

/// What Consul's answers say of targets.
enum ConsulTargets {
    /// The group of a service: one target for each of its instances.
    ///
    /// `answer` is that of `/v1/health/service/…`.
    static func group(
        service: String, datacenter: String, tagSeparator: String, answer: JSONValue
    ) -> TargetGroup {
        var labels = MetaLabels("consul_")
        labels.set("service", service)
        labels.set("dc", datacenter)
        return TargetGroup(
            source: service,
            targets: answer.elements.map { target(of: $0, tagSeparator: tagSeparator) },
            labels: labels.labels)
    }

    private static func target(of instance: JSONValue, tagSeparator: String) -> Labels {
        let (node, service) = (instance["Node"], instance["Service"])
        let nodeAddress = node["Address"].text ?? ""
        let serviceAddress = service["Address"].text ?? ""
        let port = service["Port"].whole ?? 0
        let address = serviceAddress.isEmpty ? nodeAddress : serviceAddress
        let tags = service["Tags"].elements.compactMap(\.text)
        var labels = MetaLabels("consul_")
        labels.setPlain(LabelName.address, hostAndPort(address, port))
        labels.set("address", nodeAddress)
        labels.set("node", node["Node"].text ?? "")
        labels.set("namespace", service["Namespace"].text ?? "")
        labels.set("partition", service["Partition"].text ?? "")
        // The separator stands at both ends too, so that a rule can look for `,tag,` anywhere.
        labels.set(
            "tags", tagSeparator + tags.joined(separator: tagSeparator) + tagSeparator)
        labels.set("service_address", serviceAddress)
        labels.set("service_port", "\(port)")
        labels.set("service_id", service["ID"].text ?? "")
        labels.set("health", health(of: instance["Checks"]))
        labels.set("metadata_", each: node["Meta"].texts)
        labels.set("service_metadata_", each: service["Meta"].texts)
        labels.set("tagged_address_", each: node["TaggedAddresses"].texts)
        return labels.labels
    }

    /// The worst of an instance's checks, where maintenance is worse than all; empty where Consul
    /// says what it does not say today.
    static func health(of checks: JSONValue) -> String {
        var worst = 0
        for check in checks.elements {
            let id = check["CheckID"].text ?? ""
            if id == "_node_maintenance" || id.hasPrefix("_service_maintenance:") {
                worst = 3
            } else if let place = states.firstIndex(of: check["Status"].text ?? "") {
                worst = max(worst, place)
            } else {
                return ""
            }
        }
        return worst == 3 ? "maintenance" : states[worst]
    }

    private static let states = ["passing", "warning", "critical"]

    /// The services of a catalog that are watched: those named, with all of `tags`.
    ///
    /// `answer` is that of `/v1/catalog/services`.
    static func watched(in answer: JSONValue, named names: [String], tags: [String]) -> Set<String>
    {
        let names = Set(names)
        let services = answer.members.filter { member in
            guard names.isEmpty || names.contains(member.name) else { return false }
            let own = Set(member.value.elements.compactMap(\.text))
            return tags.allSatisfy(own.contains)
        }
        return Set(services.map(\.name))
    }
}

/// The index of Consul's blocking queries: what was seen last, and what to wait for next.
struct BlockingIndex: Equatable {
    /// What the next question waits past; 0 asks for an answer at once.
    private(set) var value: UInt64 = 0

    /// Takes the index of an answer, and says whether the answer is new.
    ///
    /// An index that went backwards, as after a restore, begins anew. A server that sends none
    /// cannot be waited for, and each of its answers is new.
    mutating func take(_ text: String?) -> Bool {
        guard let sent = text.flatMap({ UInt64($0) }) else {
            value = 0
            return true
        }
        // To wait past 0 is not to wait at all.
        let seen = max(1, sent)
        guard seen != value else { return false }
        value = seen < value ? 0 : seen
        return true
    }
}

import JSON

extension ClusterObject {
    /// Reads an object of this kind; what is missing is taken as empty, as Go takes it.
    init(_ kind: ObjectKind, _ value: JSONValue) {
        self.kind = kind
        meta = ObjectMeta(value["metadata"])
        let (spec, status) = (value["spec"], value["status"])
        content =
            switch kind {
            case .node: .node(NodeContent(spec, status))
            case .service: .service(ServiceContent(spec))
            case .pod: .pod(PodContent(spec, status))
            case .endpoints: .endpoints(value["subsets"].elements.map { EndpointSubset($0) })
            case .endpointslice: .endpointSlice(EndpointSliceContent(value))
            case .ingress: .ingress(IngressContent(spec))
            case .namespace, .replicaSet, .job: .other
            }
    }
}

extension JSONValue {
    /// The text, or an empty one.
    var orEmpty: String { text ?? "" }

    /// The members that are texts, by name.
    var texts: [String: String] {
        var texts: [String: String] = [:]
        for member in members { if let text = member.value.text { texts[member.name] = text } }
        return texts
    }
}

extension ObjectMeta {
    init(_ value: JSONValue) {
        namespace = value["namespace"].orEmpty
        name = value["name"].orEmpty
        uid = value["uid"].orEmpty
        labels = value["labels"].texts
        annotations = value["annotations"].texts
        let owner = value["ownerReferences"].elements.first { $0["controller"].truth == true }
        controller = owner.map { Controller(kind: $0["kind"].orEmpty, name: $0["name"].orEmpty) }
    }
}

extension NodeContent {
    init(_ spec: JSONValue, _ status: JSONValue) {
        providerID = spec["providerID"].orEmpty
        addresses = status["addresses"].elements.map {
            Address(type: $0["type"].orEmpty, address: $0["address"].orEmpty)
        }
        kubeletPort = status["daemonEndpoints"]["kubeletEndpoint"]["Port"].whole ?? 0
    }
}

extension ServiceContent {
    init(_ spec: JSONValue) {
        type = spec["type"].orEmpty
        clusterIP = spec["clusterIP"].orEmpty
        externalName = spec["externalName"].orEmpty
        loadBalancerIP = spec["loadBalancerIP"].orEmpty
        ports = spec["ports"].elements.map {
            Port(
                name: $0["name"].orEmpty, number: $0["port"].whole ?? 0,
                networkProtocol: $0["protocol"].orEmpty)
        }
        ipFamilyPolicy = spec["ipFamilyPolicy"].orEmpty
        ipFamilies = spec["ipFamilies"].elements.compactMap(\.text)
    }
}

extension PodContent {
    init(_ spec: JSONValue, _ status: JSONValue) {
        ip = status["podIP"].orEmpty
        hostIP = status["hostIP"].orEmpty
        nodeName = spec["nodeName"].orEmpty
        phase = status["phase"].orEmpty
        let condition = status["conditions"].elements.first { $0["type"].text == "Ready" }
        ready = condition?["status"].orEmpty.lowercased() ?? "unknown"
        containers =
            Self.containers(spec["containers"], status["containerStatuses"], areInit: false)
            + Self.containers(
                spec["initContainers"], status["initContainerStatuses"], areInit: true)
    }

    private static func containers(
        _ list: JSONValue, _ statuses: JSONValue, areInit: Bool
    ) -> [Container] {
        list.elements.map { value in
            let name = value["name"].orEmpty
            let status = statuses.elements.first { $0["name"].text == name }
            let ports = value["ports"].elements.map {
                Port(
                    name: $0["name"].orEmpty, number: $0["containerPort"].whole ?? 0,
                    networkProtocol: $0["protocol"].orEmpty)
            }
            return Container(
                name: name, image: value["image"].orEmpty,
                id: status?["containerID"].orEmpty ?? "", isInit: areInit, ports: ports)
        }
    }
}

extension ObjectReference {
    init?(_ value: JSONValue) {
        guard !value.isNull else { return nil }
        kind = value["kind"].orEmpty
        namespace = value["namespace"].orEmpty
        name = value["name"].orEmpty
    }
}

extension EndpointSubset {
    init(_ value: JSONValue) {
        addresses = value["addresses"].elements.map { Address($0) }
        notReady = value["notReadyAddresses"].elements.map { Address($0) }
        ports = value["ports"].elements.map {
            Port(
                name: $0["name"].orEmpty, number: $0["port"].whole ?? 0,
                networkProtocol: $0["protocol"].orEmpty)
        }
    }
}

extension EndpointSubset.Address {
    init(_ value: JSONValue) {
        ip = value["ip"].orEmpty
        hostname = value["hostname"].orEmpty
        nodeName = value["nodeName"].orEmpty
        target = ObjectReference(value["targetRef"])
    }
}

extension EndpointSliceContent {
    init(_ value: JSONValue) {
        addressType = value["addressType"].orEmpty
        endpoints = value["endpoints"].elements.map { Endpoint($0) }
        ports = value["ports"].elements.map {
            Port(
                name: $0["name"].orEmpty, number: $0["port"].whole,
                networkProtocol: $0["protocol"].orEmpty, appProtocol: $0["appProtocol"].orEmpty)
        }
    }
}

extension EndpointSliceContent.Endpoint {
    init(_ value: JSONValue) {
        addresses = value["addresses"].elements.compactMap(\.text)
        let conditions = value["conditions"]
        isReady = conditions["ready"].truth
        isServing = conditions["serving"].truth
        isTerminating = conditions["terminating"].truth
        hostname = value["hostname"].orEmpty
        nodeName = value["nodeName"].orEmpty
        zone = value["zone"].orEmpty
        target = ObjectReference(value["targetRef"])
        topology = value["deprecatedTopology"].texts
    }
}

extension IngressContent {
    init(_ spec: JSONValue) {
        className = spec["ingressClassName"].orEmpty
        rules = spec["rules"].elements.map { rule in
            // A rule without any HTTP part stands for the whole host.
            let http = rule["http"]
            let paths = http.isNull ? ["/"] : http["paths"].elements.map { $0["path"].orEmpty }
            return Rule(host: rule["host"].orEmpty, paths: paths)
        }
        tlsHosts = spec["tls"].elements.flatMap { $0["hosts"].elements.compactMap(\.text) }
    }
}

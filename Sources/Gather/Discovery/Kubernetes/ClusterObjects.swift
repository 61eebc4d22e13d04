/// The kinds of objects that are looked at.
enum ObjectKind: String, Sendable, CaseIterable {
    case node, service, pod, endpoints, endpointslice, ingress
    case namespace, replicaSet, job

    /// Whether its objects lie in namespaces.
    var isNamespaced: Bool { self != .node && self != .namespace }

    /// The path of its list, without the namespace.
    var group: String {
        switch self {
        case .node, .service, .pod, .endpoints, .namespace: "/api/v1"
        case .endpointslice: "/apis/discovery.k8s.io/v1"
        case .ingress: "/apis/networking.k8s.io/v1"
        case .replicaSet: "/apis/apps/v1"
        case .job: "/apis/batch/v1"
        }
    }

    /// What its list is called in the API.
    var plural: String {
        switch self {
        case .endpoints: "endpoints"
        case .ingress: "ingresses"
        default: rawValue.lowercased() + "s"
        }
    }
}

/// One object among all of a cluster.
struct ObjectKey: Hashable, Sendable {
    let kind: ObjectKind
    /// Empty for what lies in no namespace.
    let namespace: String
    let name: String

    init(_ kind: ObjectKind, _ namespace: String, _ name: String) {
        (self.kind, self.namespace, self.name) = (kind, namespace, name)
    }

    /// The source of the object's target group, as Prometheus writes it.
    var source: String {
        switch kind {
        case .node: "node/\(name)"
        case .service: "svc/\(namespace)/\(name)"
        default: "\(kind.rawValue)/\(namespace)/\(name)"
        }
    }
}

/// What every object says of itself.
struct ObjectMeta: Hashable, Sendable {
    var namespace = ""
    var name = ""
    var uid = ""
    var labels: [String: String] = [:]
    var annotations: [String: String] = [:]
    /// The owner that controls it.
    var controller: Controller?

    struct Controller: Hashable, Sendable {
        var kind = ""
        var name = ""
    }
}

/// An object, cut down to what becomes labels.
struct ClusterObject: Hashable, Sendable {
    /// What differs from kind to kind.
    enum Content: Hashable, Sendable {
        case node(NodeContent)
        case service(ServiceContent)
        case pod(PodContent)
        case endpoints([EndpointSubset])
        case endpointSlice(EndpointSliceContent)
        case ingress(IngressContent)
        /// Only its metadata counts.
        case other
    }

    let kind: ObjectKind
    var meta: ObjectMeta
    var content: Content

    var key: ObjectKey { ObjectKey(kind, meta.namespace, meta.name) }
}

struct NodeContent: Hashable, Sendable {
    struct Address: Hashable, Sendable {
        var type = ""
        var address = ""
    }
    var providerID = ""
    var addresses: [Address] = []
    var kubeletPort = 0
}

struct ServiceContent: Hashable, Sendable {
    struct Port: Hashable, Sendable {
        var name = ""
        var number = 0
        var networkProtocol = ""
    }
    var type = ""
    var clusterIP = ""
    var externalName = ""
    var loadBalancerIP = ""
    var ports: [Port] = []
    var ipFamilyPolicy = ""
    var ipFamilies: [String] = []
}

struct PodContent: Hashable, Sendable {
    struct Port: Hashable, Sendable {
        var name = ""
        var number = 0
        var networkProtocol = ""
    }
    struct Container: Hashable, Sendable {
        var name = ""
        var image = ""
        var id = ""
        var isInit = false
        var ports: [Port] = []
    }
    var ip = ""
    var hostIP = ""
    var nodeName = ""
    var phase = ""
    /// `true`, `false` or `unknown`.
    var ready = "unknown"
    /// The usual ones first, then those that run before them.
    var containers: [Container] = []
}

/// What an address of endpoints leads to.
struct ObjectReference: Hashable, Sendable {
    var kind = ""
    var namespace = ""
    var name = ""
}

struct EndpointSubset: Hashable, Sendable {
    struct Address: Hashable, Sendable {
        var ip = ""
        var hostname = ""
        var nodeName = ""
        var target: ObjectReference?
    }
    struct Port: Hashable, Sendable {
        var name = ""
        var number = 0
        var networkProtocol = ""
    }
    var addresses: [Address] = []
    var notReady: [Address] = []
    var ports: [Port] = []
}

struct EndpointSliceContent: Hashable, Sendable {
    struct Endpoint: Hashable, Sendable {
        var addresses: [String] = []
        var isReady: Bool?
        var isServing: Bool?
        var isTerminating: Bool?
        var hostname = ""
        var nodeName = ""
        var zone = ""
        var target: ObjectReference?
        var topology: [String: String] = [:]
    }
    struct Port: Hashable, Sendable {
        var name = ""
        /// None stands for all ports.
        var number: Int?
        var networkProtocol = ""
        var appProtocol = ""
    }
    var addressType = ""
    var endpoints: [Endpoint] = []
    var ports: [Port] = []
}

struct IngressContent: Hashable, Sendable {
    struct Rule: Hashable, Sendable {
        var host = ""
        var paths: [String] = ["/"]
    }
    var className = ""
    var rules: [Rule] = []
    var tlsHosts: [String] = []
}

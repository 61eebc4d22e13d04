import JSON
import Model

@testable import Discovery

/// Reads JSON that is known to be sound.
func json(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

/// Objects of a cluster, as the API writes them.
enum Objects {
    /// The group of the one object of `role` among these objects.
    static func group(
        _ role: ObjectKind, attach: Attachments = Attachments(),
        _ objects: KeyValuePairs<ObjectKind, String>
    ) throws -> TargetGroup {
        var store = ClusterStore(role: role, attach: attach)
        for (kind, text) in objects { _ = store.put(ClusterObject(kind, try json(text))) }
        let keys = store.keys
        guard keys.count == 1 else { throw ObjectsError.notOne(keys.count) }
        return store.group(of: keys[0])
    }

    enum ObjectsError: Error { case notOne(Int) }

    /// A pod with one container and one port.
    static func pod(
        _ name: String, ip: String = "10.2.0.7", node: String = "n1", port: Int = 8080,
        more: String = ""
    ) -> String {
        """
        {"metadata": {"name": "\(name)", "namespace": "shop", "uid": "u-\(name)"\(more)},
         "spec": {"nodeName": "\(node)", "containers": [{"name": "web", "image": "shop/web:3",
            "ports": [{"name": "http", "containerPort": \(port), "protocol": "TCP"}]}]},
         "status": {"podIP": "\(ip)", "hostIP": "192.168.7.1", "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "web", "containerID": "containerd://c-\(name)"}]}}
        """
    }

    /// The labels that each target has of such a pod behind endpoints.
    static func labels(ofPod name: String, ip: String = "10.2.0.7") -> [String: String] {
        [
            "__meta_kubernetes_pod_name": name, "__meta_kubernetes_pod_ip": ip,
            "__meta_kubernetes_pod_ready": "true", "__meta_kubernetes_pod_phase": "Running",
            "__meta_kubernetes_pod_node_name": "n1",
            "__meta_kubernetes_pod_host_ip": "192.168.7.1",
            "__meta_kubernetes_pod_uid": "u-\(name)",
        ]
    }

    /// The labels that a target has of such a pod's container and port.
    static func labels(ofContainer name: String, port: Int, portName: String) -> [String: String] {
        [
            "__meta_kubernetes_pod_container_name": name,
            "__meta_kubernetes_pod_container_image": "shop/\(name):3",
            "__meta_kubernetes_pod_container_port_name": portName,
            "__meta_kubernetes_pod_container_port_number": "\(port)",
            "__meta_kubernetes_pod_container_port_protocol": "TCP",
            "__meta_kubernetes_pod_container_init": "false",
        ]
    }
}

extension Labels {
    /// Labels of several maps.
    init(_ maps: [String: String]...) {
        self.init(maps.flatMap { $0.map { Label($0.key, $0.value) } })
    }
}

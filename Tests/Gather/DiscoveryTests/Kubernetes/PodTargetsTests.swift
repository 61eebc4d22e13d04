import Model
import Testing

@testable import Discovery

struct PodTargetsTests {
    @Test func `each port of each container is a target`() throws {
        let group = try Objects.group(
            .pod,
            [
                .pod: """
                {"metadata": {"name": "till-0", "namespace": "shop", "uid": "abc-1",
                   "labels": {"app.kubernetes.io/name": "till", "tier": "front"},
                   "annotations": {"prometheus.io/scrape": "true"},
                   "ownerReferences": [{"kind": "Tenant", "name": "t"},
                     {"kind": "StatefulSet", "name": "till", "controller": true}]},
                 "spec": {"nodeName": "n1",
                   "containers": [
                     {"name": "web", "image": "shop/web:3", "ports": [
                       {"name": "http", "containerPort": 8080, "protocol": "TCP"},
                       {"name": "dns", "containerPort": 53, "protocol": "UDP"}]},
                     {"name": "sidecar", "image": "shop/sidecar"}],
                   "initContainers": [{"name": "setup", "image": "shop/setup:1",
                     "ports": [{"containerPort": 1111, "protocol": "TCP"}]}]},
                 "status": {"podIP": "10.2.0.7", "hostIP": "192.168.7.1", "phase": "Running",
                   "conditions": [{"type": "Initialized", "status": "True"},
                                  {"type": "Ready", "status": "False"}],
                   "containerStatuses": [{"name": "web", "containerID": "containerd://w1"}],
                   "initContainerStatuses": [{"name": "setup", "containerID": "containerd://s1"}]}}
                """
            ])
        #expect(group.source == "pod/shop/till-0")
        #expect(
            group.labels == [
                "__meta_kubernetes_namespace": "shop",
                "__meta_kubernetes_pod_name": "till-0",
                "__meta_kubernetes_pod_uid": "abc-1",
                "__meta_kubernetes_pod_ip": "10.2.0.7",
                "__meta_kubernetes_pod_host_ip": "192.168.7.1",
                "__meta_kubernetes_pod_node_name": "n1",
                "__meta_kubernetes_pod_phase": "Running",
                "__meta_kubernetes_pod_ready": "false",
                "__meta_kubernetes_pod_controller_kind": "StatefulSet",
                "__meta_kubernetes_pod_controller_name": "till",
                "__meta_kubernetes_pod_label_app_kubernetes_io_name": "till",
                "__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name": "true",
                "__meta_kubernetes_pod_label_tier": "front",
                "__meta_kubernetes_pod_labelpresent_tier": "true",
                "__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true",
                "__meta_kubernetes_pod_annotationpresent_prometheus_io_scrape": "true",
            ])
        let container = "__meta_kubernetes_pod_container_"
        let web = [
            "\(container)name": "web", "\(container)image": "shop/web:3",
            "\(container)id": "containerd://w1", "\(container)init": "false",
        ]
        #expect(
            group.targets == [
                Labels(
                    web,
                    [
                        "__address__": "10.2.0.7:8080", "\(container)port_name": "http",
                        "\(container)port_number": "8080", "\(container)port_protocol": "TCP",
                    ]),
                Labels(
                    web,
                    [
                        "__address__": "10.2.0.7:53", "\(container)port_name": "dns",
                        "\(container)port_number": "53", "\(container)port_protocol": "UDP",
                    ]),
                Labels([
                    "__address__": "10.2.0.7", "\(container)name": "sidecar",
                    "\(container)image": "shop/sidecar", "\(container)init": "false",
                ]),
                Labels([
                    "__address__": "10.2.0.7:1111", "\(container)name": "setup",
                    "\(container)image": "shop/setup:1", "\(container)id": "containerd://s1",
                    "\(container)init": "true", "\(container)port_number": "1111",
                    "\(container)port_protocol": "TCP",
                ]),
            ])
    }

    @Test(arguments: [
        (#""podIP": """#, 0), (#""phase": "Pending""#, 0), (#""podIP": "fd00::7""#, 1),
    ])
    func `a pod has targets once it has an address`(status: String, count: Int) throws {
        let group = try Objects.group(
            .pod,
            [
                .pod: """
                {"metadata": {"name": "p", "namespace": "shop"},
                 "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]},
                 "status": {\(status)}}
                """
            ])
        #expect(group.targets.count == count)
        if count == 1 {
            #expect(group.targets[0]["__address__"] == "[fd00::7]:80")
            #expect(group.labels["__meta_kubernetes_pod_ready"] == "unknown")
        }
    }

    @Test func `the pod tells of its node and namespace where that is asked for`() throws {
        let objects: KeyValuePairs<ObjectKind, String> = [
            .pod: Objects.pod("a"),
            .node: """
            {"metadata": {"name": "n1", "labels": {"zone": "z1"}, "annotations": {"rack": "9"}},
             "spec": {"providerID": "cloud:///n1"}}
            """,
            .node: #"{"metadata": {"name": "n2", "labels": {"zone": "z2"}}}"#,
            .namespace: """
            {"metadata": {"name": "shop", "labels": {"team": "till"}, "annotations": {"cost": "7"}}}
            """,
        ]
        let plain = try Objects.group(.pod, objects)
        #expect(plain.labels["__meta_kubernetes_node_name"] == "")
        let attach = Attachments(node: true, namespace: true)
        let labels = try Objects.group(.pod, attach: attach, objects).labels
        #expect(labels["__meta_kubernetes_node_name"] == "n1")
        #expect(labels["__meta_kubernetes_node_label_zone"] == "z1")
        #expect(labels["__meta_kubernetes_node_labelpresent_zone"] == "true")
        #expect(labels["__meta_kubernetes_node_annotation_rack"] == "9")
        #expect(labels["__meta_kubernetes_node_annotationpresent_rack"] == "true")
        #expect(labels["__meta_kubernetes_namespace"] == "shop")
        #expect(labels["__meta_kubernetes_namespace_label_team"] == "till")
        #expect(labels["__meta_kubernetes_namespace_labelpresent_team"] == "true")
        #expect(labels["__meta_kubernetes_namespace_annotation_cost"] == "7")
        #expect(labels["__meta_kubernetes_namespace_annotationpresent_cost"] == "true")
        #expect(!labels.contains("__meta_kubernetes_namespace_name"))
        #expect(!labels.contains("__meta_kubernetes_node_provider_id"))
    }

    @Test(arguments: [
        ("ReplicaSet", "web-7d9f", ["deployment_name": "web"]),
        ("ReplicaSet", "alone", [:]), ("ReplicaSet", "unknown", [:]),
        ("Job", "tidy-1", ["job_name": "tidy-1", "cronjob_name": "tidy"]),
        ("Job", "by-hand", ["job_name": "by-hand"]), ("DaemonSet", "web-7d9f", [:]),
    ])
    func `the pod tells what made its maker`(
        kind: String, name: String, expected: [String: String]
    ) throws {
        let owner =
            #", "ownerReferences": [{"kind": "\#(kind)", "name": "\#(name)", "controller": true}]"#
        func maker(_ name: String, _ kind: String, _ owner: String) -> String {
            """
            {"metadata": {"name": "\(name)", "namespace": "shop", "ownerReferences":
              [{"kind": "\(kind)", "name": "\(owner)", "controller": true}]}}
            """
        }
        let group = try Objects.group(
            .pod, attach: Attachments(deployment: true, job: true, cronJob: true),
            [
                .pod: Objects.pod("a", more: owner),
                .replicaSet: maker("web-7d9f", "Deployment", "web"),
                .replicaSet: maker("alone", "Rollout", "x"),
                .job: maker("tidy-1", "CronJob", "tidy"),
                .job: #"{"metadata": {"name": "by-hand", "namespace": "shop"}}"#,
            ])
        var found: [String: String] = [:]
        for maker in ["deployment_name", "job_name", "cronjob_name"] {
            let value = group.labels["__meta_kubernetes_pod_\(maker)"]
            if !value.isEmpty { found[maker] = value }
        }
        #expect(found == expected)
        #expect(group.labels["__meta_kubernetes_pod_controller_name"] == name)
    }
}

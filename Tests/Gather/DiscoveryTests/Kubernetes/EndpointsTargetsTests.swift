import Model
import Testing

@testable import Discovery

struct EndpointsTargetsTests {
    private static let service = """
        {"metadata": {"name": "till", "namespace": "shop", "labels": {"app": "till"},
                      "annotations": {"scrape": "yes"}}, "spec": {"clusterIP": "10.9.0.3"}}
        """
    private static let twoPorts = """
        {"metadata": {"name": "a", "namespace": "shop", "uid": "u-a"},
         "spec": {"nodeName": "n1", "containers": [
            {"name": "web", "image": "shop/web:3", "ports": [
              {"name": "http", "containerPort": 8080, "protocol": "TCP"}]},
            {"name": "agent", "image": "shop/agent:3", "ports": [
              {"name": "metrics", "containerPort": 9100, "protocol": "TCP"}]}]},
         "status": {"podIP": "10.2.0.7", "hostIP": "192.168.7.1", "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}]}}
        """

    @Test func `endpoints tell of service, pod and container, and find the pod's other ports`()
        throws
    {
        let group = try Objects.group(
            .endpoints,
            [
                .endpoints: """
                {"metadata": {"name": "till", "namespace": "shop", "labels": {"mark": "m"},
                              "annotations": {"a.b": "c"}},
                 "subsets": [{
                   "addresses": [
                     {"ip": "10.2.0.7", "nodeName": "n1",
                      "targetRef": {"kind": "Pod", "namespace": "shop", "name": "a"}},
                     {"ip": "10.2.0.8", "hostname": "eight"}],
                   "notReadyAddresses": [{"ip": "10.2.0.9",
                      "targetRef": {"kind": "Pod", "namespace": "shop", "name": "gone"}}],
                   "ports": [{"name": "web", "port": 8080, "protocol": "TCP"}]}]}
                """,
                .service: Self.service, .pod: Self.twoPorts,
            ])
        #expect(group.source == "endpoints/shop/till")
        #expect(
            group.labels == [
                "__meta_kubernetes_namespace": "shop",
                "__meta_kubernetes_endpoints_name": "till",
                "__meta_kubernetes_endpoints_label_mark": "m",
                "__meta_kubernetes_endpoints_labelpresent_mark": "true",
                "__meta_kubernetes_endpoints_annotation_a_b": "c",
                "__meta_kubernetes_endpoints_annotationpresent_a_b": "true",
                "__meta_kubernetes_service_name": "till",
                "__meta_kubernetes_service_label_app": "till",
                "__meta_kubernetes_service_labelpresent_app": "true",
                "__meta_kubernetes_service_annotation_scrape": "yes",
                "__meta_kubernetes_service_annotationpresent_scrape": "true",
            ])
        func endpoint(_ address: String, _ ready: String) -> [String: String] {
            [
                "__address__": address, "__meta_kubernetes_endpoint_ready": ready,
                "__meta_kubernetes_endpoint_port_name": "web",
                "__meta_kubernetes_endpoint_port_protocol": "TCP",
            ]
        }
        func reference(_ name: String) -> [String: String] {
            [
                "__meta_kubernetes_endpoint_address_target_kind": "Pod",
                "__meta_kubernetes_endpoint_address_target_name": name,
            ]
        }
        #expect(
            group.targets == [
                Labels(
                    endpoint("10.2.0.7:8080", "true"), reference("a"),
                    ["__meta_kubernetes_endpoint_node_name": "n1"], Objects.labels(ofPod: "a"),
                    Objects.labels(ofContainer: "web", port: 8080, portName: "http")),
                Labels(
                    endpoint("10.2.0.8:8080", "true"),
                    ["__meta_kubernetes_endpoint_hostname": "eight"]),
                Labels(endpoint("10.2.0.9:8080", "false"), reference("gone")),
                Labels(
                    ["__address__": "10.2.0.7:9100"], Objects.labels(ofPod: "a"),
                    Objects.labels(ofContainer: "agent", port: 9100, portName: "metrics")),
            ])
    }

    @Test(arguments: [
        (#""nodeName": "n1""#, "n1"),
        (#""targetRef": {"kind": "Node", "name": "n1"}"#, "n1"),
        (#""nodeName": "n2", "targetRef": {"kind": "Node", "name": "n1"}"#, ""),
        (#""hostname": "n1""#, ""),
    ])
    func `the node behind an address is told of where that is asked for`(
        address: String, expected: String
    ) throws {
        let group = try Objects.group(
            .endpoints, attach: Attachments(node: true),
            [
                .endpoints: """
                {"metadata": {"name": "till", "namespace": "shop"}, "subsets": [{"addresses":
                 [{"ip": "1.2.3.4", \(address)}], "ports": [{"port": 80, "protocol": "TCP"}]}]}
                """, .node: #"{"metadata": {"name": "n1", "labels": {"zone": "z1"}}}"#,
            ])
        #expect(group.targets.map { $0["__meta_kubernetes_node_name"] } == [expected])
        #expect(
            group.targets[0]["__meta_kubernetes_node_label_zone"]
                == (expected.isEmpty ? "" : "z1"))
    }

    @Test func `slices tell what endpoints tell, and more`() throws {
        let group = try Objects.group(
            .endpointslice,
            [
                .endpointslice: """
                {"metadata": {"name": "till-x1", "namespace": "shop",
                              "labels": {"kubernetes.io/service-name": "till"}},
                 "addressType": "IPv4",
                 "endpoints": [
                   {"addresses": ["10.2.0.7"], "nodeName": "n1", "zone": "z1", "hostname": "seven",
                    "conditions": {"ready": true, "serving": true, "terminating": false},
                    "targetRef": {"kind": "Pod", "namespace": "shop", "name": "a"},
                    "deprecatedTopology": {"a/b": "c"}},
                   {"addresses": ["10.2.0.8", "10.2.0.9"]}],
                 "ports": [{"name": "web", "port": 8080, "protocol": "TCP", "appProtocol": "http"}]}
                """,
                .service: Self.service, .pod: Self.twoPorts,
            ])
        #expect(group.source == "endpointslice/shop/till-x1")
        #expect(
            group.labels == [
                "__meta_kubernetes_namespace": "shop",
                "__meta_kubernetes_endpointslice_name": "till-x1",
                "__meta_kubernetes_endpointslice_address_type": "IPv4",
                "__meta_kubernetes_endpointslice_label_kubernetes_io_service_name": "till",
                "__meta_kubernetes_endpointslice_labelpresent_kubernetes_io_service_name": "true",
                "__meta_kubernetes_service_name": "till",
                "__meta_kubernetes_service_label_app": "till",
                "__meta_kubernetes_service_labelpresent_app": "true",
                "__meta_kubernetes_service_annotation_scrape": "yes",
                "__meta_kubernetes_service_annotationpresent_scrape": "true",
            ])
        let slice = "__meta_kubernetes_endpointslice_"
        let port = [
            "\(slice)port": "8080", "\(slice)port_name": "web", "\(slice)port_protocol": "TCP",
            "\(slice)port_app_protocol": "http",
        ]
        #expect(
            group.targets == [
                Labels(
                    port,
                    [
                        "__address__": "10.2.0.7:8080",
                        "\(slice)endpoint_conditions_ready": "true",
                        "\(slice)endpoint_conditions_serving": "true",
                        "\(slice)endpoint_conditions_terminating": "false",
                        "\(slice)endpoint_hostname": "seven", "\(slice)endpoint_zone": "z1",
                        "\(slice)endpoint_node_name": "n1",
                        "\(slice)address_target_kind": "Pod", "\(slice)address_target_name": "a",
                        "\(slice)endpoint_topology_a_b": "c",
                        "\(slice)endpoint_topology_present_a_b": "true",
                    ], Objects.labels(ofPod: "a"),
                    Objects.labels(ofContainer: "web", port: 8080, portName: "http")),
                Labels(port, ["__address__": "10.2.0.8:8080"]),
                Labels(port, ["__address__": "10.2.0.9:8080"]),
                Labels(
                    ["__address__": "10.2.0.7:9100"], Objects.labels(ofPod: "a"),
                    Objects.labels(ofContainer: "agent", port: 9100, portName: "metrics")),
            ])
    }

    @Test(arguments: [
        ("SingleStack", #"["IPv4"]"#, "IPv6", 1),
        ("PreferDualStack", #"["IPv4", "IPv6"]"#, "IPv4", 1),
        ("PreferDualStack", #"["IPv4", "IPv6"]"#, "IPv6", 0),
        ("RequireDualStack", #"["IPv6", "IPv4"]"#, "IPv4", 0),
        ("RequireDualStack", #"["IPv6", "IPv4"]"#, "FQDN", 1),
        ("RequireDualStack", "[]", "IPv4", 1),
    ])
    func `of two slices for the same pods, the one in the first address family counts`(
        policy: String, families: String, type: String, count: Int
    ) throws {
        let group = try Objects.group(
            .endpointslice,
            [
                .endpointslice: """
                {"metadata": {"name": "x", "namespace": "shop",
                              "labels": {"kubernetes.io/service-name": "till"}},
                 "addressType": "\(type)", "endpoints": [{"addresses": ["a"]}], "ports": [{}]}
                """,
                .service: """
                {"metadata": {"name": "till", "namespace": "shop"},
                 "spec": {"ipFamilyPolicy": "\(policy)", "ipFamilies": \(families)}}
                """,
            ])
        #expect(group.targets == Array(repeating: ["__address__": "a"], count: count))
    }
}

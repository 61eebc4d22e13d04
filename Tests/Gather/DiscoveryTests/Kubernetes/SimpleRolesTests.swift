import Model
import Testing

@testable import Discovery

struct NodeTargetsTests {
    private static func node(_ addresses: String) -> String {
        """
        {"metadata": {"name": "n1", "labels": {"zone": "z1"}, "annotations": {"rack.id": "9"}},
         "spec": {"providerID": "cloud:///n1"},
         "status": {"addresses": [\(addresses)],
                    "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}}
        """
    }

    @Test func `a node is its kubelet`() throws {
        let group = try Objects.group(
            .node,
            [
                .node: Self.node(
                    """
                    {"type": "Hostname", "address": "one"}, {"type": "InternalIP", "address":
                    "192.168.7.1"}, {"type": "InternalIP", "address": "fd00::1"},
                    {"type": "ExternalIP", "address": "1.2.3.4"}
                    """)
            ])
        #expect(
            group
                == TargetGroup(
                    source: "node/n1",
                    targets: [
                        [
                            "__address__": "192.168.7.1:10250", "instance": "n1",
                            "__meta_kubernetes_node_address_InternalIP": "192.168.7.1",
                            "__meta_kubernetes_node_address_ExternalIP": "1.2.3.4",
                            "__meta_kubernetes_node_address_Hostname": "one",
                        ]
                    ],
                    labels: [
                        "__meta_kubernetes_node_name": "n1",
                        "__meta_kubernetes_node_provider_id": "cloud:///n1",
                        "__meta_kubernetes_node_label_zone": "z1",
                        "__meta_kubernetes_node_labelpresent_zone": "true",
                        "__meta_kubernetes_node_annotation_rack_id": "9",
                        "__meta_kubernetes_node_annotationpresent_rack_id": "true",
                    ]))
    }

    @Test(arguments: [
        (["Hostname", "LegacyHostIP"], "LegacyHostIP:10250"),
        (["LegacyHostIP", "ExternalDNS"], "ExternalDNS:10250"),
        (["ExternalDNS", "ExternalIP"], "ExternalIP:10250"),
        (["ExternalIP", "InternalDNS"], "InternalDNS:10250"),
        (["InternalDNS", "InternalIP"], "InternalIP:10250"),
        (["Hostname"], "Hostname:10250"), (["Carrier"], ""), ([], ""),
    ])
    func `the best address of a node counts`(types: [String], expected: String) throws {
        let addresses = types.map { #"{"type": "\#($0)", "address": "\#($0)"}"# }
        let group = try Objects.group(
            .node, [.node: Self.node(addresses.joined(separator: ","))])
        #expect(group.targets.map { $0["__address__"] } == (expected.isEmpty ? [] : [expected]))
    }
}

struct ServiceTargetsTests {
    @Test(arguments: [
        (#""type": "ClusterIP", "clusterIP": "10.9.0.3""#, ["cluster_ip": "10.9.0.3"]),
        (
            #""type": "ExternalName", "externalName": "far.example""#,
            ["external_name": "far.example"]
        ),
        (
            #""type": "LoadBalancer", "clusterIP": "10.9.0.4", "loadBalancerIP": "1.2.3.4""#,
            ["cluster_ip": "10.9.0.4", "loadbalancer_ip": "1.2.3.4"]
        ),
    ])
    func `a service is a target for each of its ports`(
        spec: String, expected: [String: String]
    ) throws {
        let group = try Objects.group(
            .service, attach: Attachments(namespace: true),
            [
                .service: """
                {"metadata": {"name": "till", "namespace": "shop", "labels": {"app": "till"},
                              "annotations": {"probe": "yes"}},
                 "spec": {\(spec), "ports": [{"name": "http", "port": 80, "protocol": "TCP"},
                                             {"port": 53, "protocol": "UDP"}]}}
                """,
                .namespace: #"{"metadata": {"name": "shop", "labels": {"team": "till"}}}"#,
            ])
        #expect(group.source == "svc/shop/till")
        #expect(
            group.labels == [
                "__meta_kubernetes_namespace": "shop", "__meta_kubernetes_service_name": "till",
                "__meta_kubernetes_service_label_app": "till",
                "__meta_kubernetes_service_labelpresent_app": "true",
                "__meta_kubernetes_service_annotation_probe": "yes",
                "__meta_kubernetes_service_annotationpresent_probe": "true",
                "__meta_kubernetes_namespace_label_team": "till",
                "__meta_kubernetes_namespace_labelpresent_team": "true",
            ])
        let type = spec.split(separator: "\"")[2]
        var own = ["__meta_kubernetes_service_type": String(type)]
        for (name, value) in expected { own["__meta_kubernetes_service_" + name] = value }
        #expect(
            group.targets == [
                Labels(
                    own,
                    [
                        "__address__": "till.shop.svc:80",
                        "__meta_kubernetes_service_port_name": "http",
                        "__meta_kubernetes_service_port_number": "80",
                        "__meta_kubernetes_service_port_protocol": "TCP",
                    ]),
                Labels(
                    own,
                    [
                        "__address__": "till.shop.svc:53",
                        "__meta_kubernetes_service_port_number": "53",
                        "__meta_kubernetes_service_port_protocol": "UDP",
                    ]),
            ])
    }
}

struct IngressTargetsTests {
    @Test func `an ingress is a target for each path of each host`() throws {
        let group = try Objects.group(
            .ingress,
            [
                .ingress: """
                {"metadata": {"name": "door", "namespace": "shop", "labels": {"app": "till"},
                              "annotations": {"probe": "yes"}},
                 "spec": {"ingressClassName": "fast", "tls": [{"hosts": ["*.shop.example"]}],
                   "rules": [
                     {"host": "a.shop.example", "http": {"paths": [{"path": "/"}, {"path": ""},
                                                                   {"path": "/buy"}]}},
                     {"host": "shop.example"},
                     {"host": "x.y.shop.example", "http": {"paths": []}}]}}
                """
            ])
        #expect(group.source == "ingress/shop/door")
        #expect(
            group.labels == [
                "__meta_kubernetes_namespace": "shop", "__meta_kubernetes_ingress_name": "door",
                "__meta_kubernetes_ingress_class_name": "fast",
                "__meta_kubernetes_ingress_label_app": "till",
                "__meta_kubernetes_ingress_labelpresent_app": "true",
                "__meta_kubernetes_ingress_annotation_probe": "yes",
                "__meta_kubernetes_ingress_annotationpresent_probe": "true",
            ])
        func target(_ host: String, _ scheme: String, _ path: String) -> Labels {
            [
                "__address__": host, "__meta_kubernetes_ingress_host": host,
                "__meta_kubernetes_ingress_scheme": scheme,
                "__meta_kubernetes_ingress_path": path,
            ]
        }
        #expect(
            group.targets == [
                target("a.shop.example", "https", "/"), target("a.shop.example", "https", "/"),
                target("a.shop.example", "https", "/buy"), target("shop.example", "http", "/"),
            ])
    }

    @Test(arguments: [
        ("a.example", "a.example", true), ("*.example", "a.example", true),
        ("*.example", "b.a.example", false), ("*.example", "example", false),
        ("a.*", "a.example", false), ("", "", true),
    ])
    func `a star of TLS stands for one part of a host`(
        pattern: String, host: String, expected: Bool
    ) {
        #expect(IngressTargets.covers(pattern, host) == expected)
    }
}

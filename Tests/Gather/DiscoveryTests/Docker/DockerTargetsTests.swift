import Configuration
import Model
import Testing

@testable import Discovery

struct DockerTargetsTests {
    private static let networks = """
        [{"Id": "n1", "Name": "front", "Scope": "local", "Internal": false, "Ingress": false,
          "Labels": {"com.docker.compose.network": "default"}},
         {"Id": "n2", "Name": "back", "Scope": "swarm", "Internal": true}]
        """

    private static func targets(_ containers: String, first: Bool = true) throws -> [Labels] {
        let group = DockerTargets.group(
            containers: try json(containers), networks: try json(networks), port: 80,
            hostNetworkingHost: "docker.example", matchFirstNetwork: first)
        #expect(group.source == "Docker")
        #expect(group.labels == [:])
        return group.targets
    }

    private static let front: [String: String] = [
        "__meta_docker_network_id": "n1", "__meta_docker_network_name": "front",
        "__meta_docker_network_scope": "local", "__meta_docker_network_internal": "false",
        "__meta_docker_network_ingress": "false",
        "__meta_docker_network_label_com_docker_compose_network": "default",
    ]
    private static let back: [String: String] = [
        "__meta_docker_network_id": "n2", "__meta_docker_network_name": "back",
        "__meta_docker_network_scope": "swarm", "__meta_docker_network_internal": "true",
        "__meta_docker_network_ingress": "false",
    ]
    private static let till = """
        {"Id": "c1", "Names": ["/till"], "Image": "shop/till:3", "ImageID": "sha256:1",
         "Labels": {"com.example/team": "shop"}, "HostConfig": {"NetworkMode": "front"},
         "Ports": [{"PrivatePort": 8080, "PublicPort": 32768, "IP": "0.0.0.0", "Type": "tcp"},
                   {"PrivatePort": 9100, "Type": "tcp"}, {"PrivatePort": 53, "Type": "udp"}],
         "NetworkSettings": {"Networks": {
            "front": {"IPAddress": "172.19.0.2", "NetworkID": "n1"},
            "back": {"IPAddress": "172.20.0.2", "NetworkID": "n2"}, "a": null}}}
        """
    private static let tillLabels: [String: String] = [
        "__meta_docker_container_id": "c1", "__meta_docker_container_name": "/till",
        "__meta_docker_container_image": "shop/till:3",
        "__meta_docker_container_image_id": "sha256:1",
        "__meta_docker_container_network_mode": "front",
        "__meta_docker_container_label_com_example_team": "shop",
    ]

    @Test func `each TCP port of a container is a target, at its first network by name`() throws {
        let ip = ["__meta_docker_network_ip": "172.20.0.2"]
        #expect(
            try Self.targets("[\(Self.till)]") == [
                Labels(
                    Self.tillLabels, Self.back, ip,
                    [
                        "__address__": "172.20.0.2:8080", "__meta_docker_port_private": "8080",
                        "__meta_docker_port_public": "32768",
                        "__meta_docker_port_public_ip": "0.0.0.0",
                    ]),
                Labels(
                    Self.tillLabels, Self.back, ip,
                    ["__address__": "172.20.0.2:9100", "__meta_docker_port_private": "9100"]),
            ])
    }

    @Test func `every network counts where that is asked for`() throws {
        let targets = try Self.targets("[\(Self.till)]", first: false)
        #expect(
            targets.map { $0["__address__"] } == [
                "172.20.0.2:8080", "172.20.0.2:9100", "172.19.0.2:8080", "172.19.0.2:9100",
            ])
        #expect(targets[3]["__meta_docker_network_name"] == "front")
    }

    @Test(arguments: [
        // No published port: the port of the settings.
        (#""NetworkMode": "front"}, "Ports": []"#, "172.19.0.9:80"),
        (
            #""NetworkMode": "front"}, "Ports": [{"PrivatePort": 53, "Type": "udp"}]"#,
            "172.19.0.9:80"
        ),
        // The host's own network: the host of the settings, as it is.
        (#""NetworkMode": "host"}, "Ports": []"#, "docker.example"),
    ])
    func `a container without TCP ports is one target`(mode: String, expected: String) throws {
        let targets = try Self.targets(
            """
            [{"Id": "c", "Names": ["/c"], "HostConfig": {\(mode),
              "NetworkSettings": {"Networks": {
                "front": {"IPAddress": "172.19.0.9", "NetworkID": "n1"}}}}]
            """)
        #expect(targets.map { $0["__address__"] } == [expected])
        #expect(targets[0]["__meta_docker_network_name"] == "front")
    }

    @Test func `a container in the network of another has its addresses`() throws {
        let exporter = """
            {"Id": "c2", "Names": ["/exporter"], "HostConfig": {"NetworkMode": "container:c1"},
             "Ports": [{"PrivatePort": 9104, "Type": "tcp"}], "NetworkSettings": {"Networks": {}}}
            """
        let lost = """
            {"Id": "c3", "Names": ["/lost"], "HostConfig": {"NetworkMode": "container:gone"},
             "NetworkSettings": {"Networks": {}}}
            """
        let circle = """
            {"Id": "c4", "Names": ["/circle"], "HostConfig": {"NetworkMode": "container:c4"},
             "NetworkSettings": {"Networks": {}}}
            """
        let nameless = #"{"Id": "c5", "Names": [], "HostConfig": {"NetworkMode": "host"}}"#
        let all = [Self.till, exporter, lost, circle, nameless].joined(separator: ",")
        let targets = try Self.targets("[\(all)]").dropFirst(2)
        #expect(
            targets == [
                Labels(
                    Self.back,
                    [
                        "__address__": "172.20.0.2:9104", "__meta_docker_network_ip": "172.20.0.2",
                        "__meta_docker_port_private": "9104", "__meta_docker_container_id": "c2",
                        "__meta_docker_container_name": "/exporter",
                        "__meta_docker_container_network_mode": "container:c1",
                    ])
            ])
    }

    @Test func `a container with an IPv6 address only is found at that`() throws {
        let targets = try Self.targets(
            """
            [{"Id": "c", "Names": ["/c"], "HostConfig": {"NetworkMode": "n"},
              "Ports": [{"PrivatePort": 80, "Type": "tcp"}], "NetworkSettings": {"Networks":
              {"n": {"IPAddress": "", "GlobalIPv6Address": "fc00::2", "NetworkID": "x"}}}}]
            """)
        #expect(targets.map { $0["__address__"] } == ["[fc00::2]:80"])
        #expect(targets[0]["__meta_docker_network_ip"] == "fc00::2")
    }

    @Test func `filters become one object, each value once`() throws {
        let job = try Configured.job(
            """
            docker_sd_configs:
            - host: unix:///run/docker.sock
              filters: [{name: status, values: [running, paused, running]},
                        {name: label, values: ['a="b\\c"']}]
            """)
        #expect(
            DockerDaemon.text(of: job.discovery.docker[0].filters)
                == #"{"label":{"a=\"b\\c\"":true},"status":{"paused":true,"running":true}}"#)
        #expect(DockerDaemon.text(of: []) == "")
    }
}

import Model
import Testing

@testable import Discovery

struct SwarmTargetsTests {
    private static let networks = """
        [{"Id": "n1", "Name": "shop", "Scope": "swarm", "Internal": false, "Ingress": true,
          "Labels": {"a.b": "c"}}]
        """
    private static let network: [String: String] = [
        "__meta_dockerswarm_network_id": "n1", "__meta_dockerswarm_network_name": "shop",
        "__meta_dockerswarm_network_scope": "swarm",
        "__meta_dockerswarm_network_internal": "false",
        "__meta_dockerswarm_network_ingress": "true",
        "__meta_dockerswarm_network_label_a_b": "c",
    ]
    private static let services = """
        [{"ID": "s1", "Spec": {"Name": "till", "Labels": {"team.name": "shop"},
            "TaskTemplate": {"ContainerSpec": {"Image": "shop/till:3", "Hostname": "till-host"}},
            "Mode": {"Replicated": {"Replicas": 2}}},
          "Endpoint": {"Ports": [
             {"Name": "web", "Protocol": "tcp", "PublishedPort": 8080, "PublishMode": "ingress"},
             {"Protocol": "udp", "PublishedPort": 53, "PublishMode": "ingress"}],
            "VirtualIPs": [{"NetworkID": "n1", "Addr": "10.0.0.3/24"},
                           {"NetworkID": "gone", "Addr": "10.0.1.34/24"}]},
          "UpdateStatus": {"State": "completed"}},
         {"ID": "s2", "Spec": {"Name": "agent", "TaskTemplate": {}, "Mode": {"Global": {}}},
          "Endpoint": {"VirtualIPs": [{"NetworkID": "n1", "Addr": "10.0.0.9/24"}]}}]
        """
    private static let till: [String: String] = [
        "__meta_dockerswarm_service_id": "s1", "__meta_dockerswarm_service_name": "till",
        "__meta_dockerswarm_service_mode": "replicated",
        "__meta_dockerswarm_service_label_team_name": "shop",
    ]
    private static let nodes = """
        [{"ID": "m1", "Spec": {"Role": "manager", "Availability": "active", "Labels": {"zone": "z"}},
          "Description": {"Hostname": "one", "Platform": {"Architecture": "x86_64", "OS": "linux"},
                          "Engine": {"EngineVersion": "27.1"}},
          "Status": {"State": "ready", "Addr": "192.168.7.1"},
          "ManagerStatus": {"Leader": true, "Reachability": "reachable",
                            "Addr": "192.168.7.1:2377"}},
         {"ID": "m2", "Spec": {"Role": "worker"}, "Status": {"State": "down", "Addr": "fd00::2"}}]
        """
    private static let manager: [String: String] = [
        "__meta_dockerswarm_node_id": "m1", "__meta_dockerswarm_node_role": "manager",
        "__meta_dockerswarm_node_availability": "active",
        "__meta_dockerswarm_node_hostname": "one",
        "__meta_dockerswarm_node_platform_architecture": "x86_64",
        "__meta_dockerswarm_node_platform_os": "linux",
        "__meta_dockerswarm_node_status": "ready",
        "__meta_dockerswarm_node_address": "192.168.7.1",
        "__meta_dockerswarm_node_label_zone": "z",
    ]

    @Test func `a service is a target for each published port at each of its addresses`() throws {
        let group = SwarmTargets.services(
            try json(Self.services), networks: try json(Self.networks), port: 80)
        #expect(group.source == "DockerSwarm")
        let more = [
            "__meta_dockerswarm_service_task_container_image": "shop/till:3",
            "__meta_dockerswarm_service_task_container_hostname": "till-host",
            "__meta_dockerswarm_service_updating_status": "completed",
            "__meta_dockerswarm_service_endpoint_port_name": "web",
            "__meta_dockerswarm_service_endpoint_port_publish_mode": "ingress",
        ]
        #expect(
            group.targets == [
                Labels(Self.till, more, Self.network, ["__address__": "10.0.0.3:8080"]),
                Labels(Self.till, more, ["__address__": "10.0.1.34:8080"]),
                Labels(
                    Self.network,
                    [
                        "__address__": "10.0.0.9:80", "__meta_dockerswarm_service_id": "s2",
                        "__meta_dockerswarm_service_name": "agent",
                        "__meta_dockerswarm_service_mode": "global",
                    ]),
            ])
    }

    @Test func `a node is a target at the port of the settings`() throws {
        let group = SwarmTargets.nodes(try json(Self.nodes), port: 9100)
        #expect(
            group.targets == [
                Labels(
                    Self.manager,
                    [
                        "__address__": "192.168.7.1:9100",
                        "__meta_dockerswarm_node_engine_version": "27.1",
                        "__meta_dockerswarm_node_manager_leader": "true",
                        "__meta_dockerswarm_node_manager_reachability": "reachable",
                        "__meta_dockerswarm_node_manager_address": "192.168.7.1:2377",
                    ]),
                [
                    "__address__": "[fd00::2]:9100", "__meta_dockerswarm_node_id": "m2",
                    "__meta_dockerswarm_node_role": "worker",
                    "__meta_dockerswarm_node_status": "down",
                    "__meta_dockerswarm_node_address": "fd00::2",
                ],
            ])
    }

    @Test func `a task is a target for each port on its node and at each of its addresses`() throws
    {
        let tasks = """
            [{"ID": "t1", "ServiceID": "s1", "NodeID": "m1", "Slot": 2, "DesiredState": "running",
              "Spec": {"ContainerSpec": {"Labels": {"tier": "front", "own": "1"}}},
              "Status": {"State": "running", "ContainerStatus": {"ContainerID": "c1"},
                "PortStatus": {"Ports": [
                  {"Protocol": "tcp", "PublishedPort": 9100, "PublishMode": "host"},
                  {"Protocol": "udp", "PublishedPort": 53, "PublishMode": "host"}]}},
              "NetworksAttachments": [{"Network": {"ID": "n1"}, "Addresses": ["10.0.0.4/24"]}]},
             {"ID": "t2", "ServiceID": "s2", "NodeID": "gone", "DesiredState": "shutdown",
              "Spec": {}, "Status": {"State": "failed"},
              "NetworksAttachments": [{"Network": {"ID": "x"}, "Addresses": ["10.0.3.4/24"]}]}]
            """
        let group = SwarmTargets.tasks(
            SwarmTargets.TaskAnswers(
                tasks: try json(tasks), services: try json(Self.services),
                nodes: try json(Self.nodes), networks: try json(Self.networks),
                containers: ["c1": ["tier": "image's", "base": "debian"]]), port: 80)
        let task = [
            "__meta_dockerswarm_task_id": "t1", "__meta_dockerswarm_task_slot": "2",
            "__meta_dockerswarm_task_desired_state": "running",
            "__meta_dockerswarm_task_state": "running",
            "__meta_dockerswarm_task_container_id": "c1",
            "__meta_dockerswarm_container_label_tier": "front",
            "__meta_dockerswarm_container_label_own": "1",
            "__meta_dockerswarm_container_label_base": "debian",
        ]
        let mode = "__meta_dockerswarm_task_port_publish_mode"
        #expect(
            group.targets == [
                Labels(
                    task, Self.till, Self.manager,
                    ["__address__": "192.168.7.1:9100", mode: "host"]),
                Labels(
                    task, Self.till, Self.manager, Self.network,
                    ["__address__": "10.0.0.4:8080", mode: "ingress"]),
                [
                    "__address__": "10.0.3.4:80", "__meta_dockerswarm_task_id": "t2",
                    "__meta_dockerswarm_task_slot": "0",
                    "__meta_dockerswarm_task_desired_state": "shutdown",
                    "__meta_dockerswarm_task_state": "failed",
                    "__meta_dockerswarm_service_id": "s2",
                    "__meta_dockerswarm_service_name": "agent",
                    "__meta_dockerswarm_service_mode": "global",
                ],
            ])
    }
}

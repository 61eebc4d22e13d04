import Model
import Testing

@testable import Discovery

struct ConsulTargetsTests {
    @Test func `each instance of a service is a target`() throws {
        let answer = try json(
            """
            [{"Node": {"Node": "n1", "Address": "10.0.0.1", "Meta": {"rack-id": "9"},
                       "TaggedAddresses": {"lan": "10.0.0.1", "wan": "1.2.3.4"}},
              "Service": {"ID": "till-1", "Service": "till", "Tags": ["v3", "front"], "Port": 8080,
                          "Address": "10.1.0.1", "Meta": {"team": "shop"}, "Namespace": "ns",
                          "Partition": "part"},
              "Checks": [{"CheckID": "serfHealth", "Status": "passing"},
                         {"CheckID": "service:till", "Status": "warning"}]},
             {"Node": {"Node": "n2", "Address": "fd00::2"},
              "Service": {"ID": "till-2", "Tags": null, "Port": 80, "Address": ""}, "Checks": []}]
            """)
        let group = ConsulTargets.group(
            service: "till", datacenter: "dc1", tagSeparator: ",", answer: answer)
        #expect(
            group
                == TargetGroup(
                    source: "till",
                    targets: [
                        [
                            "__address__": "10.1.0.1:8080", "__meta_consul_address": "10.0.0.1",
                            "__meta_consul_node": "n1", "__meta_consul_tags": ",v3,front,",
                            "__meta_consul_service_address": "10.1.0.1",
                            "__meta_consul_service_port": "8080",
                            "__meta_consul_service_id": "till-1",
                            "__meta_consul_health": "warning",
                            "__meta_consul_namespace": "ns", "__meta_consul_partition": "part",
                            "__meta_consul_metadata_rack_id": "9",
                            "__meta_consul_service_metadata_team": "shop",
                            "__meta_consul_tagged_address_lan": "10.0.0.1",
                            "__meta_consul_tagged_address_wan": "1.2.3.4",
                        ],
                        [
                            "__address__": "[fd00::2]:80", "__meta_consul_address": "fd00::2",
                            "__meta_consul_node": "n2", "__meta_consul_tags": ",,",
                            "__meta_consul_service_port": "80",
                            "__meta_consul_service_id": "till-2",
                            "__meta_consul_health": "passing",
                        ],
                    ], labels: ["__meta_consul_service": "till", "__meta_consul_dc": "dc1"]))
    }

    @Test(arguments: [
        ([], "passing"), (["a:passing", "b:passing"], "passing"),
        (["a:passing", "b:warning"], "warning"), (["a:critical", "b:warning"], "critical"),
        (["_node_maintenance:critical"], "maintenance"),
        (["_service_maintenance:till:critical", "b:passing"], "maintenance"),
        (["a:odd", "b:critical"], ""),
    ])
    func `the worst check is the health of an instance`(checks: [String], expected: String) throws {
        let list = checks.map { check in
            let colon = check.lastIndex(of: ":") ?? check.endIndex
            return
                #"{"CheckID": "\#(check[..<colon])", "Status": "\#(check[colon...].dropFirst())"}"#
        }
        #expect(ConsulTargets.health(of: try json("[\(list.joined(separator: ","))]")) == expected)
    }

    @Test(arguments: [
        ([], [], ["consul", "stock", "till"]), (["till", "gone"], [], ["till"]),
        ([], ["v3"], ["stock", "till"]), ([], ["v3", "front"], ["till"]),
        (["stock"], ["front"], []),
    ])
    func `names and tags choose among the services`(
        names: [String], tags: [String], expected: [String]
    ) throws {
        let answer = try json(
            #"{"consul": [], "till": ["front", "v3"], "stock": ["v3", "back"]}"#)
        let watched = ConsulTargets.watched(in: answer, named: names, tags: tags)
        #expect(watched.sorted() == expected)
    }

    @Test func `an index waits past what was seen, and begins anew when it goes backwards`() {
        var index = BlockingIndex()
        // What comes with an index that went backwards is new all the same, and the next question
        // does not wait; to wait past 0 would be not to wait.
        let seen: [(sent: String?, isNew: Bool, next: UInt64)] = [
            ("7", true, 7), ("7", false, 7), ("9", true, 9), ("3", true, 0), ("0", true, 1),
            (nil, true, 0),
        ]
        for step in seen {
            let isNew = index.take(step.sent)
            #expect(isNew == step.isNew, "\(step)")
            #expect(index.value == step.next, "\(step)")
        }
    }
}

import Model
import Telemetry
import TestKit
import Testing

@testable import Discovery

struct DNSSourceTests {
    private func source(
        _ server: String, _ fields: String, registry: MetricRegistry = MetricRegistry()
    ) throws -> any TargetSource {
        try Configured.source(
            "dns_sd_configs: [{\(fields), refresh_interval: 50ms}]",
            Configured.surroundings(registry: registry, nameServers: [server]))
    }

    @Test func `every type of record becomes targets`() async throws {
        let server = try await NameServer.start()
        func targets(_ fields: String) async throws -> Set<Labels> {
            try await source(server.address, fields).recorded { recorder in
                await recorder.expect { !$0.groups.isEmpty }
                return Set(recorder.groups.flatMap(\.targets))
            }
        }
        #expect(
            try await targets("names: [web.weir.test], type: A, port: 80") == [
                ["__address__": "192.0.2.1:80", "__meta_dns_name": "web.weir.test"],
                ["__address__": "192.0.2.2:80", "__meta_dns_name": "web.weir.test"],
            ])
        #expect(
            try await targets("names: [web.weir.test], type: AAAA, port: 80") == [
                ["__address__": "[2001:db8::1]:80", "__meta_dns_name": "web.weir.test"]
            ])
        #expect(
            try await targets("names: [_metrics._tcp.weir.test]") == [
                [
                    "__address__": "node1.weir.test:9100",
                    "__meta_dns_name": "_metrics._tcp.weir.test",
                    "__meta_dns_srv_record_target": "node1.weir.test.",
                    "__meta_dns_srv_record_port": "9100",
                ],
                [
                    "__address__": "node2.weir.test:9101",
                    "__meta_dns_name": "_metrics._tcp.weir.test",
                    "__meta_dns_srv_record_target": "node2.weir.test.",
                    "__meta_dns_srv_record_port": "9101",
                ],
            ])
        #expect(
            try await targets("names: [weir.test], type: mx, port: 25") == [
                [
                    "__address__": "mail.weir.test:25", "__meta_dns_name": "weir.test",
                    "__meta_dns_mx_record_target": "mail.weir.test.",
                ],
                [
                    "__address__": "backup.mail.weir.test:25", "__meta_dns_name": "weir.test",
                    "__meta_dns_mx_record_target": "backup.mail.weir.test.",
                ],
            ])
        #expect(
            try await targets("names: [weir.test], type: NS, port: 53") == [
                [
                    "__address__": "ns1.weir.test:53", "__meta_dns_name": "weir.test",
                    "__meta_dns_ns_record_target": "ns1.weir.test.",
                ],
                [
                    "__address__": "ns2.weir.test:53", "__meta_dns_name": "weir.test",
                    "__meta_dns_ns_record_target": "ns2.weir.test.",
                ],
            ])
        await server.process.stop()
    }

    @Test func `a name that fails keeps its targets, and a name without records has none`()
        async throws
    {
        let server = try await NameServer.start()
        let registry = MetricRegistry()
        let fields = "names: [web.weir.test, nobody.weir.test], type: A, port: 80"
        try await source(server.address, fields, registry: registry).recorded { recorder in
            await recorder.expect { !$0.all.isEmpty }
            #expect(recorder.groups.first { $0.source == "web.weir.test" }?.targets.count == 2)
            #expect(recorder.groups.first { $0.source == "nobody.weir.test" }?.targets == [])
            #expect(recorder.failures.isEmpty)
            await server.process.stop()
            await recorder.expect { !$0.failures.isEmpty }
            #expect(recorder.failures[0].hasPrefix("cannot look up A of nobody.weir.test: "))
            #expect(recorder.groups.first { $0.source == "web.weir.test" }?.targets.count == 2)
        }
        #expect(TargetFinderTests.values(registry, "weir_sd_dns_lookups")[0] >= 4)
        #expect(TargetFinderTests.values(registry, "weir_sd_dns_lookup_failures")[0] >= 2)
    }
}

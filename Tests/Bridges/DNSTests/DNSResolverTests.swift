import DNS
import TestKit
import Testing

struct DNSResolverTests {
    @Test func `every kind of record is read`() async throws {
        let server = try await NameServer.start()
        let resolver = try DNSResolver(servers: [server.address])
        func set(_ kind: DNSRecord.Kind, _ name: String) async throws -> Set<DNSRecord> {
            Set(try await resolver.records(kind, of: name))
        }
        #expect(
            try await set(.a, "web.weir.test") == [.address("192.0.2.1"), .address("192.0.2.2")])
        #expect(try await set(.aaaa, "web.weir.test") == [.address("2001:db8::1")])
        #expect(
            try await set(.a, "alias.weir.test") == [.address("192.0.2.1"), .address("192.0.2.2")])
        #expect(
            try await set(.srv, "_metrics._tcp.weir.test") == [
                .service(target: "node1.weir.test", port: 9100),
                .service(target: "node2.weir.test", port: 9101),
            ])
        #expect(
            try await set(.mx, "weir.test") == [
                .mailServer("mail.weir.test"), .mailServer("backup.mail.weir.test"),
            ])
        #expect(
            try await set(.ns, "weir.test") == [
                .nameServer("ns1.weir.test"), .nameServer("ns2.weir.test"),
            ])
        await server.process.stop()
    }

    @Test func `a name without such records, or an unknown one, has none`() async throws {
        let server = try await NameServer.start()
        let resolver = try DNSResolver(servers: [server.address])
        #expect(try await resolver.records(.aaaa, of: "node1.weir.test") == [])
        #expect(try await resolver.records(.srv, of: "nobody.weir.test") == [])
        await server.process.stop()
    }

    @Test func `an answer too long for a datagram is asked for again over TCP`() async throws {
        let lines = (2...250).map { "many IN A 10.0.0.\($0)\n" }.joined()
        let server = try await NameServer.start(extra: lines)
        let resolver = try DNSResolver(servers: [server.address])
        #expect(try await resolver.records(.a, of: "many.weir.test").count == 250)
        await server.process.stop()
    }

    @Test func `look-ups that run at once do not wait for each other`() async throws {
        let server = try await NameServer.start()
        let resolver = try DNSResolver(servers: [server.address])
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<200 {
                group.addTask { try await resolver.records(.a, of: "web.weir.test").count }
            }
            return try await group.reduce(into: 0) { $0 += $1 }
        }
        #expect(counts == 400)
        await server.process.stop()
    }

    @Test func `a server that does not answer is an error that names the look-up`() async throws {
        let port = try FreePort.udp()
        let resolver = try DNSResolver(
            servers: ["127.0.0.1:\(port)"], timeout: .milliseconds(50), tries: 1)
        await #expect {
            try await resolver.records(.srv, of: "_metrics._tcp.weir.test.")
        } throws: { error in
            "\(error)".hasPrefix("cannot look up SRV of _metrics._tcp.weir.test.: ")
        }
    }

    @Test func `a refusal is an error, not an empty answer`() async throws {
        let server = try await NameServer.start()
        let resolver = try DNSResolver(servers: [server.address], tries: 1)
        await #expect(throws: DNSError.self) {
            try await resolver.records(.a, of: "somewhere.else.")
        }
        await server.process.stop()
    }
}

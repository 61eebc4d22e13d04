import DNS
import Glibc
import TestKit
import Testing

/// A real name server with a zone of its own.
private struct NameServer {
    let process: ChildProcess
    let address: String
    private let folder: TemporaryFolder

    static let zone = """
        $ORIGIN weir.test.
        $TTL 60
        @ IN SOA ns1 admin 1 60 60 60 60
        @ IN NS ns1
        @ IN NS ns2
        @ IN MX 10 mail
        @ IN MX 20 backup.mail
        ns1 IN A 127.0.0.1
        ns2 IN A 127.0.0.1
        web IN A 192.0.2.1
        web IN A 192.0.2.2
        web IN AAAA 2001:db8::1
        alias IN CNAME web
        _metrics._tcp IN SRV 0 5 9100 node1
        _metrics._tcp IN SRV 0 5 9101 node2
        node1 IN A 192.0.2.11
        many IN A 10.0.0.1

        """

    /// Starts one; where its port is taken by another in the meantime, on another port.
    static func start(extra: String = "") async throws -> NameServer {
        for _ in 0..<5 {
            if let server = try await attempt(extra: extra) { return server }
        }
        throw SystemError("start", path: "nsd")
    }

    private static func attempt(extra: String) async throws -> NameServer? {
        let folder = try TemporaryFolder("dns")
        try folder.write(zone + extra, to: "zone")
        let port = try FreePort.udp()
        try folder.write(
            """
            server:
              ip-address: 127.0.0.1@\(port)
              username: ""
              zonesdir: "\(folder.path)"
              database: ""
              pidfile: "\(folder.file("pid"))"
              xfrdfile: "\(folder.file("xfrd"))"
              xfrdir: "\(folder.path)"
              zonelistfile: "\(folder.file("zones"))"
              server-count: 1
            remote-control:
              control-enable: no
            zone:
              name: weir.test
              zonefile: zone

            """, to: "nsd.conf")
        let process = try await ChildProcess.start(
            ["nsd", "-d", "-c", folder.file("nsd.conf")])
        let server = NameServer(process: process, address: "127.0.0.1:\(port)", folder: folder)
        let resolver = try DNSResolver(
            servers: [server.address], timeout: .milliseconds(200), tries: 1)
        let isUp = try await eventually {
            // Until it answers, a look-up fails; that is what is waited for.
            let records = try? await resolver.records(.a, of: "ns1.weir.test")
            return records == [.address("127.0.0.1")] || !process.isRunning
        }
        try #require(isUp, "\(process.errors)")
        return process.isRunning ? server : nil
    }
}

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

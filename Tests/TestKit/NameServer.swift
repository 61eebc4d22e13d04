import DNS

/// A real name server on 127.0.0.1, over UDP and TCP, with the zone weir.test of its own.
public struct NameServer: Sendable {
    /// The server's process.
    public let process: ChildProcess
    /// Where it answers: host and port.
    public let address: String
    private let folder: TemporaryFolder

    private static let zone = """
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
    ///
    /// `extra` are more lines of its zone.
    public static func start(extra: String = "") async throws -> NameServer {
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
        guard isUp else { throw SystemError("ask", path: "nsd: \(process.errors)") }
        return process.isRunning ? server : nil
    }
}

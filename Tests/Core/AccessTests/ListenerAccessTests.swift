import Access
import Testing

struct ListenerAccessTests {
    @Test(
        arguments: [
            ("127.0.0.1", .open), ("::1", .open), ("[::1]", .open), ("localhost", .open),
            (nil, .open), ("", .guarded), ("0.0.0.0", .guarded), ("::", .guarded),
            ("10.0.0.1", .guarded), ("metrics.example.org", .guarded),
        ] as [(String?, ListenerAccess)])
    func `loopback is open and the rest is guarded`(host: String?, access: ListenerAccess) throws {
        let found = try AccessRule.byAddress.access(
            host: host, listener: "x", hasCredentials: true)
        #expect(found == access)
        #expect(
            try AccessRule.always.access(host: host, listener: "x", hasCredentials: true)
                == .guarded)
        #expect(
            try AccessRule.none.access(host: host, listener: "x", hasCredentials: false) == .open)
    }

    @Test func `an address that others reach needs a credential, and says which lines to write`() {
        #expect {
            try AccessRule.byAddress.access(
                host: "0.0.0.0", listener: "0.0.0.0:9090", hasCredentials: false)
        } throws: {
            "\($0)" == """
                refusing to listen on 0.0.0.0:9090: others can reach this address, and no \
                credential is configured. Write these two lines into weir.yml, with what `weir \
                credential new grafana` prints in place of the dots:
                credentials:
                  - {name: grafana, kind: bearer, secret_sha256: ..., permissions: [query, metrics.read]}
                To let everybody in, write `auth: none` there. To stay by yourself, listen on \
                127.0.0.1.
                """
        }
    }
}

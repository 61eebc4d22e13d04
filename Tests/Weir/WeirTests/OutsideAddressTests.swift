import API
import Glibc
import HTTPServe
import Testing

@testable import Weir

struct OutsideAddressTests {
    private let listeners: [ListenAddress] = [
        .unix(path: "/run/weir"), .tcp(host: "127.0.0.1", port: 9191),
        .tcp(host: "::1", port: 9192),
    ]

    @Test(arguments: [
        ("https://weir.example:8443/prom", "https", "weir.example:8443"),
        ("http://weir.example", "http", "weir.example"),
        ("http://[::1]:9/", "http", "[::1]:9"),
    ])
    func `the external URL names the host`(url: String, scheme: String, host: String) {
        let outside = TargetAccess.Outside(externalURL: url, listeners: listeners)
        #expect(outside.scheme == scheme)
        #expect(outside.host == host)
        #expect(outside.ownPort == 9191)
    }

    @Test func `without one it is the machine's name and the first listener's port`() {
        var name = utsname()
        uname(&name)
        let node = withUnsafeBytes(of: &name.nodename) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let outside = TargetAccess.Outside(externalURL: "", listeners: listeners)
        #expect(outside.scheme == "http")
        #expect(outside.host == "\(node):9191")
    }
}

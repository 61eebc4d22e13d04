import HTTPServe
import Testing

@Test(arguments: [
    ("0.0.0.0:9090", ListenAddress.tcp(host: "0.0.0.0", port: 9090), false),
    (":9090", .tcp(host: "", port: 9090), false), ("[::1]:1", .tcp(host: "::1", port: 1), true),
    ("localhost:0", .tcp(host: "localhost", port: 0), true),
    ("127.8.9.1:80", .tcp(host: "127.8.9.1", port: 80), true),
    ("unix:/run/weir.sock", .unix(path: "/run/weir.sock"), true),
    ("[2001:db8::1]:9", .tcp(host: "2001:db8::1", port: 9), false),
])
func `an address is read, and known as loopback`(
    text: String, address: ListenAddress, isLoopback: Bool
) throws {
    let read = try ListenAddress(text)
    #expect(read == address)
    #expect(read.isLoopback == isLoopback)
    #expect(read.description == text)
}

@Test(arguments: [
    ("9090", "it has no port"), ("::1:9090", "an IPv6 address stands in brackets"),
    ("a:b", "the port is not a number from 0 to 65535"),
    ("a:70000", "the port is not a number from 0 to 65535"),
    ("unix:", "a unix socket's path has 1 to 107 bytes"),
])
func `an address that is none says what is wrong`(text: String, reason: String) {
    #expect(throws: HTTPServeError.badAddress(text, reason: reason)) { try ListenAddress(text) }
    let error = HTTPServeError.badAddress(text, reason: reason)
    #expect("\(error)".hasSuffix("write host:port, [::1]:port or unix:/path"))
}

@Test func `peers know whether they are this machine`() {
    #expect(PeerAddress.ip(bytes: [127, 0, 0, 9], port: 1).isLoopback)
    #expect(PeerAddress.ip(bytes: [UInt8](repeating: 0, count: 15) + [1], port: 1).isLoopback)
    #expect(!PeerAddress.ip(bytes: [10, 0, 0, 1], port: 1).isLoopback)
    #expect(PeerAddress.unix.isLoopback)
    #expect(PeerAddress.ip(bytes: [10, 0, 0, 1], port: 5).description == "10.0.0.1:5")
}

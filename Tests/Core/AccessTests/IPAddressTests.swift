import Access
import Testing

struct IPAddressTests {
    @Test(
        arguments: [
            ("10.0.0.7", "10.0.0.7"), ("::1", "::1"), ("[::1]", "::1"), ("::", "::"),
            ("fe80::1%eth0", "fe80::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("2001:db8::", "2001:db8::"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ])
    func `an address reads and writes`(text: String, written: String) throws {
        #expect(try IPAddress(text).description == written)
    }

    @Test(
        arguments: [
            "", "10.0.0", "10.0.0.256", "10.0.0.01", "10.0.0.7.1", ":", ":::", "1::2::3",
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::g", "1:2:3:4:5:6:7::8", "::+1",
            "example.org", "::1.2.3", "1.2.3.4::",
        ])
    func `what is no address is refused`(text: String) {
        #expect(throws: AccessError.self) { try IPAddress(text) }
    }

    @Test(
        arguments: [
            ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false), ("::", false), ("128.0.0.1", false), ("10.0.0.1", false),
        ])
    func `loopback is told from what others reach`(text: String, isLoopback: Bool) throws {
        #expect(try IPAddress(text).isLoopback == isLoopback)
    }

    @Test func `bytes of the network read as an address`() {
        #expect(IPAddress(bytes: [192, 0, 2, 1])?.description == "192.0.2.1")
        #expect(IPAddress(bytes: [UInt8](repeating: 0, count: 15) + [1])?.description == "::1")
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }

    @Test(
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true), ("::/0", "10.0.0.1", false),
            ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false),
            ("2001:db8::/64", "2001:db8::ffff", true), ("2001:db8::/64", "2001:db8:0:1::", false),
            ("2001:db8::/65", "2001:db8::7fff:0:0:1", true),
            ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ])
    func `a network holds its addresses`(network: String, address: String, holds: Bool) throws {
        #expect(try Network(network).contains(IPAddress(address)) == holds)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "a/8",
        "10.0.0.0/+8",
    ])
    func `what is no network is refused`(text: String) {
        #expect(throws: AccessError.self) { try Network(text) }
    }
}

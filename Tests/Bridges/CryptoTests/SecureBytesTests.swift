import Crypto
import Testing

struct SecureBytesTests {
    @Test(arguments: [
        ("", "", true), ("a", "a", true), ("a", "b", false), ("a", "ab", false),
        // The same to the eye, and to Swift, but not the same bytes.
        ("é", "e\u{301}", false),
    ])
    func `equality is that of bytes`(left: String, right: String, same: Bool) {
        #expect(SecureBytes.areEqual(left, right) == same)
    }

    @Test func `random bytes do not repeat`() {
        let draws = Set((0..<100).map { _ in SecureBytes.random(count: 16) })
        #expect(draws.count == 100)
        #expect(SecureBytes.random(count: 0).isEmpty)
        #expect(SecureBytes.random(count: 1000).count == 1000)
    }
}

import Crypto
import Testing

struct DigestTests {
    // RFC 1321, appendix A.5.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    ])
    func `MD5 is that of RFC 1321`(text: String, hex: String) {
        #expect(Digest.md5(Array(text.utf8)).hex == hex)
        #expect(Digest.md5Tail(text) == UInt64(hex.suffix(16), radix: 16))
    }

    // FIPS 180-4, the examples of its authors.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `SHA-256 is that of FIPS 180-4`(text: String, hex: String) throws {
        #expect(try Digest.sha256(Array(text.utf8)).hex == hex)
    }

    @Test func `HMAC is that of RFC 4231`() throws {
        let digest = try Digest.hmacSHA256(
            Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(
            digest.hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let empty = try Digest.hmacSHA256([], key: [])
        #expect(empty.hex == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }
}

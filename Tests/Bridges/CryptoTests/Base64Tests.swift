import Crypto
import Testing

struct Base64Tests {
    @Test(arguments: [
        ("", "", ""), ("f", "Zg==", "Zg"), ("fo", "Zm8=", "Zm8"), ("foo", "Zm9v", "Zm9v"),
        ("foobar", "Zm9vYmFy", "Zm9vYmFy"), ("~~?", "fn4/", "fn4_"), ("~~>", "fn4+", "fn4-"),
    ])
    func `texts are those of RFC 4648`(plain: String, standard: String, url: String) {
        let bytes = Array(plain.utf8)
        #expect(Base64.standard.encode(bytes) == standard)
        #expect(Base64.url.encode(bytes) == url)
        #expect(Base64.standard.decode(standard) == bytes)
        #expect(Base64.url.decode(url) == bytes)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v=", "=Zg=", "Z g=", "Zm9v\n", "fn4-",
        "====",
    ])
    func `a text that no bytes give is refused`(text: String) {
        #expect(Base64.standard.decode(text) == nil)
    }

    @Test func `the alphabet of URLs is taken filled up too`() {
        #expect(Base64.url.decode("Zg==") == [UInt8(ascii: "f")])
        #expect(Base64.url.decode("Zg=") == nil)
        #expect(Base64.url.decode("fn4/") == nil)
    }

    @Test func `random bytes of every length come back`() {
        for count in 0..<70 {
            let bytes = SecureBytes.random(count: count)
            #expect(bytes.count == count)
            #expect(Base64.standard.decode(Base64.standard.encode(bytes)) == bytes)
            #expect(Base64.url.decode(Base64.url.encode(bytes)) == bytes)
        }
    }
}

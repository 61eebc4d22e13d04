import Compression
import Testing

@Test(arguments: ContentCoding.allCases)
func `a bomb stops at the cap`(coding: ContentCoding) throws {
    let packed = try compress([UInt8](repeating: 0, count: 20_000_000), as: coding)
    #expect(packed.count < 100_000)
    #expect(throws: CompressionError.tooLarge(limit: 1000)) {
        try inflate(packed, from: coding, limit: 1000)
    }
}

@Test(arguments: ContentCoding.allCases)
func `exactly as much as the cap passes`(coding: ContentCoding) throws {
    let bytes = [UInt8](repeating: 7, count: 40_000)
    let packed = try compress(bytes, as: coding)
    #expect(try inflate(packed, from: coding, limit: 40_000) == bytes)
    #expect(throws: CompressionError.tooLarge(limit: 39_999)) {
        try inflate(packed, from: coding, limit: 39_999)
    }
}

@Test(arguments: ContentCoding.allCases)
func `data that is cut anywhere is an error`(coding: ContentCoding) throws {
    let packed = try compress(Array("some text, and again some text".utf8), as: coding)
    for count in packed.indices {
        #expect(throws: CompressionError.self) {
            try inflate(Array(packed.prefix(count)), from: coding, limit: 1000)
        }
    }
}

@Test(arguments: ContentCoding.allCases)
func `flipped bytes never crash and never pass the cap`(coding: ContentCoding) throws {
    let packed = try compress((0..<2000).map { UInt8(truncatingIfNeeded: $0 / 3) }, as: coding)
    for index in packed.indices {
        for bit in 0..<8 {
            var damaged = packed
            damaged[index] ^= 1 << bit
            // Lost: which error; some flips are none.
            if let plain = try? inflate(damaged, from: coding, limit: 5000) {
                #expect(plain.count <= 5000)
            }
        }
    }
}

@Test func `several gzip members are one body, several zstd frames too`() throws {
    for coding in [ContentCoding.gzip, .zstd] {
        let packed =
            try compress(Array("one ".utf8), as: coding) + compress(Array("two".utf8), as: coding)
        #expect(try inflate(packed, from: coding, limit: 100) == Array("one two".utf8))
    }
}

@Test(arguments: [
    (CompressionError.truncated(.gzip), "the gzip data ends in the middle"),
    (.tooLarge(limit: 5), "the data unpacks to more than 5 bytes"),
    (.corrupt(.zstd, reason: "bad"), "the zstd data is damaged: bad"),
    (.outOfMemory(.deflate), "deflate got no memory"),
])
func `an error says what is wrong`(error: CompressionError, text: String) {
    #expect(error.description == text)
}

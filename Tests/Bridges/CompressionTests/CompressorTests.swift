import Compression
import TestKit
import Testing

private func sampleText(_ lines: Int) -> [UInt8] {
    Array((0..<lines).map { "http_requests_total{code=\"\($0 % 7)00\"} \($0)\n" }.joined().utf8)
}

/// Bytes that no coding makes smaller.
private func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}

@Test(arguments: ContentCoding.allCases, [0, 1, 100, 70_000])
func `what is packed unpacks to the same`(coding: ContentCoding, count: Int) throws {
    for bytes in [Array(sampleText(4000).prefix(count)), noise(count)] {
        let packed = try compress(bytes, as: coding)
        #expect(try inflate(packed, from: coding, limit: count) == bytes)
    }
}

@Test(arguments: ContentCoding.allCases)
func `pieces of any size unpack as the whole does`(coding: ContentCoding) throws {
    let bytes = sampleText(300)
    var compressor = try Compressor(coding)
    var packed: [UInt8] = []
    for piece in bytes.indices.map({ bytes[$0...$0] }) {
        try compressor.compress(Array(piece), into: &packed)
    }
    try compressor.finish(into: &packed)
    var inflater = try Inflater(coding, limit: bytes.count)
    var plain: [UInt8] = []
    for byte in packed { try inflater.inflate([byte], into: &plain) }
    try inflater.finish()
    #expect(plain == bytes)
}

@Test(arguments: ContentCoding.allCases)
func `a flush lets the reader have all that was written`(coding: ContentCoding) throws {
    var compressor = try Compressor(coding)
    var packed: [UInt8] = []
    try compressor.compress(Array("first line\n".utf8), into: &packed)
    try compressor.flush(into: &packed)
    var inflater = try Inflater(coding, limit: 100)
    var plain: [UInt8] = []
    try inflater.inflate(packed, into: &plain)
    #expect(String(decoding: plain, as: UTF8.self) == "first line\n")
}

@Test(arguments: ContentCoding.allCases)
func `gzip and its like are understood by the tools of Debian`(coding: ContentCoding) async throws {
    let folder = try TemporaryFolder("packed")
    let bytes = sampleText(2000)
    let packed = try compress(bytes, as: coding)
    let hex = packed.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
    try folder.write(hex, to: "packed")
    let program =
        switch coding {
        case .gzip: "gzip -dc"
        case .zstd: "zstd -dc"
        case .deflate:
            "python3 -c 'import sys,zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))'"
        }
    let result = try await ChildProcess.run([
        "sh", "-c", "xxd -r -p \(folder.file("packed")) | \(program)",
    ])
    #expect(result.output == String(decoding: bytes, as: UTF8.self))
}

import Compression
import Glibc
import TestKit
import Testing

struct GzipSegmentTests {
    private static let texts: [[UInt8]] = [
        Array(repeating: "http_requests_total{code=\"200\"} 1\n", count: 900).flatMap(\.utf8),
        [], Array("a 1\n".utf8),
        (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 131 ^ $0 >> 7) },
    ]

    private func body(_ segments: [GzipSegment]) -> [UInt8] {
        var body = GzipBody()
        var bytes = GzipBody.start
        for segment in segments {
            body.add(segment)
            bytes += segment.bytes
        }
        return bytes + body.end
    }

    @Test func `segments in any order are one gzip stream`() throws {
        var packer = try GzipPacker()
        let segments = Self.texts.map { packer.pack($0) }
        for order in [[], [0], [1], [0, 1, 2, 3], [3, 2, 1, 0], [2, 2, 0, 0, 3]] {
            let plain = order.flatMap { Self.texts[$0] }
            let packed = body(order.map { segments[$0] })
            #expect(try inflate(packed, from: .gzip, limit: plain.count) == plain)
        }
        for (segment, text) in zip(segments, Self.texts) {
            #expect(try segment.unpacked() == text)
            #expect(segment.count == text.count)
        }
    }

    @Test func `readers that know one member only read it to its end`() async throws {
        var packer = try GzipPacker()
        let folder = try TemporaryFolder("segments")
        let file = folder.file("body.gz")
        let packed = body(Self.texts.map { packer.pack($0) })
        let handle = try #require(fopen(file, "w"))
        fwrite(packed, 1, packed.count, handle)
        fclose(handle)
        let length = Self.texts.reduce(0) { $0 + $1.count }
        let gzip = try await ChildProcess.run(["gzip", "-t", file])
        #expect(gzip.status == 0, "\(gzip.errors)")
        // zlib's object ends with the first member; what follows would be left over.
        let program = """
            import sys, zlib
            reader = zlib.decompressobj(31)
            plain = reader.decompress(open(sys.argv[1], "rb").read())
            print(len(plain), reader.eof, len(reader.unused_data))
            """
        let python = try await ChildProcess.run(["python3", "-c", program, file])
        #expect(python.output == "\(length) True 0\n", "\(python.errors)")
    }
}

import Head
import Model
import Testing

@testable import Storage

struct ChunkTests {
    private func encode(_ values: [Double]) -> Chunk? {
        var encoder = ChunkEncoder()
        return encoder.encode(values.span)
    }

    private func decode(_ chunk: Chunk, _ range: Range<Int>) -> [Double]? {
        var values = Array(repeating: 0.0, count: range.count)
        var output = values.mutableSpan
        return chunk.decode(into: &output, from: range.lowerBound) ? values : nil
    }

    @Test(arguments: [1, 2, 3, 7, 240, 960])
    func `every shape comes back bit for bit, whole and in parts`(count: Int) throws {
        for shape in Shape.all(count) {
            guard let chunk = encode(shape.values) else {
                let isEmpty = shape.values.allSatisfy { $0.isAbsent }
                #expect(isEmpty, "\(shape.testDescription)")
                continue
            }
            let whole = try #require(decode(chunk, 0..<count))
            #expect(bits(whole) == bits(shape.values), "\(shape.testDescription)")
            let part = count / 3..<count - count / 4
            let some = try #require(decode(chunk, part))
            #expect(bits(some) == bits(shape.values[part]), "\(shape.testDescription)")
        }
    }

    @Test func `random mixtures come back bit for bit`() throws {
        var random = SeededRandom(seed: 3)
        for _ in 0..<3000 {
            let count = Int(random.next() % 40) + 1
            let scale = [1, 0.1, 0.001, 4096, 1e-9, 0.125][Int(random.next() % 6)]
            let spread = UInt64(1) << (random.next() % 44)
            let values = (0..<count).map { index -> Double in
                switch random.next() % 24 {
                case 0: Absent.value
                case 1: random.next() % 4 == 0 ? StaleMarker.value : 1
                case 2: random.next() % 8 == 0 ? random.anyDouble : 2
                default: Double(index) * 3 + Double(random.next() % spread) * scale
                }
            }
            guard let chunk = encode(values) else { continue }
            let decoded = try #require(decode(chunk, 0..<count))
            #expect(bits(decoded) == bits(values))
        }
    }

    @Test(
        arguments: [
            ("constant", 0, 0), ("zero", 0, 0), ("line", 0, 0), ("line of tenths", 2, 0),
            ("counter with resets", 482, 0), ("up and down over zero", 242, 0),
            ("decimals", 482, 0),
            ("constant, that ends with a marker", 6, 0), ("constant, that begins late", 6, 0),
            ("constant, with gaps", 6 + 240, 0), ("all bits", 0, 240), ("constant fraction", 0, 0),
            ("noise near one", 2 + 240 * 5, 0),
        ] as [(String, Int, Int)])
    func `a shape takes the cheapest form`(name: String, bytes: Int, exact: Int) throws {
        let shape = try #require(Shape.all(240).first { $0.testDescription == name })
        let chunk = try #require(encode(shape.values))
        #expect(chunk.bytes?.count ?? 0 == bytes)
        #expect(chunk.exact?.count ?? 0 == exact)
    }

    @Test func `a series that said nothing has no chunk`() {
        #expect(encode([Absent.value, Absent.value]) == nil)
        #expect(encode([]) == nil)
    }

    @Test func `bytes that no encoder wrote are refused and never read beyond`() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<5000 {
            let length = Int(random.next() % 20)
            let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let chunk = Chunk(base: 1, slope: 2, bytes: bytes)
            // Whether it decodes does not matter: that it stays inside does.
            _ = decode(chunk, 0..<Int(random.next() % 40))
        }
        #expect(decode(Chunk(bytes: []), 0..<1) == nil)
        #expect(decode(Chunk(bytes: [1, 0, 5]), 0..<2) == nil)
        #expect(decode(Chunk(bytes: [7, 0, 5, 5, 5, 5, 5, 5, 5]), 0..<1) == nil)
        #expect(decode(Chunk(exact: [1]), 0..<2) == nil)
    }
}

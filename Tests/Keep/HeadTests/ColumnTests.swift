import Testing

@testable import Head

struct ColumnTests {
    /// The bytes of a column, and what is read from them.
    private func roundTrip(_ values: [Double]) -> (bytes: Int, read: [UInt64]) {
        let bits = values.map(\.bitPattern)
        var writer = ColumnWriter()
        let length = bits.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { writer.write($0, count: bits.count) } ?? 0
        }
        guard length > 0 else {
            return (0, bits.map { _ in Absent.bits })
        }
        var out = [UInt64](repeating: 0, count: bits.count)
        writer.tape.array(padding: ColumnForm.padding).withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            ColumnReader.read(base, count: bits.count, into: &out)
        }
        return (length, out)
    }

    @Test(arguments: Shapes.names)
    func `every shape comes back bit for bit`(name: String) {
        for count in [1, 2, 3, 14, 15, 16, 64, 119, 120] {
            for seed in 1...2 as ClosedRange<UInt64> {
                let values = Shapes.values(name, count: count, seed: seed)
                #expect(roundTrip(values).read == values.map(\.bitPattern), "\(count) of \(name)")
            }
        }
    }

    @Test func `random columns of every mixture come back bit for bit`() {
        var random = Seeded(7)
        for _ in 0..<800 {
            let count = Int.random(in: 1...120, using: &random)
            let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                Shapes.names[Int.random(in: 0..<Shapes.names.count, using: &random)]
            }
            let seed = random.next()
            let columns = parts.map { Shapes.values($0, count: count, seed: seed) }
            let step = Int.random(in: 1...40, using: &random)
            let values = (0..<count).map { columns[($0 / step) % columns.count][$0] }
            #expect(roundTrip(values).read == values.map(\.bitPattern), "\(parts) by \(step)")
        }
    }

    // The most bytes that 120 ticks may take.
    @Test(
        arguments: [
            ("zero", 1), ("constant", 3), ("constant decimal", 4), ("line", 9), ("flag", 18),
            ("counter", 125), ("decimals", 215), ("late start", 40), ("stale markers", 48),
            ("all absent", 0), ("any bits", 120 * 8 + 12),
        ])
    func `cheap shapes take few bytes`(name: String, most: Int) {
        let bytes = roundTrip(Shapes.values(name, count: 120)).bytes
        #expect(bytes <= most, "\(name) takes \(bytes)")
    }
}

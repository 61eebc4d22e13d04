/// Bits, the highest first.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var free = 0

    init() { bytes.reserveCapacity(512) }

    mutating func add(_ value: UInt64, _ count: Int) {
        var left = count
        while left > 0 {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            let taken = min(free, left)
            let part = (value >> UInt64(left - taken)) & ((1 << UInt64(taken)) - 1)
            bytes[bytes.count - 1] |= UInt8(part) << UInt8(free - taken)
            free -= taken
            left -= taken
        }
    }

    mutating func addVariable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            add(rest & 0x7f | 0x80, 8)
            rest >>= 7
        }
        add(rest, 8)
    }

    /// How the step from one instant to the next changed.
    mutating func addChange(_ change: Int64) {
        let bits = UInt64(bitPattern: change)
        func fits(_ count: Int64) -> Bool {
            change >= -((1 << (count - 1)) - 1) && change <= 1 << (count - 1)
        }
        if change == 0 {
            add(0, 1)
        } else if fits(14) {
            add(0b10, 2)
            add(bits & 0x3fff, 14)
        } else if fits(17) {
            add(0b110, 3)
            add(bits & 0x1ffff, 17)
        } else if fits(20) {
            add(0b1110, 4)
            add(bits & 0xfffff, 20)
        } else {
            add(0b1111, 4)
            add(bits, 64)
        }
    }

    mutating func addXOR(_ difference: UInt64, _ leading: inout Int, _ trailing: inout Int) {
        if difference == 0 {
            add(0, 1)
            return
        }
        add(1, 1)
        let zeros = min(difference.leadingZeroBitCount, 31)
        let ends = difference.trailingZeroBitCount
        if leading != 0xff, zeros >= leading, ends >= trailing {
            add(0, 1)
        } else {
            (leading, trailing) = (zeros, ends)
            add(1, 1)
            add(UInt64(leading), 5)
            // Sixty-four do not fit into six bits and are written as none.
            add(UInt64(64 - leading - trailing) & 0x3f, 6)
        }
        add(difference >> UInt64(trailing), 64 - leading - trailing)
    }
}

extension [UInt8] {
    mutating func append(_ value: UInt64, _ width: Int) {
        for byte in (0..<width).reversed() {
            append(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)))
        }
    }

    mutating func appendVariable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    mutating func appendText(_ text: String) {
        appendVariable(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    /// Length, body and checksum.
    mutating func appendSection(_ make: (inout [UInt8]) -> Void) {
        var body: [UInt8] = []
        make(&body)
        append(UInt64(body.count), 4)
        append(contentsOf: body)
        append(Checksum.castagnoli(body[...]), 4)
    }

    mutating func appendPostings(_ references: [UInt32]) {
        appendSection { body in
            body.reserveCapacity(4 + references.count * 4)
            body.append(UInt64(references.count), 4)
            for reference in references { body.append(UInt64(reference), 4) }
        }
    }
}

/// The checksum of Prometheus's files.
enum Checksum {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in
            value & 1 == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1
        }
    }

    static func castagnoli(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        let table = table.span
        var value: UInt32 = 0xffff_ffff
        for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 0xff)] ^ (value >> 8) }
        return UInt64(value ^ 0xffff_ffff)
    }
}

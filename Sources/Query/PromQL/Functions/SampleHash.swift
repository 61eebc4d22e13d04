import Model

extension Labels {
    /// The hash by which Prometheus chooses series for `limit_ratio`: XXH64 of its own encoding.
    var sampleHash: UInt64 {
        var bytes: [UInt8] = []
        for label in self {
            Self.append(label.name, to: &bytes)
            Self.append(label.value, to: &bytes)
        }
        return XXH64.hash(bytes)
    }

    /// The length in one byte, or 0xff and three, and the text.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        let length = text.utf8.count
        if length < 255 {
            bytes.append(UInt8(length))
        } else {
            bytes.append(0xff)
            for shift in [0, 8, 16] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
        }
        bytes.append(contentsOf: text.utf8)
    }
}

/// The hash XXH64, with seed zero.
enum XXH64 {
    private static let primes: [UInt64] = [
        0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9,
        0x85EB_CA77_C2B2_AE63, 0x27D4_EB2F_1656_67C5,
    ]

    /// The hash of `bytes`.
    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var place = 0
        var hash: UInt64
        if bytes.count >= 32 {
            var lanes = [primes[0] &+ primes[1], primes[1], 0, 0 &- primes[0]]
            while place + 32 <= bytes.count {
                for lane in 0..<4 {
                    lanes[lane] = round(lanes[lane], word(bytes, place + lane * 8, 8))
                }
                place += 32
            }
            hash = rotate(lanes[0], 1) &+ rotate(lanes[1], 7)
            hash = hash &+ rotate(lanes[2], 12) &+ rotate(lanes[3], 18)
            for lane in lanes { hash = (hash ^ round(0, lane)) &* primes[0] &+ primes[3] }
        } else {
            hash = primes[4]
        }
        hash = hash &+ UInt64(bytes.count)
        while place + 8 <= bytes.count {
            hash = rotate(hash ^ round(0, word(bytes, place, 8)), 27) &* primes[0] &+ primes[3]
            place += 8
        }
        if place + 4 <= bytes.count {
            hash = rotate(hash ^ (word(bytes, place, 4) &* primes[0]), 23)
            hash = hash &* primes[1] &+ primes[2]
            place += 4
        }
        for byte in bytes[place...] {
            hash = rotate(hash ^ (UInt64(byte) &* primes[4]), 11) &* primes[0]
        }
        hash = (hash ^ (hash >> 33)) &* primes[1]
        hash = (hash ^ (hash >> 29)) &* primes[2]
        return hash ^ (hash >> 32)
    }

    private static func word(_ bytes: [UInt8], _ place: Int, _ length: Int) -> UInt64 {
        var word: UInt64 = 0
        for offset in (0..<length).reversed() { word = word << 8 | UInt64(bytes[place + offset]) }
        return word
    }

    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotate(lane &+ word &* primes[1], 31) &* primes[0]
    }

    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        value << bits | value >> (64 - bits)
    }
}

/// Numbers found by the hash of what they stand for; whoever owns them keeps the hashes.
struct HashIndex: ~Copyable {
    /// A number plus one; zero where nothing lies.
    private var slots = Pool<UInt32>(repeating: 0, count: 16)
    private(set) var count = 0

    /// What it takes in memory.
    var size: Int { slots.size }

    /// The first number with this place for which `isMatch` holds.
    @inline(__always)
    func find(_ hash: UInt32, where isMatch: (UInt32) -> Bool) -> UInt32? {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while true {
            let held = slots[slot]
            if held == 0 { return nil }
            if isMatch(held - 1) { return held - 1 }
            slot = (slot + 1) & mask
        }
    }

    /// Adds a number that is not there; `hashOf` gives the hash of any number that is.
    mutating func insert(_ number: UInt32, hash: UInt32, hashOf: (UInt32) -> UInt32) {
        if (count + 1) * 4 > slots.count * 3 { grow(hashOf) }
        place(number, hash)
        count += 1
    }

    private mutating func place(_ number: UInt32, _ hash: UInt32) {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = number + 1
    }

    private mutating func grow(_ hashOf: (UInt32) -> UInt32) {
        var larger = Pool<UInt32>(repeating: 0, count: slots.count * 2)
        swap(&larger, &slots)
        for slot in 0..<larger.count where larger[slot] != 0 {
            place(larger[slot] - 1, hashOf(larger[slot] - 1))
        }
    }

    /// Takes a number out, and moves what it kept from its place back there.
    mutating func remove(_ number: UInt32, hash: UInt32, hashOf: (UInt32) -> UInt32) {
        let mask = slots.count - 1
        var hole = Int(hash) & mask
        while slots[hole] != number + 1 {
            guard slots[hole] != 0 else { preconditionFailure("BUG: a number that is not there") }
            hole = (hole + 1) & mask
        }
        var slot = hole
        while true {
            slot = (slot + 1) & mask
            let held = slots[slot]
            if held == 0 { break }
            let home = Int(hashOf(held - 1)) & mask
            // It may move back unless its home lies behind the hole.
            if (slot - home) & mask >= (slot - hole) & mask {
                slots[hole] = held
                hole = slot
            }
        }
        slots[hole] = 0
        count -= 1
    }
}

/// A fast hash of bytes, good within this process.
enum ByteHash {
    @inline(__always)
    static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = (left ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(
            by: right ^ 0xe703_7ed1_a0b4_28db)
        return product.high ^ product.low
    }

    /// Reads eight bytes at a time, the last ones again where they do not fill a word.
    static func of(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64 = 0) -> UInt64 {
        let count = bytes.count
        guard let base = bytes.baseAddress, count > 0 else { return mix(seed, 0) }
        let raw = unsafe UnsafeRawPointer(base)
        var hash = seed ^ UInt64(count)
        // Safe: each load lies within `count` bytes.
        guard count >= 8 else {
            var word: UInt64 = 0
            for index in 0..<count { word = word << 8 | UInt64(unsafe bytes[index]) }
            return mix(hash, word)
        }
        var at = 0
        while at + 8 < count {
            hash = mix(hash, unsafe raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at += 8
        }
        return mix(hash, unsafe raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    }
}

extension String {
    /// The bytes, while `body` runs.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = unsafe utf8.withContiguousStorageIfAvailable(body) { return result }
        let copy = Array(utf8)
        return unsafe copy.withUnsafeBufferPointer(body)
    }
}

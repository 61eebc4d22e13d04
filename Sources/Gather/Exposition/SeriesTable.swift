import Glibc

/// Which text stands for which number: one target's series, found again by the bytes of a line.
///
/// Numbers are small and dense: they begin at zero, and those of forgotten series are used again.
struct SeriesTable: ~Copyable {
    /// One place of the open-addressed table; `number` is one more than the series', 0 where free.
    struct Slot {
        var hash: UInt32 = 0
        var number: UInt32 = 0
    }

    struct Key {
        var offset: Int
        var length: UInt32
        var hash: UInt32
    }

    /// As many as a power of two.
    private var slots = Column<Slot>()
    private var keys = Column<Key>()
    private var bytes = Column<UInt8>()
    private var free: [UInt32] = []

    init() {}

    /// A table in which none of the numbers up to `numbers` is taken, with room for `count` keys.
    init(numbers: Int, count: Int) {
        var size = 16
        while size < count * 2 { size *= 2 }
        slots.zero(upTo: size)
        keys.zero(upTo: numbers)
    }

    /// Gives `key` the number that it had; `freeRest` has to follow.
    mutating func restore(_ key: Span<UInt8>, hash: UInt32, as number: UInt32) {
        keys[Int(number)] = Key(offset: bytes.count, length: UInt32(key.count), hash: hash)
        bytes.append(key)
        place(number)
    }

    /// Ends a restoration: numbers that have no key are free.
    mutating func freeRest() {
        free = (0..<UInt32(keys.count)).filter { keys[Int($0)].length == 0 }
    }

    /// How many keys are known.
    var count: Int { keys.count - free.count }
    /// The bytes of all keys.
    var byteCount: Int { bytes.count }
    /// One more than the highest number ever given.
    var numbers: Int { keys.count }

    /// The number of `key`, or `nil` where it is not known.
    @inline(__always)
    func number(of key: Span<UInt8>, hash: UInt32) -> UInt32? {
        // Safe: the bytes are only compared.
        unsafe key.withUnsafeBufferPointer { unsafe number(of: $0, hash: hash) }
    }

    /// The same, for bytes that somebody else keeps alive.
    @inline(__always)
    func number(of key: UnsafeBufferPointer<UInt8>, hash: UInt32) -> UInt32? {
        let slots = unsafe slots.elements
        if slots.isEmpty { return nil }
        let mask = slots.count - 1
        var place = Int(hash) & mask
        while true {
            // Safe: the mask keeps the place below the count, and a free place ends the search.
            let slot = unsafe slots[place]
            if slot.number == 0 { return nil }
            if slot.hash == hash, unsafe holds(key, at: slot.number - 1) { return slot.number - 1 }
            place = (place + 1) & mask
        }
    }

    /// Makes `key` known, which must not be yet; gives its number.
    mutating func insert(_ key: Span<UInt8>, hash: UInt32) -> UInt32 {
        if (count + 1) * 2 > slots.count { rebuild(size: max(16, slots.count * 2)) }
        let entry = Key(offset: bytes.count, length: UInt32(key.count), hash: hash)
        bytes.append(key)
        let number: UInt32
        if let reused = free.popLast() {
            number = reused
            keys[Int(number)] = entry
        } else {
            number = UInt32(keys.count)
            keys.append(entry)
        }
        place(number)
        return number
    }

    /// Forgets all numbers for which `isDead` holds, and gives their bytes back.
    mutating func remove(where isDead: (UInt32) -> Bool) {
        let isFree = Set(free)
        var kept = Column<UInt8>()
        for index in 0..<keys.count where !isFree.contains(UInt32(index)) {
            if isDead(UInt32(index)) {
                free.append(UInt32(index))
                continue
            }
            let key = keys[index]
            keys[index].offset = kept.count
            // Safe: the bytes are copied before anything else happens to them.
            unsafe kept.append(Span(_unsafeElements: text(key)))
        }
        bytes = kept
        rebuild(size: slots.count)
    }

    /// The bytes of key `number`.
    func text(of number: UInt32) -> [UInt8] {
        // Safe: the bytes are copied before anything else happens to them.
        unsafe Array(text(keys[Int(number)]))
    }

    private func text(_ key: Key) -> UnsafeBufferPointer<UInt8> {
        unsafe bytes.elements.extracting(key.offset..<key.offset + Int(key.length))
    }

    @inline(__always)
    private func holds(_ key: UnsafeBufferPointer<UInt8>, at number: UInt32) -> Bool {
        // Safe: every slot's number is one of the keys', and their bytes were added with them.
        let known = unsafe keys.elements[Int(number)]
        guard Int(known.length) == key.count else { return false }
        guard let left = key.baseAddress, let right = unsafe bytes.elements.baseAddress else {
            return true
        }
        return unsafe memcmp(left, right + known.offset, key.count) == 0
    }

    private mutating func rebuild(size: Int) {
        slots = Column()
        slots.zero(upTo: size)
        let isFree = Set(free)
        for index in 0..<keys.count where !isFree.contains(UInt32(index)) { place(UInt32(index)) }
    }

    private mutating func place(_ number: UInt32) {
        let hash = keys[Int(number)].hash
        let mask = slots.count - 1
        var place = Int(hash) & mask
        while slots[place].number != 0 { place = (place + 1) & mask }
        slots[place] = Slot(hash: hash, number: number + 1)
    }
}

/// A hash of bytes: multiplications of 64 bits folded together, after Wang Yi's wyhash.
struct KeyHash {
    /// Differs from process to process, so that no target can choose keys that collide.
    private let seed = processSeed
    private static let processSeed = UInt64.random(in: .min ... .max)

    /// The same for the same bytes within one process.
    @inline(__always)
    func of(_ key: Span<UInt8>) -> UInt32 {
        // Safe: every load lies within the key's bytes.
        unsafe key.withUnsafeBufferPointer { unsafe of($0) }
    }

    /// The same, for bytes that somebody else keeps alive.
    @inline(__always)
    func of(_ key: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let bytes = UnsafeRawBufferPointer(key)
        let count = bytes.count
        var state = seed
        var at = 0
        while at + 16 <= count {
            // Safe: 16 bytes are left from `at` on.
            let left = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let right = unsafe bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
            state = Self.fold(left ^ 0xe703_7ed1_a0b4_28db, right ^ state)
            at += 16
        }
        var left: UInt64 = 0
        var right: UInt64 = 0
        if count >= 8 {
            // Safe: at least 8 bytes are there; the two loads may overlap.
            left = unsafe bytes.loadUnaligned(fromByteOffset: max(0, count - 16), as: UInt64.self)
            right = unsafe bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        } else {
            while at < count {
                // Safe: `at` is below the count.
                right = unsafe right << 8 | UInt64(bytes[at])
                at += 1
            }
        }
        state = Self.fold(left ^ 0x8ebc_6af0_9c88_c6e3, right ^ state)
        state = Self.fold(state ^ UInt64(count), 0xa076_1d64_78bd_642f)
        return UInt32(truncatingIfNeeded: state >> 32)
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}

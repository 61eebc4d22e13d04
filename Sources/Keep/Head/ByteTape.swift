import Glibc

/// Bytes that are written one after the other, in room that is used again.
@safe struct ByteTape: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 16_384) {
        self.capacity = capacity
        unsafe base = .allocate(capacity: capacity)
    }

    // Safe: nobody else knows `base`.
    deinit { unsafe base.deallocate() }

    mutating func removeAll() { count = 0 }

    /// Goes back to where the tape was `count` bytes long.
    mutating func cut(to count: Int) {
        precondition(count <= self.count, "BUG: the tape is shorter")
        self.count = count
    }

    /// Makes sure that `more` bytes can follow without another look.
    mutating func reserve(_ more: Int) {
        guard count + more + 8 > capacity else { return }
        let grown = max(capacity * 2, count + more + 8)
        let new = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
        // Safe: `count` bytes are written, and fit the larger room.
        unsafe memcpy(new, base, count)
        unsafe base.deallocate()
        unsafe base = new
        capacity = grown
    }

    // Safe, in all of these: `reserve` has made room, with eight bytes to spare, and whoever writes
    // has asked for it.
    @inline(__always)
    mutating func put(_ byte: UInt8) {
        assert(count < capacity, "BUG: no room was made")
        unsafe base[count] = byte
        count += 1
    }

    /// Writes the lowest `bytes` bytes of `value`, the lowest first.
    @inline(__always)
    mutating func put(_ value: UInt64, bytes: Int) {
        assert(count + 8 <= capacity, "BUG: no room was made")
        unsafe UnsafeMutableRawPointer(base + count).storeBytes(of: value, as: UInt64.self)
        count += bytes
    }

    /// Writes `value` over the four bytes at `place`.
    mutating func set(_ value: UInt32, at place: Int) {
        precondition(place + 4 <= count, "BUG: nothing was written there")
        unsafe UnsafeMutableRawPointer(base + place).storeBytes(of: value, as: UInt32.self)
    }

    /// Writes `values`, each below 2^width, in `width` bits each.
    @inline(__always)
    mutating func putBits(_ values: UnsafeMutablePointer<UInt64>, count: Int, width: Int) {
        guard width > 0 else { return }
        let bits = UInt64(width)
        var held: UInt64 = 0
        var filled: UInt64 = 0
        for index in 0..<count {
            let value = unsafe values[index]
            held |= value &<< filled
            filled += bits
            if filled >= 64 {
                put(held, bytes: 8)
                filled -= 64
                // What of `value` did not fit; nothing where it ended with the word.
                held = filled == 0 ? 0 : value &>> (bits - filled)
            }
        }
        if filled > 0 { put(held, bytes: Int(filled + 7) / 8) }
    }

    /// Appends what another tape holds.
    mutating func append(_ other: borrowing ByteTape) {
        reserve(other.count)
        unsafe memcpy(base + count, other.base, other.count)
        count += other.count
    }

    /// All bytes, with `padding` zeros behind them.
    func array(padding: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count + padding) { bytes, length in
            unsafe bytes.baseAddress.map { start in
                unsafe memcpy(start, base, count)
                unsafe memset(start + count, 0, padding)
            }
            length = count + padding
        }
    }
}

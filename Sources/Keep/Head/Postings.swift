import Glibc

/// Which series have a label: their numbers in the order of arrival, a byte or so each.
///
/// It holds differences, in memory that nobody frees but `remove`.
@safe struct Postings: BitwiseCopyable {
    /// How many there are.
    private(set) var count: UInt32 = 0
    private var last: UInt32 = 0
    private var used: UInt32 = 0
    private var capacity: UInt32 = 0
    private var bytes: UnsafeMutablePointer<UInt8>?

    init() { unsafe bytes = nil }

    /// What it takes outside of itself.
    var size: Int { Int(capacity) }

    // Safe, throughout: `bytes` has room for `capacity` and holds `used`; a varint takes at most
    // five, and `reserve` is asked first. Whoever copies the struct forgets the older copy.
    mutating func append(_ series: UInt32) {
        // One alone needs no bytes.
        if count == 1 { put(last, after: 0) }
        if count >= 1 { put(series, after: last) }
        last = series
        count += 1
    }

    private mutating func put(_ series: UInt32, after before: UInt32) {
        reserve(5)
        guard let bytes = unsafe bytes else { return }
        let difference = Int64(series) - Int64(before)
        var rest = ColumnForm.zigzag(difference)
        while rest >= 0x80 {
            unsafe bytes[Int(used)] = UInt8(truncatingIfNeeded: rest) | 0x80
            used += 1
            rest >>= 7
        }
        unsafe bytes[Int(used)] = UInt8(rest)
        used += 1
    }

    private mutating func reserve(_ more: UInt32) {
        guard used + more > capacity else { return }
        capacity = max(used + more, capacity + capacity / 4, 24)
        guard let grown = unsafe realloc(bytes, Int(capacity)) else {
            preconditionFailure("out of memory")
        }
        unsafe bytes = grown.assumingMemoryBound(to: UInt8.self)
    }

    /// Calls `body` with each, in the order of arrival.
    @inline(__always)
    func forEach(_ body: (UInt32) -> Void) {
        guard count > 1, let bytes = unsafe bytes else {
            if count == 1 { body(last) }
            return
        }
        var at = 0
        var series: Int64 = 0
        while at < Int(used) {
            var rest: UInt64 = 0
            var shift: UInt64 = 0
            while true {
                let byte = unsafe bytes[at]
                at += 1
                rest |= UInt64(byte & 0x7f) &<< shift
                if byte < 0x80 { break }
                shift += 7
            }
            series += ColumnForm.unzigzag(rest)
            body(UInt32(truncatingIfNeeded: series))
        }
    }

    /// The same without those for which `isGone` holds.
    func filtered(_ isGone: (UInt32) -> Bool) -> Postings {
        var kept = Postings()
        forEach { if !isGone($0) { kept.append($0) } }
        return kept
    }

    /// Gives the memory back; nobody may use it after that.
    func remove() { unsafe free(bytes) }
}

import Glibc

// Swift compares strings by what they mean: "é" equals "e" followed by an accent. Prometheus
// compares bytes. Names and values of labels are therefore never compared with `==` or `<`.
extension String {
    /// Whether both are the same bytes.
    @inline(__always)
    public func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && byteOrder(before: other) == 0
    }

    /// Whether the bytes sort before those of `other`.
    @inline(__always)
    public func isBytewiseLess(than other: String) -> Bool { byteOrder(before: other) < 0 }

    /// Negative, zero or positive, as `memcmp` orders the two.
    public func byteOrder(before other: String) -> Int {
        let shared = min(utf8.count, other.utf8.count)
        // Native strings, which all of ours are, always lend their storage.
        let order = unsafe utf8.withContiguousStorageIfAvailable { left in
            unsafe other.utf8.withContiguousStorageIfAvailable { right -> Int in
                guard shared > 0, let l = left.baseAddress, let r = right.baseAddress else {
                    return 0
                }
                return unsafe Int(memcmp(l, r, shared))
            }
        }
        guard let order, let order else { return slowOrder(before: other) }
        return order != 0 ? order : utf8.count - other.utf8.count
    }

    private func slowOrder(before other: String) -> Int {
        for (left, right) in zip(utf8, other.utf8) where left != right {
            return Int(left) - Int(right)
        }
        return utf8.count - other.utf8.count
    }
}

extension [String] {
    /// The texts in the order of their bytes, each once; the first `limit` of them where it is given.
    public func sortedBytewise(limit: Int? = nil) -> [String] {
        var result: [String] = []
        result.reserveCapacity(Swift.min(count, limit ?? count))
        for text in sorted(by: { $0.isBytewiseLess(than: $1) }) {
            if let limit, result.count >= limit { break }
            if result.last.map({ $0.hasSameBytes(as: text) }) != true { result.append(text) }
        }
        return result
    }
}

/// FNV-1a in 64 bits: the same on every machine and in every run, unlike Swift's own hashing.
public struct StableHash {
    /// What has been hashed so far.
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// A hash of nothing.
    public init() {}

    /// Adds one byte.
    @inline(__always)
    public mutating func combine(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    /// Adds the bytes of `text`, and a separator, so that "ab","c" differs from "a","bc".
    public mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte) }
        combine(0xff)
    }
}

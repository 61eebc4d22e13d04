/// A set of bytes, in four words.
struct ByteSet: Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// No byte.
    init() {}

    /// One byte.
    init(_ byte: UInt8) { insert(byte) }

    /// The bytes of a range.
    init(_ range: ClosedRange<UInt8>) { for byte in range { insert(byte) } }

    /// Every byte.
    static let all = ByteSet(0...0xff)
    /// The bytes of characters that take more than one.
    static let wide = ByteSet(0x80...0xff)
    static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
    static let spaces = [9, 10, 12, 13, 32].reduce(into: ByteSet()) { $0.insert($1) }
    static let word = digits.union(ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z")))
        .union(ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"))).union(ByteSet(UInt8(ascii: "_")))

    /// Whether `byte` is one of them.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 != 0
    }

    mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    mutating func formUnion(_ other: ByteSet) {
        words.0 |= other.words.0
        words.1 |= other.words.1
        words.2 |= other.words.2
        words.3 |= other.words.3
    }

    func union(_ other: ByteSet) -> ByteSet {
        var result = self
        result.formUnion(other)
        return result
    }

    /// All bytes that are not in it.
    var inverted: ByteSet {
        var result = ByteSet()
        result.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return result
    }

    func isDisjoint(with other: ByteSet) -> Bool {
        words.0 & other.words.0 | words.1 & other.words.1 | words.2 & other.words.2
            | words.3 & other.words.3 == 0
    }

    static func == (left: ByteSet, right: ByteSet) -> Bool { left.words == right.words }
}

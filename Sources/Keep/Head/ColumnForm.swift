/// How a column of a block is written: what its first byte says, and what follows.
///
/// The first byte holds the form, whether runs follow, and how many bytes the base takes; a column
/// without a byte says nothing at all. Integers are zigzag, low byte first, as short as they go.
///
///     constant   base
///     direct     scale, width, base | value - base at each tick, `width` bits
///     delta      scale and bytes of the slope, width, base, slope | value - value before - slope
///     xor        trailing zeros, width, base | bits xor bits before, without the zeros
///
/// Runs come before the bits: a count, then start, length and what stands there instead of a value
/// of the form, so that a gap or a marker does not spoil it.
enum ColumnForm {
    /// The most ticks of a block: every offset inside a column fits a byte.
    static let longest = 120
    /// More bytes than a column may take.
    static let roomForOne = 3 + 16 + 1 + mostRuns * 11 + longest * 8 + 16
    /// Unused bytes behind the last column, since bits are read eight bytes at a time.
    static let padding = 8
    /// Runs past this many are cheaper as bits.
    static let mostRuns = 12

    static let constant: UInt8 = 1
    static let direct: UInt8 = 2
    static let delta: UInt8 = 3
    static let xor: UInt8 = 4
    static let formMask: UInt8 = 0x07
    static let hasRuns: UInt8 = 0x08

    /// What stands in a run.
    enum Filling {
        static let absent: UInt8 = 0
        static let stale: UInt8 = 1
        static let nan: UInt8 = 2
        static let literal: UInt8 = 3
    }

    /// Ten to the power of the index, as far as integers of a double can be scaled.
    static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    /// Whether these are the bits of a NaN or an infinity.
    @inline(__always)
    static func isSpecial(_ bits: UInt64) -> Bool { bits & 0x7ff0 << 48 == 0x7ff0 << 48 }

    /// Small numbers of either sign as small numbers.
    @inline(__always)
    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value &<< 1) ^ UInt64(bitPattern: value &>> 63)
    }

    @inline(__always)
    static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// How many bytes `value` needs.
    @inline(__always)
    static func bytes(of value: UInt64) -> Int { (71 - value.leadingZeroBitCount) / 8 }

    /// How many bits `value` needs; what cannot be read in one step becomes 64.
    @inline(__always)
    static func width(of value: UInt64) -> Int {
        let width = 64 - value.leadingZeroBitCount
        return width > 57 ? 64 : width
    }
}

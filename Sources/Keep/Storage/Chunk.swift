import Head

/// What one series said in one window, in the cheapest form that gives back every value bit for bit.
///
/// Without `bytes` and `exact` it is the line `base + slope · i` at tick i, counted from 0. With
/// `bytes` a whole number is added at each tick, and the sum divided (`ChunkScale`). Their head is
/// two bytes, width and scale, where every tick of the window has a plain number, and six bytes
/// otherwise: the first and last tick that it reaches follow, counted from 1, and a residual of all
/// ones stands for nothing, one less for a stale marker. `exact` are the values as they are.
struct Chunk: Equatable, Sendable {
    /// Where the line begins.
    var base = 0.0
    /// By how much it rises each tick.
    var slope = 0.0
    /// Head and residuals.
    var bytes: [UInt8]?
    /// The values themselves, `Absent` for nothing.
    var exact: [Double]?

    /// The most ticks of a window, so that even `exact` stays inside a page.
    static let maximumTicks = 960

    /// The bits of the first byte beside the residuals' width.
    enum Flag {
        /// The head has six bytes.
        static let framed: UInt8 = 16
        /// The tick behind the last one has a stale marker.
        static let ends: UInt8 = 32
    }

    static let shortHead = 2
    static let longHead = 6

    static func == (left: Chunk, right: Chunk) -> Bool {
        left.base.bitPattern == right.base.bitPattern
            && left.slope.bitPattern == right.slope.bitPattern && left.bytes == right.bytes
            && left.exact?.map(\.bitPattern) == right.exact?.map(\.bitPattern)
    }
}

/// What the whole numbers of a chunk are divided by, as one byte.
enum ChunkScale {
    static let one: UInt8 = 0
    /// The largest power of ten that a Double holds exactly.
    static let largestDecimal = 22
    /// From here on the numbers are doubled so often.
    static let doubled: UInt8 = 64
    /// From here on they are halved so often.
    static let halved: UInt8 = 128
    static let mostHalvings = 127

    static let tens: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// The divisor that `scale` stands for; a number that no chunk has stands for one.
    static func divisor(_ scale: UInt8) -> Double {
        if scale < doubled { return Int(scale) < tens.count ? tens[Int(scale)] : 1 }
        return scale < halved ? power(-Int(scale - doubled)) : power(Int(scale - halved))
    }

    /// Two to the power of `exponent`, exactly.
    static func power(_ exponent: Int) -> Double {
        Double(sign: .plus, exponent: exponent, significand: 1)
    }
}

import Head
import Model

/// Values as whole numbers over one divisor, where there is one that gives back their bits.
///
/// Exposition text is decimal, so a value times a power of ten is whole, and that whole number
/// divided by the power is correctly rounded. Other values are whole numbers over powers of two.
struct WholeNumbers: ~Copyable {
    /// A line through the numbers from below.
    struct Line {
        var base: Int64 = 0
        var slope: Int64 = 0
        /// The largest distance of a number above the line.
        var reach: UInt64 = 0
    }

    /// The numbers by tick from the first on; `Mark` where there is none.
    private var whole: [Int64] = []
    private var first = 0
    /// Which divisor.
    private(set) var scale = ChunkScale.one
    /// Whether a tick has no number.
    private(set) var hasGaps = false

    private enum Mark {
        static let absent = Int64.min
        static let stale = Int64.min + 1
    }

    // From here on a Double leaves out whole numbers.
    private static let limit = 0x1p53

    /// Reads the values from `first` to `last`; `false` where no divisor makes them whole.
    mutating func read(_ values: Span<Double>, _ first: Int, _ last: Int) -> Bool {
        self.first = first
        whole.removeAll(keepingCapacity: true)
        hasGaps = false
        return readDecimal(values, last) || readBinary(values, last)
    }

    // MARK: Divisors

    private mutating func readDecimal(_ values: Span<Double>, _ last: Int) -> Bool {
        var tens = 0
        for index in first...last {
            let value = values[index]
            if value.isAbsent || value.isStaleMarker { continue }
            while true {
                let product = (value * ChunkScale.tens[tens]).rounded(.toNearestOrAwayFromZero)
                guard product.magnitude < Self.limit, value.bitPattern != (-0.0).bitPattern else {
                    return false
                }
                if product / ChunkScale.tens[tens] == value { break }
                tens += 1
                if tens > ChunkScale.largestDecimal { return false }
            }
        }
        let power = ChunkScale.tens[tens]
        guard take(values, last, times: power, over: power) else { return false }
        scale = UInt8(tens)
        if tens == 0 { halve() }
        return true
    }

    private mutating func readBinary(_ values: Span<Double>, _ last: Int) -> Bool {
        var halvings = 0
        for index in first...last {
            let value = values[index]
            if value.isAbsent || value.isStaleMarker || value == 0 { continue }
            guard value.isNormal else { return false }
            let zeros = min(52, value.significandBitPattern.trailingZeroBitCount)
            halvings = max(halvings, 52 - zeros - Int(value.exponent))
        }
        guard halvings <= ChunkScale.mostHalvings else { return false }
        let power = ChunkScale.power(halvings)
        guard take(values, last, times: power, over: power) else { return false }
        scale = ChunkScale.halved + UInt8(halvings)
        return true
    }

    private mutating func take(
        _ values: Span<Double>, _ last: Int, times factor: Double, over divisor: Double
    ) -> Bool {
        whole.removeAll(keepingCapacity: true)
        for index in first...last {
            let value = values[index]
            if value.isAbsent || value.isStaleMarker {
                whole.append(value.isAbsent ? Mark.absent : Mark.stale)
                hasGaps = true
                continue
            }
            let product = (value * factor).rounded(.toNearestOrAwayFromZero)
            guard product.magnitude < Self.limit, product / divisor == value else { return false }
            whole.append(Int64(product))
        }
        return true
    }

    /// Takes out the powers of two that all numbers share: sizes in memory are whole pages.
    private mutating func halve() {
        var all: Int64 = 0
        for number in whole where number > Mark.stale { all |= number }
        let zeros = all == 0 ? 0 : all.trailingZeroBitCount
        guard zeros > 0 else { return }
        for index in whole.indices where whole[index] > Mark.stale { whole[index] >>= zeros }
        scale = ChunkScale.doubled + UInt8(zeros)
    }

    // MARK: Lines

    /// The line with the smallest reach among those worth a try.
    func line() -> Line {
        var low = Int64.max
        var high = Int64.min
        var (start, end) = (-1, -1)
        var (minimum, maximum) = (Int64.max, Int64.min)
        var previous = Mark.absent
        for index in whole.indices {
            let number = whole[index]
            if number > Mark.stale {
                if start < 0 { start = index }
                end = index
                low = min(low, number)
                high = max(high, number)
                if previous > Mark.stale {
                    minimum = min(minimum, number &- previous)
                    maximum = max(maximum, number &- previous)
                }
            }
            previous = number
        }
        guard start >= 0 else { return Line() }
        var best = Line(base: low, slope: 0, reach: UInt64(high - low))
        guard best.reach > 0, end > start else { return best }
        let distance = Int64(end - start)
        let rise = whole[end] - whole[start]
        var slopes = [
            rise / distance, (2 * rise + (rise < 0 ? -distance : distance)) / 2 / distance,
        ]
        // Most steps of a counter that jumped once are like its smallest or its largest.
        if minimum <= maximum { slopes += [minimum, maximum] }
        for slope in slopes where slope != 0 {
            if let line = line(of: slope), line.reach < best.reach { best = line }
        }
        return best
    }

    private func line(of slope: Int64) -> Line? {
        let room = Int64(1) << 52
        let (end, overflow) = slope.multipliedReportingOverflow(by: Int64(first + whole.count))
        guard !overflow, end.magnitude < room else { return nil }
        var low = Int64.max
        var high = Int64.min
        for index in whole.indices where whole[index] > Mark.stale {
            let above = whole[index] &- slope &* Int64(first + index)
            low = min(low, above)
            high = max(high, above)
        }
        guard low.magnitude < room, high.magnitude < room else { return nil }
        return Line(base: low, slope: slope, reach: UInt64(high - low))
    }

    /// Appends how far each number is above `line`, `width` bytes each, the highest first.
    func appendResiduals(over line: Line, width: Int, to bytes: inout [UInt8]) {
        guard width > 0 else { return }
        bytes.reserveCapacity(bytes.count + whole.count * width)
        let ones = width == 8 ? UInt64.max : (1 << UInt64(8 * width)) - 1
        for index in whole.indices {
            let number = whole[index]
            let residual: UInt64
            switch number {
            case Mark.absent: residual = ones
            case Mark.stale: residual = ones - 1
            default: residual = UInt64(number - line.base - line.slope * Int64(first + index))
            }
            for byte in (0..<width).reversed() {
                bytes.append(UInt8(truncatingIfNeeded: residual >> UInt64(8 * byte)))
            }
        }
    }
}

/// The shortest decimal that reads back as the same double, and of these the nearest.
///
/// The method is Raffaello Giulietti's "Schubfach": of the decimals with as many digits as the gap
/// between neighbours asks for, at most four lie near the value, and of those with one digit less at
/// most two. Three products with a power of ten tell which of them read back.
struct ShortestDecimal {
    /// The digits; those with one digit less than needed end in a zero.
    let mantissa: UInt64
    /// The power of ten that they are multiplied by.
    let exponent: Int

    /// The digits of a finite value above zero.
    init(_ value: Double) {
        let bits = value.bitPattern
        let fraction = bits & (Self.hidden - 1)
        let power = Int(bits >> 52)
        if power == 0 {
            self.init(fraction, times2To: -1074)
        } else {
            self.init(fraction | Self.hidden, times2To: power - 1075)
        }
    }

    private static let hidden: UInt64 = 1 << 52

    private init(_ c: UInt64, times2To q: Int) {
        let odd = c & 1
        // Below a power of two the neighbour is only half as far away.
        let isEven = c != Self.hidden || q == -1074
        let k = (q * 661_971_961_083 - (isEven ? 0 : 274_743_187_321)) >> 41
        let shift = UInt64(truncatingIfNeeded: q + ((-k * 913_124_641_741) >> 38) + 2)
        let power = PowerOfTen.table[k + 324]
        let middle = power.times((c << 2) << shift)
        let low = power.times((c << 2 - (isEven ? 2 : 1)) << shift)
        let high = power.times((c << 2 + 2) << shift)
        let s = middle >> 2
        exponent = k
        if s >= 10 {
            let short = s / 10 * 10
            let isShortIn = low + odd <= short << 2
            let isNextIn = (short + 10) << 2 + odd <= high
            if isShortIn != isNextIn {
                mantissa = isShortIn ? short : short + 10
                return
            }
        }
        let isIn = low + odd <= s << 2
        let isNextIn = (s + 1) << 2 + odd <= high
        if isIn != isNextIn {
            mantissa = isIn ? s : s + 1
            return
        }
        let half = (s << 1 + 1) << 1
        mantissa = middle < half || middle == half && s & 1 == 0 ? s : s + 1
    }
}

/// A power of ten as 126 bits, the rest of it rounded up.
private struct PowerOfTen {
    /// The upper and the lower 63 bits.
    let upper: UInt64
    let lower: UInt64

    /// `factor` times it, without the lower bits; the last bit says whether any was set.
    @inline(__always)
    func times(_ factor: UInt64) -> UInt64 {
        let below = lower.multipliedFullWidth(by: factor).high
        let product = upper.multipliedFullWidth(by: factor)
        let rest = product.low >> 1 + below
        let whole = product.high + rest >> 63
        let mask: UInt64 = .max >> 1
        return whole | (rest & mask + mask) >> 63
    }

    /// Ten to the power of 324 and down to -292, which is what doubles need.
    static let table: [PowerOfTen] = {
        var down: [PowerOfTen] = []
        // So many bits that 126 are left after 292 divisions.
        var number = [UInt64](repeating: 0, count: 20) + [1]
        for _ in 0..<292 {
            var rest: UInt64 = 0
            for place in number.indices.reversed() {
                (number[place], rest) = UInt64(10).dividingFullWidth((rest, number[place]))
            }
            down.append(PowerOfTen(number))
        }
        var up: [PowerOfTen] = []
        number = [1]
        for _ in 0...324 {
            up.append(PowerOfTen(number))
            var carry: UInt64 = 0
            for place in number.indices {
                let (high, low) = number[place].multipliedFullWidth(by: 10)
                let (sum, isOver) = low.addingReportingOverflow(carry)
                number[place] = sum
                carry = high + (isOver ? 1 : 0)
            }
            if carry > 0 { number.append(carry) }
        }
        return up.reversed() + down
    }()

    /// The first 126 bits of a number, the lowest of its parts first.
    private init(_ number: [UInt64]) {
        var parts = [0, 0] + number
        while parts.last == 0 { parts.removeLast() }
        let top = parts.count - 1
        let shift = UInt64(parts[top].leadingZeroBitCount)
        // A shift by 64 yields zero.
        let first = parts[top] << shift | parts[top - 1] >> (64 - shift)
        let second = parts[top - 1] << shift | parts[top - 2] >> (64 - shift)
        let bits = (UInt128(first) << 64 | UInt128(second)) >> 2 + 1
        upper = UInt64(bits >> 63)
        lower = UInt64(truncatingIfNeeded: bits) & (.max >> 1)
    }
}

/// The leading 128 bits of the powers of five from 5^-342 to 5^308, which Eisel and Lemire's
/// algorithm multiplies with. Reckoned once, exactly, in place of a table of 1,302 numbers.
enum PowersOfFive {
    static let smallest = -342
    static let largest = 308

    /// High and low half of each power, the smallest first.
    static let table: [(high: UInt64, low: UInt64)] = {
        var table: [(high: UInt64, low: UInt64)] = []
        table.reserveCapacity(largest - smallest + 1)
        // Negative powers are reciprocals, rounded up, so that products never fall short.
        for exponent in smallest..<0 { table.append(reciprocal(of: power(-exponent))) }
        for exponent in 0...largest { table.append(leading(power(exponent))) }
        return table
    }()

    /// 5^exponent as 32-bit digits, the lowest first.
    private static func power(_ exponent: Int) -> [UInt32] {
        var digits: [UInt32] = [1]
        for _ in 0..<exponent {
            var carry: UInt64 = 0
            for index in digits.indices {
                let product = UInt64(digits[index]) * 5 + carry
                digits[index] = UInt32(truncatingIfNeeded: product)
                carry = product >> 32
            }
            if carry > 0 { digits.append(UInt32(carry)) }
        }
        return digits
    }

    /// The 128 bits from the highest one on, cut off below.
    private static func leading(_ digits: [UInt32]) -> (UInt64, UInt64) {
        let bits = bitWidth(digits)
        var words: (UInt64, UInt64) = (0, 0)
        for step in 0..<128 {
            let place = bits - 1 - step
            let bit = place >= 0 ? UInt64(digits[place / 32] >> UInt32(place % 32)) & 1 : 0
            if step < 64 { words.0 = words.0 << 1 | bit } else { words.1 = words.1 << 1 | bit }
        }
        return words
    }

    /// The first 128 bits of 1 / `digits`, rounded up: long division, bit by bit.
    private static func reciprocal(of digits: [UInt32]) -> (UInt64, UInt64) {
        // Begins with 2^(bits - 1), the largest power of two that is not above the divisor.
        let bits = bitWidth(digits)
        var rest = [UInt32](repeating: 0, count: digits.count + 1)
        rest[(bits - 1) / 32] = 1 << UInt32((bits - 1) % 32)
        let divisor = digits + [0]
        var words: (UInt64, UInt64) = (0, 0)
        for step in 0..<128 {
            double(&rest)
            var bit: UInt64 = 0
            if !isLess(rest, divisor) {
                subtract(divisor, from: &rest)
                bit = 1
            }
            if step < 64 { words.0 = words.0 << 1 | bit } else { words.1 = words.1 << 1 | bit }
        }
        words.1 &+= 1
        if words.1 == 0 { words.0 &+= 1 }
        return words
    }

    private static func bitWidth(_ digits: [UInt32]) -> Int {
        digits.count * 32 - (digits.last?.leadingZeroBitCount ?? 0)
    }

    private static func double(_ digits: inout [UInt32]) {
        var carry: UInt32 = 0
        for index in digits.indices {
            let next = digits[index] >> 31
            digits[index] = digits[index] << 1 | carry
            carry = next
        }
    }

    private static func isLess(_ left: [UInt32], _ right: [UInt32]) -> Bool {
        for index in left.indices.reversed() where left[index] != right[index] {
            return left[index] < right[index]
        }
        return false
    }

    private static func subtract(_ right: [UInt32], from left: inout [UInt32]) {
        var borrow: Int64 = 0
        for index in left.indices {
            let difference = Int64(left[index]) - Int64(right[index]) - borrow
            left[index] = UInt32(truncatingIfNeeded: difference)
            borrow = difference < 0 ? 1 : 0
        }
    }
}

/// The leading 128 bits of the powers of five from 5^-342 to 5^308.
///
/// Eisel and Lemire's algorithm multiplies with them. Reckoned once, exactly, in place of a table of
/// 1,302 numbers.
enum PowersOfFive {
    static let smallest = -342
    static let largest = 308

    /// High and low half of each power, the smallest first.
    static let table: [(high: UInt64, low: UInt64)] = {
        // 2^1087 / 5^n, cut off, is the cut-off fifth of 2^1087 / 5^(n-1): dividing on is exact.
        var quotient = [UInt64](repeating: 0, count: 17)
        quotient[16] = 1 << 63
        var falling: [(high: UInt64, low: UInt64)] = []
        for _ in 0..<(-smallest) {
            divideByFive(&quotient)
            var (high, low) = leading(quotient)
            // Rounded up, so that products never fall short.
            low &+= 1
            if low == 0 { high &+= 1 }
            falling.append((high, low))
        }
        var power: [UInt64] = [1]
        var table = Array(falling.reversed())
        for _ in 0...largest {
            table.append(leading(power))
            multiplyByFive(&power)
        }
        return table
    }()

    private static func divideByFive(_ words: inout [UInt64]) {
        var rest: UInt64 = 0
        for index in words.indices.reversed() {
            let (quotient, remainder) = UInt64(5).dividingFullWidth((rest, words[index]))
            words[index] = quotient
            rest = remainder
        }
    }

    private static func multiplyByFive(_ words: inout [UInt64]) {
        var carry: UInt64 = 0
        for index in words.indices {
            let (high, low) = words[index].multipliedFullWidth(by: 5)
            let (sum, isOver) = low.addingReportingOverflow(carry)
            words[index] = sum
            carry = high + (isOver ? 1 : 0)
        }
        if carry > 0 { words.append(carry) }
    }

    /// The 128 bits from the highest one on, cut off below.
    private static func leading(_ words: [UInt64]) -> (high: UInt64, low: UInt64) {
        guard let top = words.lastIndex(where: { $0 != 0 }) else { return (0, 0) }
        func word(_ index: Int) -> UInt64 { index < 0 ? 0 : words[index] }
        let shift = UInt64(words[top].leadingZeroBitCount)
        guard shift > 0 else { return (word(top), word(top - 1)) }
        return (
            word(top) << shift | word(top - 1) >> (64 - shift),
            word(top - 1) << shift | word(top - 2) >> (64 - shift)
        )
    }
}

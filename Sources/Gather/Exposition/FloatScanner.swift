import Glibc

/// Decimal text to the nearest double, exactly.
///
/// Up to 19 digits are decided by Clinger's and by Eisel and Lemire's algorithms; what these leave
/// open goes to `strtod`.
enum FloatScanner {
    /// The value of all of `text`, or `nil` where Go's `ParseFloat`, as Prometheus calls it, would
    /// refuse it: hex floats, underscores, and numbers too large for a double.
    static func value(of text: Span<UInt8>) -> Double? {
        var digits = Decimal()
        guard digits.scan(text) else { return special(text) }
        if digits.count <= 19 {
            if let value = digits.exact() { return value }
            if let value = eiselLemire(digits.mantissa, digits.exponent) {
                return value.isInfinite ? nil : digits.isNegative ? -value : value
            }
        }
        return slow(text)
    }

    /// A number's parts.
    private struct Decimal {
        var mantissa: UInt64 = 0
        var exponent = 0
        /// Digits; where they are more than 19, only those after leading zeros.
        var count = 0
        var isNegative = false

        /// Whether all of `text` is a decimal number.
        @inline(__always)
        mutating func scan(_ text: Span<UInt8>) -> Bool {
            let end = text.count
            guard end > 0 else { return false }
            var at = 0
            if text[0] == UInt8(ascii: "-") {
                isNegative = true
                at = 1
            } else if text[0] == UInt8(ascii: "+") {
                at = 1
            }
            let whole = scanDigits(text, &at)
            var fraction = 0
            if at < end, text[at] == UInt8(ascii: ".") {
                at += 1
                fraction = scanDigits(text, &at)
                exponent = -fraction
            }
            count = whole &+ fraction
            guard count > 0 else { return false }
            if count > 19 { countWithoutZeros(text) }
            if at < end, text[at] | 0x20 == UInt8(ascii: "e") {
                at += 1
                guard scanExponent(text, &at) else { return false }
            }
            return at == end
        }

        @inline(__always)
        private mutating func scanDigits(_ text: Span<UInt8>, _ at: inout Int) -> Int {
            let first = at
            while at < text.count {
                let digit = text[at] &- UInt8(ascii: "0")
                guard digit < 10 else { break }
                mantissa = mantissa &* 10 &+ UInt64(digit)
                at &+= 1
            }
            return at &- first
        }

        /// Zeros before the first other digit do not fill the mantissa.
        @inline(never)
        private mutating func countWithoutZeros(_ text: Span<UInt8>) {
            for index in text.indices {
                switch text[index] {
                case UInt8(ascii: "0"): count -= 1
                case UInt8(ascii: "1")...UInt8(ascii: "9"): return
                default: break
                }
            }
        }

        private mutating func scanExponent(_ text: Span<UInt8>, _ at: inout Int) -> Bool {
            guard at < text.count else { return false }
            let isDown = text[at] == UInt8(ascii: "-")
            if isDown || text[at] == UInt8(ascii: "+") { at += 1 }
            let first = at
            var value = 0
            while at < text.count {
                let digit = text[at] &- UInt8(ascii: "0")
                guard digit < 10 else { break }
                if value < 100_000 { value = value * 10 + Int(digit) }
                at += 1
            }
            exponent += isDown ? -value : value
            return at > first
        }

        /// Clinger's fast path: both factors are doubles without an error, so one rounding is made.
        @inline(__always)
        func exact() -> Double? {
            guard mantissa <= 1 << 53, -22...22 ~= exponent else { return nil }
            var value = Double(mantissa)
            if exponent < 0 {
                value /= FloatScanner.powersOfTen[-exponent]
            } else if exponent > 0 {
                value *= FloatScanner.powersOfTen[exponent]
            }
            return isNegative ? -value : value
        }
    }

    /// The powers of ten that are doubles exactly.
    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// `mantissa · 10^exponent` rounded to the nearest double; `nil` where 128 bits do not decide.
    private static func eiselLemire(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        if mantissa == 0 || exponent < PowersOfFive.smallest { return 0 }
        if exponent > PowersOfFive.largest { return .infinity }
        let zeros = mantissa.leadingZeroBitCount
        let normal = mantissa << UInt64(zeros)
        let power = PowersOfFive.table[exponent - PowersOfFive.smallest]
        var (high, low) = normal.multipliedFullWidth(by: power.high)
        if high & 0x1ff == 0x1ff {
            let second = normal.multipliedFullWidth(by: power.low)
            low = low &+ second.high
            if second.high > low { high &+= 1 }
            // The cut-off part could still tip the rounding.
            if low == .max && !(-27...55 ~= exponent) { return nil }
        }
        let upper = Int(high >> 63)
        var bits = high >> UInt64(upper + 9)
        // 217706 / 2^16 is the binary logarithm of ten.
        var binary = (217_706 &* exponent) >> 16 + 63 + upper - zeros + 1023
        if binary <= 0 {
            if 1 - binary >= 64 { return 0 }
            bits >>= UInt64(1 - binary)
            bits = (bits + (bits & 1)) >> 1
            return Double(bitPattern: bits)
        }
        // Exactly half way between two doubles: to the even one.
        if low <= 1, -4...23 ~= exponent, bits & 3 == 1, bits << UInt64(upper + 9) == high {
            bits &= ~1
        }
        bits = (bits + (bits & 1)) >> 1
        if bits >= 2 << 52 {
            bits = 1 << 52
            binary += 1
        }
        if binary >= 0x7ff { return .infinity }
        return Double(bitPattern: bits & ~(1 << 52) | UInt64(binary) << 52)
    }

    /// What the fast paths leave open: many digits, and numbers that lie between two doubles.
    @inline(never)
    private static func slow(_ text: Span<UInt8>) -> Double? {
        // Safe: the copy ends with a zero byte, and lives until `strtod` is back.
        let value = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) {
            buffer in
            for index in text.indices { unsafe buffer[index] = CChar(bitPattern: text[index]) }
            unsafe buffer[text.count] = 0
            return unsafe buffer.baseAddress.map { unsafe strtod($0, nil) }
        }
        guard let value, value.isFinite else { return nil }
        return value
    }

    /// `NaN`, `Inf` and `Infinity` in any case; only the infinities may have a sign.
    @inline(never)
    private static func special(_ text: Span<UInt8>) -> Double? {
        guard text.count > 0 else { return nil }
        let isNegative = text[0] == UInt8(ascii: "-")
        let first = isNegative || text[0] == UInt8(ascii: "+") ? 1 : 0
        func reads(_ word: StaticString, from start: Int) -> Bool {
            guard text.count - start == word.utf8CodeUnitCount else { return false }
            for index in start..<text.count {
                // Safe: `index - start` is below the word's length.
                guard unsafe text[index] | 0x20 == word.utf8Start[index - start] else {
                    return false
                }
            }
            return true
        }
        // Safe: every NaN of a text becomes the one ordinary NaN, never a stale marker.
        if reads("nan", from: 0) { return Double(bitPattern: 0x7ff8_0000_0000_0001) }
        guard reads("inf", from: first) || reads("infinity", from: first) else { return nil }
        return isNegative ? -.infinity : .infinity
    }
}

/// Doubles as the shortest text that reads back as the same double, in Go's shape.
public enum FloatText {
    /// As Go prints a float by `%g`: `1e+06`, `0.25`, `NaN`, `+Inf`.
    public static func append(_ value: Double, to bytes: inout [UInt8]) {
        var text = ShortText()
        text.append(value)
        bytes.append(text)
    }

    /// As Prometheus's API writes values: without an exponent from 1e-06 up to 1e+21.
    public static func appendPlain(_ value: Double, to bytes: inout [UInt8]) {
        var text = ShortText()
        text.appendPlain(value)
        bytes.append(text)
    }

    /// Milliseconds as seconds: `12`, or with all three digits of the fraction: `12.010`.
    public static func appendSeconds(_ milliseconds: Int64, to bytes: inout [UInt8]) {
        var text = ShortText()
        if milliseconds < 0 { text.append(UInt8(ascii: "-")) }
        text.appendDigits(milliseconds.magnitude / 1000)
        let rest = milliseconds.magnitude % 1000
        if rest > 0 {
            text.append(UInt8(ascii: "."))
            for digit in [rest / 100, rest / 10 % 10, rest % 10] {
                text.append(UInt8(ascii: "0") + UInt8(digit))
            }
        }
        bytes.append(text)
    }

    /// A whole number with its sign.
    public static func appendWhole(_ value: Int64, to bytes: inout [UInt8]) {
        var text = ShortText()
        text.appendWhole(value)
        bytes.append(text)
    }

    /// As OpenMetrics asks of `le` and `quantile`: whole numbers get `.0`.
    static func openMetrics(_ value: Double) -> String {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        let isPlain = bytes.allSatisfy { $0 == UInt8(ascii: "-") || 0x30...0x39 ~= $0 }
        if isPlain { bytes.append(contentsOf: ".0".utf8) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Up to 64 bytes on the stack: a value, a time and what stands between them.
struct ShortText {
    fileprivate var bytes = InlineArray<64, UInt8>(repeating: 0)
    /// How many were written.
    private(set) var count = 0

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    mutating func append(_ word: String) {
        for byte in word.utf8 { append(byte) }
    }

    /// A value as Go prints it by `%g`.
    @inline(__always)
    mutating func append(_ value: Double) {
        let magnitude = value.magnitude
        if magnitude < 1_000_000 {
            let whole = UInt64(magnitude)
            if Double(whole) == magnitude {
                if value.sign == .minus { append(UInt8(ascii: "-")) }
                return appendDigits(whole)
            }
        }
        appendFraction(value)
    }

    /// A value without an exponent, unless it is below 1e-06 or from 1e+21 on.
    @inline(__always)
    mutating func appendPlain(_ value: Double) {
        let magnitude = value.magnitude
        if magnitude < 9_007_199_254_740_992 {
            let whole = UInt64(magnitude)
            if Double(whole) == magnitude {
                if value.sign == .minus { append(UInt8(ascii: "-")) }
                return appendDigits(whole)
            }
        }
        appendFraction(value, plain: -6..<21)
    }

    private mutating func appendFraction(_ value: Double, plain: Range<Int> = -4..<6) {
        guard value.isFinite else {
            return append(value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf")
        }
        if value < 0 { append(UInt8(ascii: "-")) }
        append(Decimal(value.magnitude), plain: plain)
    }

    /// A number, its digits in pairs from the last one on.
    @inline(__always)
    mutating func appendDigits(_ value: UInt64) {
        guard value >= 10 else {
            return append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
        }
        let end = count + Self.digits(in: value)
        count = end
        place(value, before: end)
    }

    /// Milliseconds as seconds, without an error.
    mutating func appendSeconds(_ milliseconds: Int64) {
        if milliseconds < 0 { append(UInt8(ascii: "-")) }
        appendDigits(milliseconds.magnitude / 1000)
        var rest = milliseconds.magnitude % 1000
        guard rest > 0 else { return }
        append(UInt8(ascii: "."))
        while rest > 0 {
            append(UInt8(ascii: "0") + UInt8(rest / 100))
            rest = rest % 100 * 10
        }
    }

    /// A whole number with its sign.
    mutating func appendWhole(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        appendDigits(value.magnitude)
    }

    @inline(__always)
    private mutating func place(_ value: UInt64, before end: Int) {
        var rest = value
        var at = end
        while rest >= 10 {
            let next = rest / 10
            at -= 1
            bytes[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest - next * 10)
            rest = next
        }
        bytes[at - 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest)
    }

    @inline(__always)
    private static func digits(in value: UInt64) -> Int {
        var count = 1
        var bound: UInt64 = 10
        while count < 20, value >= bound {
            count += 1
            bound = bound &* 10
        }
        return value >= 10_000_000_000_000_000_000 ? 20 : count
    }

    /// Plainly where the power of ten is within `plain`, else with an exponent.
    private mutating func append(_ decimal: Decimal, plain: Range<Int>) {
        let digits = Self.digits(in: decimal.mantissa)
        // The place of the point, counted from the first digit.
        let point = digits + decimal.exponent
        guard plain ~= point - 1 else { return appendScientific(decimal, digits, point) }
        if point <= 0 {
            append(UInt8(ascii: "0"))
            append(UInt8(ascii: "."))
            for _ in point..<0 { append(UInt8(ascii: "0")) }
            return appendDigits(decimal.mantissa)
        }
        let start = count
        appendDigits(decimal.mantissa)
        if point < digits { openPoint(at: start + point) }
        for _ in digits..<max(point, digits) { append(UInt8(ascii: "0")) }
    }

    private mutating func appendScientific(_ decimal: Decimal, _ digits: Int, _ point: Int) {
        let start = count
        appendDigits(decimal.mantissa)
        if digits > 1 { openPoint(at: start + 1) }
        let exponent = point - 1
        append(UInt8(ascii: "e"))
        append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        if exponent.magnitude < 10 { append(UInt8(ascii: "0")) }
        appendDigits(UInt64(exponent.magnitude))
    }

    /// Moves the digits from `place` on by one to make room for the point.
    private mutating func openPoint(at place: Int) {
        var at = count
        while at > place {
            bytes[at] = bytes[at - 1]
            at -= 1
        }
        bytes[place] = UInt8(ascii: ".")
        count += 1
    }
}

/// `mantissa · 10^exponent`, without zeros at the mantissa's end.
private struct Decimal {
    var mantissa: UInt64 = 0
    var exponent = 0

    /// The shortest digits of a finite value above zero: the fewest, and of these the nearest.
    init(_ value: Double) {
        if !fill(fromFifteenDigits: value) {
            let shortest = ShortestDecimal(value)
            (mantissa, exponent) = (shortest.mantissa, shortest.exponent)
        }
        while mantissa % 10000 == 0, mantissa > 0 {
            mantissa /= 10000
            exponent += 4
        }
        while mantissa % 10 == 0, mantissa > 0 {
            mantissa /= 10
            exponent += 1
        }
    }

    /// Finds the digits where fifteen of them are enough, as they are for what people measure.
    ///
    /// Two decimals of at most fifteen digits never share a double, so one that reads back as the
    /// value is the only one, and without its zeros the shortest. Ten to the 22nd and whole numbers
    /// below 2^53 are exact, so that the division rounds once and tells what a reader would read.
    private mutating func fill(fromFifteenDigits value: Double) -> Bool {
        guard value >= 1e-7, value < 1e15 else { return false }
        // Digits in front of the point, or one fewer; zeros behind it count below zero.
        let places = (Int(value.exponent) * 1233) >> 12
        var scale = min(22, 14 - places)
        var scaled = (value * Self.powers[scale]).rounded()
        if scaled >= 1e15 {
            scale -= 1
            guard scale >= 0 else { return false }
            scaled = (value * Self.powers[scale]).rounded()
        }
        guard scaled < 1e15, scaled / Self.powers[scale] == value else { return false }
        mantissa = UInt64(scaled)
        exponent = -scale
        return true
    }

    private static let powers: InlineArray<23, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}

extension [UInt8] {
    /// Adds what was written.
    @inline(__always)
    mutating func append(_ text: borrowing ShortText) {
        append(text.bytes.span.extracting(first: text.count))
    }
}

/// Doubles as the shortest text that reads back as the same double, in Go's shape.
enum FloatText {
    /// As Go prints a float by `%g`: `1e+06`, `0.25`, `NaN`, `+Inf`.
    static func append(_ value: Double, to bytes: inout [UInt8]) {
        if value == value.rounded(.towardZero), value.magnitude < 1e15 {
            return appendWhole(value, to: &bytes)
        }
        guard value.isFinite else {
            let word = value.isNaN ? "NaN" : value > 0 ? "+Inf" : "-Inf"
            return bytes.append(contentsOf: word.utf8)
        }
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var digits = Digits(value.magnitude)
        digits.append(to: &bytes)
    }

    /// As OpenMetrics asks of `le` and `quantile`: whole numbers get `.0`.
    static func openMetrics(_ value: Double) -> String {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        let isPlain = bytes.allSatisfy { $0 == UInt8(ascii: "-") || 0x30...0x39 ~= $0 }
        if isPlain { bytes.append(contentsOf: ".0".utf8) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whole numbers need no search for the shortest digits.
    @inline(__always)
    private static func appendWhole(_ value: Double, to bytes: inout [UInt8]) {
        if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
        var rest = UInt64(value.magnitude)
        guard rest >= 1_000_000 else { return appendDigits(rest, to: &bytes) }
        var digits = Digits()
        var zeros = 0
        while rest % 10 == 0 {
            rest /= 10
            zeros += 1
        }
        digits.mantissa = rest
        digits.exponent = zeros
        digits.append(to: &bytes)
    }

    @inline(__always)
    fileprivate static func appendDigits(_ value: UInt64, to bytes: inout [UInt8]) {
        guard value >= 10 else { return bytes.append(UInt8(ascii: "0") + UInt8(value)) }
        // Found from the last digit on, so that no array is made.
        var packed = (UInt64(0), UInt64(0), UInt64(0))
        var count = 0
        var rest = value
        while rest > 0 {
            let digit = UInt64(UInt8(ascii: "0")) + rest % 10
            packed = (
                packed.0 << 8 | digit, packed.1 << 8 | packed.0 >> 56,
                packed.2 << 8 | packed.1 >> 56
            )
            rest /= 10
            count += 1
        }
        for _ in 0..<count {
            bytes.append(UInt8(truncatingIfNeeded: packed.0))
            packed = (packed.0 >> 8 | packed.1 << 56, packed.1 >> 8 | packed.2 << 56, packed.2 >> 8)
        }
    }
}

/// `mantissa · 10^exponent`, without zeros at the mantissa's end.
private struct Digits {
    var mantissa: UInt64 = 0
    var exponent = 0

    init() {}

    /// The shortest digits of a finite value above zero.
    ///
    /// Swift finds them, as Go does: the fewest, and of these the nearest to the value.
    init(_ value: Double) {
        var isFraction = false
        var scale = 0
        var isExponent = false
        var isDown = false
        for byte in value.description.utf8 {
            switch byte {
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"): isExponent = true
            case UInt8(ascii: "-"): isDown = true
            case UInt8(ascii: "+"): break
            case _ where isExponent: scale = scale * 10 + Int(byte - UInt8(ascii: "0"))
            default:
                mantissa = mantissa * 10 + UInt64(byte - UInt8(ascii: "0"))
                if isFraction { exponent -= 1 }
            }
        }
        exponent += isDown ? -scale : scale
        while mantissa % 10 == 0, mantissa > 0 {
            mantissa /= 10
            exponent += 1
        }
    }

    /// Writes them plainly, or with an exponent where Go would.
    mutating func append(to bytes: inout [UInt8]) {
        var digits: [UInt8] = []
        FloatText.appendDigits(mantissa, to: &digits)
        // The place of the point, counted from the first digit.
        let point = digits.count + exponent
        guard -4..<6 ~= point - 1 else { return appendScientific(digits, point, to: &bytes) }
        if point <= 0 {
            bytes.append(contentsOf: "0.".utf8)
            for _ in point..<0 { bytes.append(UInt8(ascii: "0")) }
            return bytes.append(contentsOf: digits)
        }
        for index in 0..<max(point, digits.count) {
            if index == point { bytes.append(UInt8(ascii: ".")) }
            bytes.append(index < digits.count ? digits[index] : UInt8(ascii: "0"))
        }
    }

    private func appendScientific(
        _ digits: [UInt8], _ point: Int, to bytes: inout [UInt8]
    ) {
        bytes.append(digits[0])
        if digits.count > 1 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: digits[1...])
        }
        let exponent = point - 1
        bytes.append(contentsOf: (exponent < 0 ? "e-" : "e+").utf8)
        if exponent.magnitude < 10 { bytes.append(UInt8(ascii: "0")) }
        FloatText.appendDigits(UInt64(exponent.magnitude), to: &bytes)
    }
}

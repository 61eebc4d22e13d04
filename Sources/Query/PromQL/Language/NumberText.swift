/// Numbers as Prometheus writes them, which is as Go writes them.
public enum NumberText {
    /// The shortest digits that read back as `value`, never with an exponent: what answers hold.
    public static func fixed(_ value: Double) -> String {
        guard value.isFinite else { return special(value) }
        let digits = Digits(value)
        return digits.sign + digits.fixed
    }

    /// The same with an exponent where the number is far from one: Go's `%g` and `%v`.
    public static func general(_ value: Double) -> String {
        guard value.isFinite else { return special(value) }
        let digits = Digits(value)
        let exponent = digits.point - 1
        guard exponent < -4 || exponent >= 6, value != 0 else {
            return digits.sign + digits.fixed
        }
        return digits.sign + digits.scientific(exponent)
    }

    /// Six digits behind the point: Go's `%f`.
    public static func sixPlaces(_ value: Double) -> String {
        guard value.isFinite else { return special(value) }
        let sign = value.sign == .minus ? "-" : ""
        let size = value.magnitude
        if size >= 0x1p53 { return sign + wholeDigits(size) + ".000000" }
        var whole = UInt64(size)
        var millionths = UInt64(((size - Double(whole)) * 1e6).rounded(.toNearestOrEven))
        if millionths == 1_000_000 {
            whole += 1
            millionths = 0
        }
        let digits = String(millionths)
        return "\(sign)\(whole)." + String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    /// `milliseconds` as seconds with three digits behind the point.
    static func seconds(milliseconds: Int64) -> String {
        let digits = String(milliseconds.magnitude % 1000)
        return (milliseconds < 0 ? "-" : "") + "\(milliseconds.magnitude / 1000)."
            + String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }

    private static func special(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        return value < 0 ? "-Inf" : "+Inf"
    }

    /// All digits of a whole number, however large.
    private static func wholeDigits(_ value: Double) -> String {
        var digits = String(value.significandBitPattern | 1 << 52).utf8.reversed().map {
            $0 - UInt8(ascii: "0")
        }
        for _ in 0..<(Int(value.exponent) - 52) {
            var carry: UInt8 = 0
            for index in digits.indices {
                let doubled = digits[index] * 2 + carry
                digits[index] = doubled % 10
                carry = doubled / 10
            }
            if carry > 0 { digits.append(carry) }
        }
        return String(decoding: digits.reversed().map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    }
}

/// The digits of a number, and where the point stands among them.
private struct Digits {
    var sign = ""
    var digits: [UInt8] = []
    /// How many digits stand before the point; negative where zeros follow it first.
    var point = 0

    init(_ value: Double) {
        if value.sign == .minus { sign = "-" }
        var exponent = 0
        var text = Array(value.magnitude.description.utf8)
        if let e = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(decoding: text[(e + 1)...], as: UTF8.self)) ?? 0
            text.removeSubrange(e...)
        }
        point = (text.firstIndex(of: UInt8(ascii: ".")) ?? text.count) + exponent
        digits = text.filter { $0 != UInt8(ascii: ".") }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        if digits == [UInt8(ascii: "0")] { point = 1 }
    }

    var fixed: String {
        func text(_ digits: some Sequence<UInt8>) -> String {
            String(decoding: Array(digits), as: UTF8.self)
        }
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + text(digits) }
        if point >= digits.count {
            return text(digits) + String(repeating: "0", count: point - digits.count)
        }
        return text(digits[..<point]) + "." + text(digits[point...])
    }

    func scientific(_ exponent: Int) -> String {
        var text = String(decoding: digits[..<1], as: UTF8.self)
        if digits.count > 1 { text += "." + String(decoding: digits[1...], as: UTF8.self) }
        let size = String(exponent.magnitude)
        return text + (exponent < 0 ? "e-" : "e+") + (size.utf8.count < 2 ? "0" : "") + size
    }
}

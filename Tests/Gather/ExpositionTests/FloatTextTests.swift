import Glibc
import Testing

@testable import Exposition

struct FloatTextTests {
    /// What Swift says are the digits, without zeros at their end, and their power of ten.
    private static func digits(of value: Double) -> (UInt64, Int) {
        var (mantissa, exponent, scale) = (UInt64(0), 0, 0)
        var (isFraction, isExponent, isDown) = (false, false, false)
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
        return stripped(mantissa, exponent + (isDown ? -scale : scale))
    }

    private static func stripped(_ mantissa: UInt64, _ exponent: Int) -> (UInt64, Int) {
        var (mantissa, exponent) = (mantissa, exponent)
        while mantissa % 10 == 0, mantissa > 0 {
            (mantissa, exponent) = (mantissa / 10, exponent + 1)
        }
        return (mantissa, exponent)
    }

    private static func differs(_ value: Double) -> Bool {
        let ours = ShortestDecimal(value)
        return stripped(ours.mantissa, ours.exponent) != digits(of: value)
    }

    @Test func `the digits are the shortest and nearest, as Swift finds them`() {
        var generator = SystemRandomNumberGenerator()
        var wrong: [Double] = []
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next()).magnitude
            if value.isFinite, value > 0, Self.differs(value) { wrong.append(value) }
            // What people measure.
            let share = Double(generator.next() % 1_000_000_000) / 86_400
            if share > 0, Self.differs(share) { wrong.append(share) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func `powers of two, their neighbours and the ends of the range have their digits`() {
        var wrong: [Double] = []
        for exponent in stride(from: -1074, through: 1023, by: 3) {
            let power = scalbn(1.0, Int32(exponent))
            for value in [power.nextDown, power, power.nextUp, power * 1.5]
            where value > 0 && value.isFinite && Self.differs(value) { wrong.append(value) }
        }
        for exponent in stride(from: -323, through: 308, by: 3) {
            guard let power = Double("1e\(exponent)") else { continue }
            for value in [power.nextDown, power, power.nextUp]
            where value > 0 && value.isFinite && Self.differs(value) { wrong.append(value) }
        }
        for value in [
            Double.greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude,
        ]
        where Self.differs(value) { wrong.append(value) }
        #expect(wrong.isEmpty)
    }

    @Test(
        arguments: [
            (0.1, "0.1"), (-2.5, "-2.5"), (1e21, "1e+21"), (1e20, "100000000000000000000"),
            (123_456_789.123_456_79, "123456789.12345679"), (1.0 / 3, "0.3333333333333333"),
            (.leastNonzeroMagnitude, "5e-324"), (1e-6, "0.000001"), (1e-7, "1e-07"), (-0.0, "-0"),
            (.nan, "NaN"),
            (-.infinity, "-Inf"), (1.7976931348623157e308, "1.7976931348623157e+308"),
            (9_007_199_254_740_992, "9007199254740992"),
        ] as [(Double, String)])
    func `values are written as Prometheus's API writes them`(value: Double, text: String) {
        var bytes: [UInt8] = []
        FloatText.appendPlain(value, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}

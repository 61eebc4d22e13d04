import Testing

@testable import PromQL

struct NumberTextTests {
    @Test(arguments: [
        // The number, without an exponent, and with one where it is far from one.
        (0.0, "0", "0"), (-0.0, "-0", "-0"), (1, "1", "1"), (-2.5, "-2.5", "-2.5"),
        (1e-7, "0.0000001", "1e-07"), (0.0001, "0.0001", "0.0001"),
        (0.00001234, "0.00001234", "1.234e-05"), (100_000, "100000", "100000"),
        (1_000_000, "1000000", "1e+06"), (123_456_789, "123456789", "1.23456789e+08"),
        (1e21, "1000000000000000000000", "1e+21"),
        (
            1.5e300, "15" + String(repeating: "0", count: 299),
            "1.5e+300"
        ),
        (.leastNonzeroMagnitude, "0." + String(repeating: "0", count: 323) + "5", "5e-324"),
        (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"),
        (.infinity, "+Inf", "+Inf"), (-.infinity, "-Inf", "-Inf"), (.nan, "NaN", "NaN"),
    ])
    func `a number is written as Go writes it`(value: Double, fixed: String, general: String) {
        #expect(NumberText.fixed(value) == fixed)
        #expect(NumberText.general(value) == general)
    }

    @Test(arguments: [
        (1.5, "1.500000"), (-0.0000004, "-0.000000"), (0.9999999, "1.000000"),
        (1e22, "10000000000000000000000.000000"), (0x1p63, "9223372036854775808.000000"),
        (123.4567891, "123.456789"),
    ])
    func `six places are always six`(value: Double, text: String) {
        #expect(NumberText.sixPlaces(value) == text)
    }
}

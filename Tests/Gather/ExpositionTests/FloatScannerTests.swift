import Glibc
import Testing

@testable import Exposition

struct FloatScannerTests {
    @Test(
        arguments: [
            ("1", 1), ("-1", -1), ("+1", 1), ("1.", 1), (".5", 0.5), ("-0", -0.0), ("1e3", 1000),
            ("1E-3", 0.001), ("007", 7), ("1e+06", 1e6), ("Inf", .infinity), ("+inf", .infinity),
            ("-INFINITY", -.infinity), ("0e999999", 0), ("1e-999999", 0),
            ("4.9e-324", .leastNonzeroMagnitude),
            ("9007199254740993", 9_007_199_254_740_992),
            ("18446744073709551615", 1.8446744073709552e19),
            ("1.7976931348623157e308", .greatestFiniteMagnitude),
        ] as [(String, Double)])
    func `a number reads as Go reads it`(text: String, value: Double) throws {
        let read = try #require(self.value(text))
        #expect(read.bitPattern == value.bitPattern)
    }

    @Test(arguments: [
        "", "-", "+", ".", "e5", "1e", "1e+", "1x", " 1", "1 ", "1_000", "0x10", "0x1p-3", "0b1",
        "0o7", "1e999", "-1.8e308", "+NaN", "-NaN", "infinit", "in", "1,5", "--1", "1..2", "١",
    ])
    func `what Go would not read is refused`(text: String) {
        #expect(self.value(text) == nil)
    }

    @Test(arguments: ["NaN", "nan", "Nan", "nAN"])
    func `every NaN of a text is the ordinary one`(text: String) {
        #expect(value(text)?.bitPattern == 0x7ff8_0000_0000_0001)
    }

    /// Numbers that lie between two doubles or next to it, at the ends of the range, and with more
    /// digits than fit 64 bits: what decimal readers are known to get wrong.
    @Test func `hard numbers are the nearest double, as strtod says`() {
        var numbers = [
            "2.2250738585072011e-308", "2.2250738585072014e-308", "5e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324", "1.7976931348623158e308", "9007199254740992.5",
            "9007199254740993.00000000000000000000000000001", "1448997445238699",
            "0.500000000000000166533453693773481063544750213623046875",
            "3.518437208883201171875e13", "62.5364939768271845828", "8.10109172351e-10",
            "1.50000000000000011102230246251565", "9007199254740991.4999999999999999999999999999",
            "30078505129381147446200", "6929495644600919.5", "2.16656806400000023841857910156251e9",
            "89255e-22", "104110013277974872254e-225", "7.2057594037927933e16",
            "0.000000000000000000000000000000000000000000000000000000000000000000000000000000001",
        ]
        for power in PowersOfFive.smallest...PowersOfFive.largest {
            for digits in [
                "1", "9", "12345678901234567", "9999999999999999999", "18014398509481985",
            ] {
                numbers.append("\(digits)e\(power)")
            }
        }
        // Exactly half way between neighbours, and one unit beside it.
        for exponent in stride(from: -60, through: 60, by: 1) {
            let low = Double(sign: .plus, exponent: exponent, significand: 1.2345678901234567)
            for text in halfWay(low) { numbers.append(text) }
        }
        for number in numbers { expectNearest(number) }
    }

    @Test func `random numbers are the nearest double, as strtod says`() {
        // WEIR_FLOATS=10000000 makes it the run that docs/measurements tells of.
        let count = getenv("WEIR_FLOATS").flatMap { Int(String(cString: $0)) } ?? 100_000
        var random = SeededRandom(seed: 20_260_101)
        var wrong: [String] = []
        for _ in 0..<count {
            let text = randomNumber(&random)
            if !isNearest(text) { wrong.append(text) }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }

    private func value(_ text: String) -> Double? { FloatScanner.value(of: text.utf8Span.span) }

    private func expectNearest(_ text: String) { #expect(isNearest(text), "\(text)") }

    private func isNearest(_ text: String) -> Bool {
        let expected = strtod(text, nil)
        guard let read = value(text) else {
            return expected.isInfinite
        }
        return read.bitPattern == expected.bitPattern
    }

    /// The number between `low` and the next double, all its digits, and its neighbours.
    private func halfWay(_ low: Double) -> [String] {
        // 80 bits hold the middle of two doubles exactly.
        let middle = Float80(low) + Float80(low.ulp) / 2
        let whole = middle.rounded(.towardZero)
        guard whole < 1e18, middle == whole else { return [] }
        let text = String(UInt64(whole))
        return [text, text + ".0000000000000000000000001", "-" + text]
    }

    private func randomNumber(_ random: inout SeededRandom) -> String {
        switch random.next() % 4 {
        case 0:  // any double at all, by its shortest digits
            let value = Double(bitPattern: random.next() & ~(1 << 63))
            return value.isFinite ? "\(value)" : "1"
        case 1:  // up to 19 digits and any exponent
            return "\(random.next() / 2)e\(Int(random.next() % 680) - 345)"
        case 2:  // more digits than 64 bits hold
            return
                "\(random.next()).\(random.next())\(random.next())e\(Int(random.next() % 40) - 20)"
        default:  // what metrics look like
            return "\(random.next() % 100_000_000).\(random.next() % 1_000_000)"
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

import Head
import Model
import Testing

/// Series of every shape that a window may hold.
struct Shape: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let values: [Double]

    init(_ name: String, _ values: [Double]) {
        testDescription = name
        self.values = values
    }

    /// Each shape in `count` ticks.
    static func all(_ count: Int) -> [Shape] {
        var random = SeededRandom(seed: 7)
        func series(_ value: (Int) -> Double) -> [Double] { (0..<count).map(value) }
        func walk(_ step: (inout SeededRandom) -> Double) -> [Double] {
            var at = 1000.0
            return series { _ in
                at += step(&random)
                return at
            }
        }
        let half = count / 2
        var shapes = [
            Shape("zero", series { _ in 0 }),
            Shape("minus zero", series { _ in -0.0 }),
            Shape("both zeros", series { $0 % 2 == 0 ? 0 : -0.0 }),
            Shape("constant", series { _ in 4 }),
            Shape("constant fraction", series { _ in 0.30000000000000004 }),
            Shape("constant NaN", series { _ in Double(bitPattern: StaleMarker.ordinaryNaNBits) }),
            Shape(
                "NaN with a payload",
                series { Double(bitPattern: 0x7ff8_0000_0000_0100 + UInt64($0)) }),
            Shape("infinite", series { _ in -.infinity }),
            Shape("sometimes infinite", series { $0 % 9 == 0 ? .infinity : 2 }),
            Shape("line", series { 7 + 30 * Double($0) }),
            Shape("falling line", series { 1e6 - 3 * Double($0) }),
            Shape("line of tenths", series { Double(1_700_000_000_123 + 30_000 * $0) / 1000 }),
            Shape("counter", walk { Double($0.next() % 50) }),
            Shape("counter of large steps", walk { Double($0.next() % 500_000) }),
            Shape("counter with resets", series { Double($0 % 37) * 11 }),
            Shape("pages of memory", walk { Double($0.next() % 100) * 4096 }),
            Shape("decimals", series { Double(($0 * 7919) % 1000) / 100 }),
            Shape("seconds with nine digits", walk { Double($0.next() % 1_000_000_000) / 1e9 }),
            Shape("noise", series { _ in random.unit }),
            Shape("noise near one", series { _ in 1 + random.unit / 1e6 }),
            Shape("all bits", series { _ in random.anyDouble }),
            Shape("subnormal", series { Double($0) * .leastNonzeroMagnitude }),
            Shape("huge", series { _ in random.unit * .greatestFiniteMagnitude }),
            Shape("whole numbers at the edge", series { 0x1p53 - Double($0) }),
            Shape("whole numbers beyond", series { 0x1p53 + 2 * Double($0) }),
            Shape("up and down over zero", series { Double($0 % 5) - 2 }),
        ]
        for shape in shapes {
            func with(_ name: String, _ change: (Int, Double) -> Double) {
                let changed = shape.values.enumerated().map { change($0, $1) }
                shapes.append(Shape("\(shape.testDescription), \(name)", changed))
            }
            with("with gaps") { $0 % 5 == 2 ? Absent.value : $1 }
            with("that begins late") { $0 < half ? Absent.value : $1 }
            with("that ends") { $0 > half ? Absent.value : $1 }
            with("that ends with a marker") {
                $0 > half ? Absent.value : $0 == half ? StaleMarker.value : $1
            }
            with("whose last tick is a marker") { $0 == count - 1 ? StaleMarker.value : $1 }
            with("that ends after a gap") {
                $0 == half ? StaleMarker.value : $0 > half - 2 ? Absent.value : $1
            }
            with("that comes back") { $0 == half ? StaleMarker.value : $1 }
        }
        shapes.append(
            Shape("only a marker", series { $0 == half ? StaleMarker.value : Absent.value }))
        shapes.append(Shape("only markers", series { _ in StaleMarker.value }))
        shapes.append(Shape("one sample", series { $0 == half ? 5 : Absent.value }))
        shapes.append(Shape("one fraction", series { $0 == half ? 5.25 : Absent.value }))
        return shapes
    }
}

/// The same numbers in every run.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_f491_4f6c_dd1d
    }

    /// From 0 to 1, with all bits of its fraction.
    var unit: Double { mutating get { Double(next() >> 11) * 0x1p-53 } }

    /// Any bits but those that stand for nothing.
    var anyDouble: Double {
        mutating get {
            let value = Double(bitPattern: next())
            return value.isAbsent ? 0 : value
        }
    }
}

/// The values' bits, which is what has to come back.
func bits(_ values: some Sequence<Double>) -> [UInt64] { values.map(\.bitPattern) }

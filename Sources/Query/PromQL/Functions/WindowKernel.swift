import Model

/// The samples of one step's range, as places in a series' columns.
struct Window {
    /// The first sample.
    var first = 0
    /// The place behind the last.
    var end = 0
    /// The number of the step.
    var step = 0
    /// The step's instant, in milliseconds.
    var time: Int64 = 0
    /// The end of the range, which belongs to it.
    var rangeEnd: Int64 = 0
    /// How far the range reaches back; its oldest instant does not belong to it.
    var length: Int64 = 0

    /// How many samples there are.
    @inline(__always)
    var count: Int { end - first }
}

/// A function of the floats in a range.
///
/// It sees one series after the other, and of each the ranges of all steps in order. Stale markers
/// are gone by then, and `value` is asked for ranges with at least one sample only.
protocol WindowKernel: Sendable {
    /// Begins a series.
    mutating func begin(_ values: Span<Double>, _ times: Span<Timestamp>)
    /// What a range yields; the absent value for nothing.
    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double
}

extension WindowKernel {
    /// Most functions have nothing to prepare.
    @inline(__always)
    mutating func begin(_ values: Span<Double>, _ times: Span<Timestamp>) {}
}

/// A sum whose rounding errors are kept and added at the end, as Neumaier does.
struct CompensatedSum {
    var sum = 0.0
    var compensation = 0.0

    /// Adds a number.
    @inline(__always)
    mutating func add(_ value: Double) {
        let next = sum + value
        if next.isInfinite {
            compensation = 0
        } else if sum.magnitude >= value.magnitude {
            compensation += (sum - next) + value
        } else {
            compensation += (value - next) + sum
        }
        sum = next
    }

    /// Sum and errors together; an infinite sum has none.
    @inline(__always)
    var total: Double { sum.isInfinite ? sum : sum + compensation }
}

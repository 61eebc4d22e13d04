import Glibc

/// How the floats of a group become one.
protocol Accumulator: Sendable {
    /// What is kept for a group at a step.
    associatedtype Cell: Sendable
    /// A cell that has seen nothing.
    static var empty: Cell { get }
    /// Adds a float.
    static func add(_ value: Double, to cell: inout Cell)
    /// Adds what another cell of the same group and step has seen.
    static func add(_ other: Cell, to cell: inout Cell)
    /// The result; the absent value where nothing was seen.
    static func result(_ cell: Cell) -> Double
}

enum SumAccumulator: Accumulator {
    static var empty: CompensatedSum { CompensatedSum(sum: Table.absent) }

    @inline(__always)
    static func add(_ value: Double, to cell: inout CompensatedSum) {
        if cell.sum.isAbsent { cell.sum = value } else { cell.add(value) }
    }

    static func add(_ other: CompensatedSum, to cell: inout CompensatedSum) {
        if other.sum.isAbsent { return }
        if cell.sum.isAbsent {
            cell = other
        } else {
            cell.add(other.sum)
            cell.compensation += other.compensation
        }
    }

    static func result(_ cell: CompensatedSum) -> Double {
        cell.sum.isAbsent ? Table.absent : cell.sum + cell.compensation
    }
}

enum AverageAccumulator: Accumulator {
    static var empty: CompensatedMean { CompensatedMean(Table.absent) }

    @inline(__always)
    static func add(_ value: Double, to cell: inout CompensatedMean) {
        if cell.sum.sum.isAbsent { cell = CompensatedMean(value) } else { cell.add(value) }
    }

    static func add(_ other: CompensatedMean, to cell: inout CompensatedMean) {
        if other.sum.sum.isAbsent { return }
        if cell.sum.sum.isAbsent { cell = other } else { cell.add(other) }
    }

    static func result(_ cell: CompensatedMean) -> Double {
        cell.sum.sum.isAbsent ? Table.absent : cell.total
    }
}

enum CountAccumulator: Accumulator {
    static var empty: Int { 0 }

    @inline(__always)
    static func add(_ value: Double, to cell: inout Int) { cell += 1 }
    static func add(_ other: Int, to cell: inout Int) { cell += other }
    static func result(_ cell: Int) -> Double { cell == 0 ? Table.absent : Double(cell) }
}

enum GroupAccumulator: Accumulator {
    static var empty: Bool { false }

    @inline(__always)
    static func add(_ value: Double, to cell: inout Bool) { cell = true }
    static func add(_ other: Bool, to cell: inout Bool) { cell = cell || other }
    static func result(_ cell: Bool) -> Double { cell ? 1 : Table.absent }
}

enum MinimumAccumulator: Accumulator {
    static var empty: Double { Table.absent }

    @inline(__always)
    static func add(_ value: Double, to cell: inout Double) {
        // A cell that has seen nothing holds a NaN, which every value takes the place of.
        if cell > value || cell.isNaN, !value.isAbsent { cell = value }
    }

    static func result(_ cell: Double) -> Double { cell }
}

enum MaximumAccumulator: Accumulator {
    static var empty: Double { Table.absent }

    @inline(__always)
    static func add(_ value: Double, to cell: inout Double) {
        if cell < value || cell.isNaN, !value.isAbsent { cell = value }
    }

    static func result(_ cell: Double) -> Double { cell }
}

/// Count, mean and squared distances from it.
struct Spread: Sendable {
    var count = 0.0
    var mean = 0.0
    var squares = 0.0
}

enum VarianceAccumulator: Accumulator {
    static var empty: Spread { Spread() }

    @inline(__always)
    static func add(_ value: Double, to cell: inout Spread) {
        cell.count += 1
        if cell.count == 1 {
            cell.mean = value
            cell.squares = value.isFinite ? 0 : .nan
            return
        }
        let delta = value - cell.mean
        cell.mean += delta / cell.count
        cell.squares += delta * (value - cell.mean)
    }

    static func add(_ other: Spread, to cell: inout Spread) {
        guard other.count > 0 else { return }
        guard cell.count > 0 else {
            cell = other
            return
        }
        let all = cell.count + other.count
        let delta = other.mean - cell.mean
        cell.squares += other.squares + delta * delta * cell.count * other.count / all
        cell.mean += delta * other.count / all
        cell.count = all
    }

    static func result(_ cell: Spread) -> Double {
        cell.count == 0 ? Table.absent : cell.squares / cell.count
    }
}

enum DeviationAccumulator: Accumulator {
    static var empty: Spread { Spread() }

    @inline(__always)
    static func add(_ value: Double, to cell: inout Spread) {
        VarianceAccumulator.add(value, to: &cell)
    }

    static func add(_ other: Spread, to cell: inout Spread) {
        VarianceAccumulator.add(other, to: &cell)
    }

    static func result(_ cell: Spread) -> Double {
        cell.count == 0 ? Table.absent : (cell.squares / cell.count).squareRoot()
    }
}

import Glibc
import Model

/// `sum_over_time`.
struct SumKernel: WindowKernel {
    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        var sum = CompensatedSum()
        for place in window.first..<window.end { sum.add(values[place]) }
        return sum.total
    }
}

/// `avg_over_time`: the sum divided by the count, or means of means where the sum is too great.
struct AverageKernel: WindowKernel {
    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        var mean = CompensatedMean(values[window.first])
        for place in (window.first + 1)..<window.end { mean.add(values[place]) }
        return mean.total
    }
}

/// A mean that is a sum divided by a count as long as the sum is finite.
struct CompensatedMean {
    private(set) var sum: CompensatedSum
    private(set) var count = 1.0
    private var isIncremental = false

    /// The mean of one number.
    @inline(__always)
    init(_ first: Double) { sum = CompensatedSum(sum: first) }

    /// Adds a number.
    @inline(__always)
    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            var next = sum
            next.add(value)
            if !next.sum.isInfinite {
                sum = next
                return
            }
            isIncremental = true
            sum.sum /= count - 1
            sum.compensation /= count - 1
        }
        let share = (count - 1) / count
        sum.sum *= share
        sum.compensation *= share
        sum.add(value / count)
    }

    /// Adds the mean of others.
    mutating func add(_ other: CompensatedMean) {
        if !isIncremental, !other.isIncremental {
            var next = sum
            next.add(other.sum.sum)
            next.compensation += other.sum.compensation
            if !next.sum.isInfinite {
                sum = next
                count += other.count
                return
            }
        }
        let (left, right) = (total, other.total)
        let all = count + other.count
        sum = CompensatedSum(sum: left * (count / all) + right * (other.count / all))
        count = all
        isIncremental = true
    }

    /// The mean.
    @inline(__always)
    var total: Double {
        isIncremental
            ? sum.sum + sum.compensation : sum.sum / count + sum.compensation / count
    }
}

/// `min_over_time`, `max_over_time` and the instants of both.
struct ExtremeKernel: WindowKernel {
    let isMaximum: Bool
    /// Whether to give the instant of the last extreme and not its value.
    let givesTime: Bool

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        var extreme = values[window.first]
        if givesTime {
            var place = window.first
            for other in window.first..<window.end {
                let value = values[other]
                if (isMaximum ? value >= extreme : value <= extreme) || extreme.isNaN {
                    (extreme, place) = (value, other)
                }
            }
            return Double(times[place].milliseconds) / 1000
        }
        if isMaximum {
            for place in window.first..<window.end {
                let value = values[place]
                if value > extreme || extreme.isNaN { extreme = value }
            }
        } else {
            for place in window.first..<window.end {
                let value = values[place]
                if value < extreme || extreme.isNaN { extreme = value }
            }
        }
        return extreme
    }
}

/// The functions that only look at the ends of a range.
struct EndsKernel: WindowKernel {
    enum Kind: Sendable { case count, present, first, last, timeOfFirst, timeOfLast }
    let kind: Kind

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        switch kind {
        case .count: Double(window.count)
        case .present: 1
        case .first: values[window.first]
        case .last: values[window.end - 1]
        case .timeOfFirst: Double(times[window.first].milliseconds) / 1000
        case .timeOfLast: Double(times[window.end - 1].milliseconds) / 1000
        }
    }
}

/// `stddev_over_time` and `stdvar_over_time`, by Welford's way.
struct DeviationKernel: WindowKernel {
    let isVariance: Bool

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        var count = 0.0
        var mean = CompensatedSum()
        var squares = CompensatedSum()
        for place in window.first..<window.end {
            let value = values[place]
            count += 1
            let delta = value - (mean.sum + mean.compensation)
            mean.add(delta / count)
            squares.add(delta * (value - (mean.sum + mean.compensation)))
        }
        let variance = (squares.sum + squares.compensation) / count
        return isVariance ? variance : variance.squareRoot()
    }
}

/// `quantile_over_time` and `mad_over_time`.
struct QuantileKernel: WindowKernel {
    /// The quantile at each step; `nil` for the median of the distances from the median.
    let quantile: ScalarColumn?
    private var scratch: [Double] = []

    init(quantile: ScalarColumn?) { self.quantile = quantile }

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        scratch.removeAll(keepingCapacity: true)
        for place in window.first..<window.end { scratch.append(values[place]) }
        guard let quantile else {
            if scratch.contains(where: \.isNaN) { return .nan }
            let median = Quantile.of(&scratch, 0.5)
            for place in scratch.indices {
                scratch[place] = (scratch[place] - median).magnitude
            }
            return Quantile.of(&scratch, 0.5)
        }
        return Quantile.of(&scratch, quantile[window.step])
    }
}

/// Quantiles of plain numbers.
enum Quantile {
    /// The quantile of `values`, which are put in order, NaN first.
    static func of(_ values: inout [Double], _ quantile: Double) -> Double {
        guard !values.isEmpty, !quantile.isNaN else { return .nan }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        values.sort { $0.isNaN ? !$1.isNaN : $0 < $1 }
        let last = Double(values.count - 1)
        let rank = quantile * last
        let lower = max(0, rank.rounded(.down))
        let upper = min(last, lower + 1)
        let weight = rank - rank.rounded(.down)
        return values[Int(lower)] * (1 - weight) + values[Int(upper)] * weight
    }
}

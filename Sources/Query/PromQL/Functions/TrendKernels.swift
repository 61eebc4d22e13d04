import Model

/// `deriv` and `predict_linear`: a straight line through the samples.
struct TrendKernel: WindowKernel {
    /// How many seconds ahead to look; `nil` for the slope.
    let ahead: ScalarColumn?

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        guard window.count >= 2 else { return Table.absent }
        // Near to the samples, so that the sums keep their digits.
        let origin = ahead == nil ? times[window.first].milliseconds : window.time
        let line = Self.line(values, times, window, origin: origin)
        guard let ahead else { return line.slope }
        return line.slope * ahead[window.step] + line.intercept
    }

    private static func line(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window, origin: Int64
    ) -> (slope: Double, intercept: Double) {
        // Sums of x, y, xy and xx side by side, and what each addition lost: the very numbers that
        // four compensated sums have, as long as all is finite.
        var (sums, lost) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
        let first = values[window.first]
        var isConstant = true
        for place in window.first..<window.end {
            let y = values[place]
            if y != first { isConstant = false }
            let x = Double(times[place].milliseconds - origin) / 1e3
            let added = SIMD4(x, y, x * y, x * x)
            let next = sums + added
            let taken = next - sums
            lost += (sums - (next - taken)) + (added - taken)
            sums = next
        }
        if isConstant { return first.isInfinite ? (.nan, .nan) : (0, first) }
        let totals =
            sums.sum().isFinite ? sums + lost : carefulSums(values, times, window, origin)
        let count = Double(window.count)
        let (x, y) = (totals[0], totals[1])
        let covariance = totals[2] - x * y / count
        let variance = totals[3] - x * x / count
        let slope = covariance / variance
        return (slope, y / count - slope * x / count)
    }

    /// The same sums where something is infinite, which has lost nothing.
    private static func carefulSums(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window, _ origin: Int64
    ) -> SIMD4<Double> {
        var (sumX, sumY) = (CompensatedSum(), CompensatedSum())
        var (sumXY, sumXX) = (CompensatedSum(), CompensatedSum())
        for place in window.first..<window.end {
            let x = Double(times[place].milliseconds - origin) / 1e3
            sumX.add(x)
            sumY.add(values[place])
            sumXY.add(x * values[place])
            sumXX.add(x * x)
        }
        return SIMD4(
            sumX.sum + sumX.compensation, sumY.sum + sumY.compensation,
            sumXY.sum + sumXY.compensation, sumXX.sum + sumXX.compensation)
    }
}

/// `double_exponential_smoothing`.
struct SmoothingKernel: WindowKernel {
    let factor: ScalarColumn
    let trend: ScalarColumn

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        guard window.count >= 2 else { return Table.absent }
        let (factor, trendFactor) = (factor[window.step], trend[window.step])
        var before = 0.0
        var smoothed = values[window.first]
        var trend = values[window.first + 1] - values[window.first]
        for place in (window.first + 1)..<window.end {
            if place > window.first + 1 {
                trend = trendFactor * (smoothed - before) + (1 - trendFactor) * trend
            }
            let next = factor * values[place] + (1 - factor) * (smoothed + trend)
            (before, smoothed) = (smoothed, next)
        }
        return smoothed
    }
}

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
        var (sumX, sumY) = (CompensatedSum(), CompensatedSum())
        var (sumXY, sumXX) = (CompensatedSum(), CompensatedSum())
        let first = values[window.first]
        var isConstant = true
        for place in window.first..<window.end {
            let y = values[place]
            if isConstant, place > window.first, y != first { isConstant = false }
            let x = Double(times[place].milliseconds - origin) / 1e3
            sumX.add(x)
            sumY.add(y)
            sumXY.add(x * y)
            sumXX.add(x * x)
        }
        if isConstant { return first.isInfinite ? (.nan, .nan) : (0, first) }
        let count = Double(window.count)
        let x = sumX.sum + sumX.compensation
        let y = sumY.sum + sumY.compensation
        let covariance = sumXY.sum + sumXY.compensation - x * y / count
        let variance = sumXX.sum + sumXX.compensation - x * x / count
        let slope = covariance / variance
        return (slope, y / count - slope * x / count)
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

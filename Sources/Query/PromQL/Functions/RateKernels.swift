import Model

/// `rate`, `increase` and `delta`: the difference over a range, extrapolated to its ends.
///
/// The places where a counter began anew are found once for a series; a range then costs no more
/// than its ends and the resets in it.
struct RateKernel: WindowKernel {
    let isCounter: Bool
    let isRate: Bool
    private var resets: [Int] = []
    private var next = 0

    init(isCounter: Bool, isRate: Bool) {
        self.isCounter = isCounter
        self.isRate = isRate
    }

    mutating func begin(_ values: Span<Double>, _ times: Span<Timestamp>) {
        guard isCounter else { return }
        resets.removeAll(keepingCapacity: true)
        next = 0
        var previous = Double.nan
        for place in values.indices {
            let value = values[place]
            if value < previous { resets.append(place) }
            previous = value
        }
    }

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        guard window.count >= 2 else { return Table.absent }
        let last = window.end - 1
        var difference = values[last] - values[window.first]
        if isCounter {
            while next < resets.count, resets[next] <= window.first { next += 1 }
            var place = next
            while place < resets.count, resets[place] <= last {
                difference += values[resets[place] - 1]
                place += 1
            }
        }
        let extrapolation = Extrapolation(
            first: times[window.first].milliseconds, last: times[last].milliseconds,
            gaps: last - window.first, window)
        let factor = extrapolation.factor(
            zeroAfter: isCounter && difference > 0 && values[window.first] >= 0
                ? values[window.first] / difference : nil,
            perSecond: isRate)
        return difference * factor
    }
}

/// How far a difference between two samples is stretched to the ends of its range.
struct Extrapolation {
    /// Seconds from the start of the range to its first sample.
    var toStart: Double
    /// Seconds from its last sample to the end of the range.
    var toEnd: Double
    /// Seconds between both.
    var sampled: Double
    /// Seconds from one sample to the next on average.
    let average: Double
    /// Whether it is known when the series began.
    var isExact = false
    private let length: Int64

    @inline(__always)
    init(first: Int64, last: Int64, gaps: Int, _ window: Window) {
        length = window.length
        toStart = Double(first - (window.rangeEnd - window.length)) / 1000
        toEnd = Double(window.rangeEnd - last) / 1000
        sampled = Double(last - first) / 1000
        average = gaps > 0 ? sampled / Double(gaps) : 0
    }

    /// What the difference is multiplied with.
    ///
    /// `zeroAfter` is the first value's share of the difference where it is a counter's, which
    /// cannot have been below zero before.
    @inline(__always)
    func factor(zeroAfter share: Double?, perSecond: Bool) -> Double {
        // A sample that is missing at an end by more than that was not expected there: the
        // series began or ended within the range, by half a gap from what was seen of it.
        let threshold = average * 1.1
        var toStart = toStart >= threshold ? average / 2 : toStart
        if isExact {
            toStart = 0
        } else if let share {
            let toZero = sampled * share
            if toZero < toStart { toStart = toZero }
        }
        let toEnd = toEnd >= threshold ? average / 2 : toEnd
        let factor = sampled == 0 ? 1 : (sampled + toStart + toEnd) / sampled
        return perSecond ? factor / (Double(length) / 1000) : factor
    }
}

/// `irate` and `idelta`: the difference of the last two samples.
struct InstantDeltaKernel: WindowKernel {
    let isRate: Bool

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        guard window.count >= 2 else { return Table.absent }
        let last = window.end - 1
        let interval = times[last].milliseconds - times[last - 1].milliseconds
        guard interval != 0 else { return Table.absent }
        let isReset = isRate && values[last] < values[last - 1]
        let difference = isReset ? values[last] : values[last] - values[last - 1]
        return isRate ? difference / (Double(interval) / 1000) : difference
    }
}

/// `changes` and `resets`: counted once for the series, so that a range is one subtraction.
struct ChangesKernel: WindowKernel {
    let countsResetsOnly: Bool
    private var counts: [Int32] = []

    init(countsResetsOnly: Bool) { self.countsResetsOnly = countsResetsOnly }

    mutating func begin(_ values: Span<Double>, _ times: Span<Timestamp>) {
        counts.removeAll(keepingCapacity: true)
        counts.reserveCapacity(values.count)
        var count: Int32 = 0
        for place in values.indices {
            if place > 0 {
                let (before, now) = (values[place - 1], values[place])
                let counted =
                    countsResetsOnly
                    ? now < before : now != before && !(now.isNaN && before.isNaN)
                if counted { count += 1 }
            }
            counts.append(count)
        }
    }

    mutating func value(
        _ values: Span<Double>, _ times: Span<Timestamp>, _ window: Window
    ) -> Double {
        Double(counts[window.end - 1] - counts[window.first])
    }
}

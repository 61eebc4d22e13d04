import Model

extension FloatHistogram {
    /// Whether counting began anew between `previous` and this histogram.
    ///
    /// The hint says so where it says anything; otherwise no count may have fallen, and no bucket
    /// gone that held anything.
    public func isReset(after previous: FloatHistogram) -> Bool {
        switch resetHint {
        case .reset: return true
        case .notReset: return false
        case .unknown, .gauge: break
        }
        if count < previous.count { return true }
        guard !usesCustomBounds else {
            if !previous.usesCustomBounds { return true }
            return hasFallen(from: previous)
        }
        if schema > previous.schema || zeroThreshold < previous.zeroThreshold { return true }
        let before = previous.zeroBucket(reaching: zeroThreshold)
        if before.threshold != zeroThreshold || zeroCount < before.count { return true }
        let reduced = previous.reduced(toSchema: schema)
        return hasFallen(positive, from: reduced.positive)
            || hasFallen(negative, from: reduced.negative)
    }

    private func hasFallen(_ side: BucketSide, from previous: BucketSide) -> Bool {
        let now = side.numbered
        var place = 0
        for (number, count) in previous.numbered {
            // What is inside the zero bucket has been compared with it.
            if zeroThreshold > 0, bound(number) <= zeroThreshold { continue }
            while place < now.count, now[place].number < number { place += 1 }
            let isThere = place < now.count && now[place].number == number
            if isThere ? now[place].count < count : count != 0 { return true }
        }
        return false
    }

    /// The same for bounds of one's own: the counts between common bounds are compared.
    private func hasFallen(from previous: FloatHistogram) -> Bool {
        let bounds = Self.common(customBounds, previous.customBounds) + [.infinity]
        let now = counts(between: bounds)
        let before = previous.counts(between: bounds)
        return zip(now, before).contains { $0 < $1 }
    }

    private func counts(between bounds: [Double]) -> [Double] {
        var counts = [Double](repeating: 0, count: bounds.count)
        var target = 0
        for (number, count) in positive.numbered {
            let upper = bound(number)
            while target < bounds.count - 1, bounds[target] < upper { target += 1 }
            counts[target] += count
        }
        return counts
    }
}

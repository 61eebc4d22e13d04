import Model

extension FloatHistogram {
    /// Adds a histogram whose bounds are not the same: what is left are the common ones.
    mutating func addReconciled(_ other: FloatHistogram, sign: Double) {
        let bounds = Self.common(customBounds, other.customBounds)
        var counts = [Double](repeating: 0, count: bounds.count + 1)
        func add(_ histogram: FloatHistogram, times sign: Double) {
            var target = 0
            for (number, count) in histogram.positive.numbered {
                let bound = histogram.bound(number)
                while target < bounds.count, bounds[target] < bound { target += 1 }
                counts[target] += sign * count
            }
        }
        add(self, times: 1)
        add(other, times: sign)
        customBounds = bounds
        positive = BucketSide(
            numbered: counts.enumerated().compactMap { $1 == 0 ? nil : (Int32($0), $1) })
    }

    /// The bounds that stand in both lists, which rise.
    static func common(_ left: [Double], _ right: [Double]) -> [Double] {
        var common: [Double] = []
        var (l, r) = (0, 0)
        while l < left.count, r < right.count {
            if left[l] == right[r] {
                common.append(left[l])
                l += 1
                r += 1
            } else if left[l] < right[r] {
                l += 1
            } else {
                r += 1
            }
        }
        return common
    }
}

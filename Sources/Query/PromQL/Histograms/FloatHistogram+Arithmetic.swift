import Model

/// Two histograms made one.
public struct HistogramCombination: Sendable {
    /// What they are together.
    public var histogram: FloatHistogram
    /// Whether one said that counting began anew and the other that it went on.
    public var collides = false
    /// Whether their own bounds differed, so that only the common ones are left.
    public var isReconciled = false
}

extension FloatHistogram {
    /// Every count and the sum times `factor`; a gauge where that is negative.
    public func scaled(by factor: Double) -> FloatHistogram {
        var result = changed { $0 * factor }
        if factor < 0 { result.resetHint = .gauge }
        return result
    }

    /// Every count and the sum divided by `divisor`; no buckets are left where that is zero.
    public func divided(by divisor: Double) -> FloatHistogram {
        var result = changed { $0 / divisor }
        if divisor == 0 {
            result.positive = BucketSide()
            result.negative = BucketSide()
        }
        if divisor < 0 { result.resetHint = .gauge }
        return result
    }

    private func changed(_ change: (Double) -> Double) -> FloatHistogram {
        var result = self
        result.zeroCount = change(zeroCount)
        result.count = change(count)
        result.sum = change(sum)
        result.positive = positive.mapped(change)
        result.negative = negative.mapped(change)
        return result
    }

    /// The sum of both, or the difference, which is a gauge.
    ///
    /// The result has the coarser schema and the greater zero bucket; it may have empty buckets.
    /// Exponential buckets and bounds of one's own do not go together: `nil`.
    public func combined(
        with other: FloatHistogram, isSum: Bool
    ) -> HistogramCombination? {
        guard var result = merged(other, sign: isSum ? 1 : -1) else { return nil }
        if !isSum { result.histogram.resetHint = .gauge }
        return result
    }

    /// This histogram, the mean of `count - 1`, and `other`: the mean of `count`.
    public func mean(with other: FloatHistogram, count: Double) -> HistogramCombination? {
        guard
            let step = other.divided(by: count).merged(divided(by: count), sign: -1),
            var result = merged(step.histogram, sign: 1)
        else { return nil }
        result.collides = result.collides || step.collides
        result.isReconciled = result.isReconciled || step.isReconciled
        return result
    }

    /// The same with a coarser schema; itself where it is as coarse already.
    public func reduced(toSchema target: Int32) -> FloatHistogram {
        guard !usesCustomBounds, target < schema else { return self }
        var result = self
        result.positive = positive.merged(by: schema - target)
        result.negative = negative.merged(by: schema - target)
        result.schema = target
        return result
    }

    private func merged(_ other: FloatHistogram, sign: Double) -> HistogramCombination? {
        guard usesCustomBounds == other.usesCustomBounds else { return nil }
        var result = self
        let collides = result.adjustHint(other.resetHint)
        result.count += sign * other.count
        result.sum += sign * other.sum
        guard !usesCustomBounds else {
            let isReconciled = customBounds != other.customBounds
            if isReconciled {
                result.addReconciled(other, sign: sign)
            } else {
                result.positive = positive.plus(other.positive.numbered, times: sign)
            }
            return HistogramCombination(
                histogram: result, collides: collides, isReconciled: isReconciled)
        }
        result.zeroCount += sign * result.reconcileZeroBuckets(with: other)
        let coarse = min(schema, other.schema)
        result = result.reduced(toSchema: coarse)
        let added = other.reduced(toSchema: coarse)
        result.positive = result.positive.plus(
            result.outsideOfZero(added.positive), times: sign)
        result.negative = result.negative.plus(
            result.outsideOfZero(added.negative), times: sign)
        return HistogramCombination(histogram: result, collides: collides)
    }

    /// The buckets of `side` that end outside of the zero bucket.
    private func outsideOfZero(_ side: BucketSide) -> [(number: Int32, count: Double)] {
        let buckets = side.numbered
        guard zeroThreshold > 0 else { return buckets }
        return Array(buckets.drop { bound($0.number) <= zeroThreshold })
    }

    /// Makes of both hints one; true where they contradict each other.
    private mutating func adjustHint(_ other: NativeHistogram.ResetHint) -> Bool {
        switch (resetHint, other) {
        case _ where resetHint == other: return false
        case (.gauge, _), (_, .gauge): resetHint = .gauge
        case (.unknown, _), (_, .unknown): resetHint = .unknown
        default:
            resetHint = .unknown
            return true
        }
        return false
    }
}

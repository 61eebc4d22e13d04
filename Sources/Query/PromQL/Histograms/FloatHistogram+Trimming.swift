import Glibc
import Model

extension FloatHistogram {
    /// What of it lies at or below `threshold`: PromQL's `</`.
    public func trimmed(above threshold: Double) -> FloatHistogram {
        trimmed { part($0, below: threshold) }
    }

    /// What of it lies at or above `threshold`: PromQL's `>/`.
    public func trimmed(below threshold: Double) -> FloatHistogram {
        trimmed { part($0, above: threshold) }
    }

    /// A bucket's share that is kept: how many, and what they are worth each.
    private struct Part {
        var count: Double
        var value: Double
        static let none = Part(count: 0, value: 0)
    }

    private func trimmed(_ part: (HistogramBucket) -> Part) -> FloatHistogram {
        var result = self
        var (count, sum) = (0.0, 0.0)
        var isTrimmed = false
        func keep(_ bucket: HistogramBucket) -> Double {
            guard bucket.count != 0 else { return 0 }
            let kept = part(bucket)
            if kept.count != bucket.count { isTrimmed = true }
            if kept.count != 0 {
                count += kept.count
                sum += kept.count * kept.value
            }
            return kept.count
        }
        func side(_ side: BucketSide, _ buckets: [HistogramBucket]) -> BucketSide {
            BucketSide(
                numbered: zip(side.numbered, buckets).map { ($0.number, keep($1)) })
        }
        result.negative = side(negative, negativeBuckets)
        result.zeroCount = keep(
            narrowed(
                HistogramBucket(
                    lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount, isZero: true)))
        result.positive = side(positive, positiveBuckets)
        // The sum is an estimate, which would only be worse than the one that is known.
        guard isTrimmed else { return self }
        result.count = count
        result.sum = sum
        return result
    }

    private func part(_ bucket: HistogramBucket, below threshold: Double) -> Part {
        if bucket.upper <= threshold {
            return Part(count: bucket.count, value: middle(of: bucket))
        }
        if bucket.lower >= threshold || bucket.upper == .infinity { return .none }
        var bucket = bucket
        if bucket.lower == -.infinity {
            if bucket.upper <= 0 { return Part(count: bucket.count, value: threshold) }
            if threshold <= 0 { return .none }
            bucket.lower = 0
        }
        let share = bucket.count * fraction(of: bucket, below: threshold)
        bucket.upper = threshold
        return Part(count: share, value: middle(of: bucket))
    }

    private func part(_ bucket: HistogramBucket, above threshold: Double) -> Part {
        if bucket.lower >= threshold {
            return Part(count: bucket.count, value: middle(of: bucket))
        }
        if bucket.upper <= threshold { return .none }
        var bucket = bucket
        if bucket.upper == .infinity {
            return bucket.lower == -.infinity
                ? .none : Part(count: bucket.count, value: threshold)
        }
        if bucket.lower == -.infinity {
            if bucket.upper <= 0 || threshold < 0 { return .none }
            bucket.lower = 0
        }
        let share = bucket.count * (1 - fraction(of: bucket, below: threshold))
        bucket.lower = threshold
        return Part(count: share, value: middle(of: bucket))
    }

    /// How much of `bucket` lies below `value`, which is inside.
    func fraction(of bucket: HistogramBucket, below value: Double) -> Double {
        if usesCustomBounds || bucket.isZero {
            return (value - bucket.lower) / (bucket.upper - bucket.lower)
        }
        let lower = log2(bucket.lower.magnitude)
        let upper = log2(bucket.upper.magnitude)
        let place = log2(value.magnitude)
        return value > 0
            ? (place - lower) / (upper - lower) : 1 - (place - upper) / (lower - upper)
    }

    /// What an observation in `bucket` is taken to be.
    private func middle(of bucket: HistogramBucket) -> Double {
        if bucket.lower == -.infinity {
            return bucket.upper <= 0 ? bucket.upper : bucket.upper / 2
        }
        if bucket.upper == .infinity { return bucket.lower }
        if usesCustomBounds || bucket.isZero { return (bucket.lower + bucket.upper) / 2 }
        let size = (bucket.lower * bucket.upper).squareRoot()
        return bucket.upper < 0 ? -size : size
    }
}

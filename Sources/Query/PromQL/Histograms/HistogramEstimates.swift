import Glibc
import Model

/// An estimate, and what is odd about it.
public struct HistogramEstimate: Sendable {
    /// What `NaN` among the observations did to an estimate.
    public enum Oddity: Sendable, Hashable {
        /// Nothing can be said.
        case isNaN
        /// The estimate is higher than it would be without them.
        case isSkewed
        /// They are in no fraction.
        case isExcluded
    }

    /// The estimate.
    public var value: Double
    /// What is odd about it, if anything.
    public var oddity: Oddity?
}

extension FloatHistogram {
    /// The mean of all observations.
    public var average: Double { sum / count }

    /// The value below which the share `q` of all observations lies.
    ///
    /// Inside a bucket the values are taken to be spread evenly on a logarithmic scale; on a linear
    /// one in the bucket around zero and where bounds are the histogram's own.
    public func quantile(_ q: Double) -> HistogramEstimate {
        if q < 0 { return HistogramEstimate(value: -.infinity) }
        if q > 1 { return HistogramEstimate(value: .infinity) }
        guard count != 0, !q.isNaN else { return HistogramEstimate(value: .nan) }
        // What is NaN is counted and in no bucket, so that counting from above would miss it.
        let isForward = sum.isNaN || q < 0.5
        var rank = (isForward ? q : 1 - q) * self.count
        var bucket = HistogramBucket(lower: 0, upper: 0, count: 0)
        var seen = 0.0
        for next in isForward ? allBuckets : allBuckets.reversed() {
            bucket = next
            if next.count == 0 { continue }
            seen += next.count
            if seen >= rank { break }
        }
        if usesCustomBounds {
            if bucket.lower == -.infinity {
                if bucket.upper <= 0 { return HistogramEstimate(value: bucket.upper) }
                bucket.lower = 0
            } else if bucket.upper == .infinity {
                return HistogramEstimate(value: bucket.lower)
            }
        } else if bucket.lower < 0, bucket.upper > 0 {
            bucket = narrowed(bucket)
        }
        seen = min(seen, self.count)
        if seen < rank {
            return sum.isNaN
                ? HistogramEstimate(value: .nan, oddity: .isNaN)
                : HistogramEstimate(value: bucket.upper)
        }
        rank = isForward ? rank - (seen - bucket.count) : seen - rank
        return HistogramEstimate(
            value: value(at: rank / bucket.count, of: bucket),
            oddity: sum.isNaN ? .isSkewed : nil)
    }

    private func value(at fraction: Double, of bucket: HistogramBucket) -> Double {
        if usesCustomBounds || (bucket.lower <= 0 && bucket.upper >= 0) {
            return bucket.lower + (bucket.upper - bucket.lower) * fraction
        }
        let lower = log2(bucket.lower.magnitude)
        let upper = log2(bucket.upper.magnitude)
        return bucket.lower > 0
            ? exp2(lower + (upper - lower) * fraction)
            : -exp2(upper + (lower - upper) * (1 - fraction))
    }

    /// The share of all observations between `lower` and `upper`.
    public func fraction(from lower: Double, to upper: Double) -> HistogramEstimate {
        guard count != 0, !lower.isNaN, !upper.isNaN else { return HistogramEstimate(value: .nan) }
        let oddity: HistogramEstimate.Oddity? = sum.isNaN ? .isExcluded : nil
        guard lower < upper else { return HistogramEstimate(value: 0, oddity: oddity) }
        let from = min(rank(of: lower), count)
        let to = min(rank(of: upper), count)
        return HistogramEstimate(value: (to - from) / count, oddity: oddity)
    }

    /// How many observations lie below `value`; all of them where all buckets do.
    private func rank(of value: Double) -> Double {
        var rank = 0.0
        for var bucket in allBuckets {
            let isAroundZero = bucket.lower <= 0 && bucket.upper >= 0
            if isAroundZero { bucket = narrowed(bucket) }
            if bucket.lower >= value { return rank }
            if bucket.upper > value {
                // Nothing can be said of where values lie in a bucket without end.
                if bucket.lower == -.infinity { return bucket.count }
                bucket.isZero = isAroundZero
                if bucket.upper == .infinity { return rank }
                return rank + bucket.count * fraction(of: bucket, below: value)
            }
            rank += bucket.count
        }
        // What is NaN is counted and in no bucket; otherwise only rounding makes a difference.
        return sum.isNaN ? rank : count
    }

    /// The variance of the observations, each taken to be in the middle of its bucket.
    public var variance: Double {
        let mean = average
        var (total, lost) = (0.0, 0.0)
        for bucket in allBuckets where bucket.count != 0 {
            let value: Double
            if usesCustomBounds {
                value = (bucket.upper + bucket.lower) / 2
            } else if bucket.lower <= 0, bucket.upper >= 0 {
                value = 0
            } else {
                let size = (bucket.upper * bucket.lower).squareRoot()
                value = bucket.upper < 0 ? -size : size
            }
            let part = bucket.count * (value - mean) * (value - mean)
            let next = total + part
            if next.isInfinite {
                lost = 0
            } else if total.magnitude >= part.magnitude {
                lost += (total - next) + part
            } else {
                lost += (part - next) + total
            }
            total = next
        }
        return (total + lost) / count
    }
}

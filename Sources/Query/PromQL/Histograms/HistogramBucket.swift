import Glibc
import Model

/// A bucket: a range of values and how many observations fell into it.
public struct HistogramBucket {
    /// Where it begins.
    public var lower: Double
    /// Where it ends.
    public var upper: Double
    /// How many observations fell into it.
    public var count: Double
    /// Whether it is the one around zero.
    public var isZero = false
}

extension FloatHistogram {
    /// The upper bound of the bucket `number` above zero.
    func bound(_ number: Int32) -> Double {
        guard !usesCustomBounds else {
            if number < 0 { return -.infinity }
            return Int(number) < customBounds.count ? customBounds[Int(number)] : .infinity
        }
        return Self.exponentialBound(number, schema: schema)
    }

    /// The bound where 1 is the bound of bucket 0 and each power of two has 2^schema buckets.
    static func exponentialBound(_ number: Int32, schema: Int32) -> Double {
        let number = Int(number)
        if schema < 0 {
            let (power, overflow) = number.multipliedReportingOverflow(by: 1 << Int(-schema))
            // The last bucket before that of the infinities ends at the greatest number.
            if power == 1024 { return .greatestFiniteMagnitude }
            return overflow ? (number < 0 ? 0 : .infinity) : scalbln(1, power)
        }
        let size = 1 << Int(schema)
        let part = number & (size - 1)
        let power = (number >> Int(schema)) + 1
        if part == 0, power == 1025 { return .greatestFiniteMagnitude }
        return scalbln(exp2(Double(part) / Double(size) - 1), power)
    }

    /// The buckets above zero, rising; those without observations too.
    var positiveBuckets: [HistogramBucket] {
        positive.numbered.map { number, count in
            HistogramBucket(lower: bound(number &- 1), upper: bound(number), count: count)
        }
    }

    /// The buckets below zero, falling.
    var negativeBuckets: [HistogramBucket] {
        negative.numbered.map { number, count in
            HistogramBucket(lower: -bound(number), upper: -bound(number &- 1), count: count)
        }
    }

    /// All buckets, rising, the one around zero among them where it holds anything.
    ///
    /// Buckets that overlap the one around zero end where it begins.
    public var allBuckets: [HistogramBucket] {
        var buckets = negativeBuckets.reversed().map { bucket in
            var bucket = bucket
            if bucket.upper < 0, bucket.upper > -zeroThreshold { bucket.upper = -zeroThreshold }
            return bucket
        }
        if zeroCount > 0 {
            buckets.append(
                HistogramBucket(
                    lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount, isZero: true))
        }
        for var bucket in positiveBuckets {
            if bucket.lower > 0, bucket.lower < zeroThreshold { bucket.lower = zeroThreshold }
            buckets.append(bucket)
        }
        return buckets
    }

    /// `bucket`, the one around zero, as far as observations are thought to lie.
    ///
    /// Where there are buckets on one side only, nothing lies on the other.
    func narrowed(_ bucket: HistogramBucket) -> HistogramBucket {
        var bucket = bucket
        if negative.isEmpty, !positive.isEmpty {
            bucket.lower = 0
        } else if positive.isEmpty, !negative.isEmpty {
            bucket.upper = 0
        }
        return bucket
    }
}

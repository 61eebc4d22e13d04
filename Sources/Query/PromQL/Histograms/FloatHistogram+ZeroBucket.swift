import Model

extension FloatHistogram {
    /// Widens the zero bucket so that it holds that of `other` and ends between buckets of both;
    /// returns what the zero bucket of `other` would then hold.
    mutating func reconcileZeroBuckets(with other: FloatHistogram) -> Double {
        var (otherCount, otherThreshold) = (other.zeroCount, other.zeroThreshold)
        while otherThreshold != zeroThreshold {
            if zeroThreshold > otherThreshold {
                (otherCount, otherThreshold) = other.zeroBucket(reaching: zeroThreshold)
            }
            if otherThreshold > zeroThreshold {
                (zeroCount, zeroThreshold) = zeroBucket(reaching: otherThreshold)
                dropBucketsInsideZero()
            }
        }
        return otherCount
    }

    /// What the zero bucket would hold if it reached `threshold`, or a little farther: it never
    /// ends within a bucket that holds anything.
    func zeroBucket(reaching threshold: Double) -> (count: Double, threshold: Double) {
        guard threshold != zeroThreshold else { return (zeroCount, zeroThreshold) }
        var threshold = threshold
        while true {
            var count = zeroCount
            for bucket in positiveBuckets {
                if bucket.lower >= threshold { break }
                count += bucket.count
                if bucket.upper > threshold {
                    if bucket.count != 0 { threshold = bucket.upper }
                    break
                }
            }
            var isSettled = true
            for bucket in negativeBuckets {
                if bucket.upper <= -threshold { break }
                count += bucket.count
                if bucket.lower < -threshold {
                    if bucket.count != 0 {
                        threshold = -bucket.lower
                        isSettled = false
                    }
                    break
                }
            }
            if isSettled { return (count, threshold) }
        }
    }

    private mutating func dropBucketsInsideZero() {
        func outside(_ side: BucketSide) -> BucketSide {
            BucketSide(
                numbered: side.numbered.filter {
                    bound($0.number &- 1) >= zeroThreshold && $0.count != 0
                })
        }
        (positive, negative) = (outside(positive), outside(negative))
    }
}

import Model

/// Histograms added up, with what rounding loses kept and added at the end.
struct HistogramSum {
    private var sum: FloatHistogram
    /// What rounding has taken from `sum`, in its layout.
    private var lost: FloatHistogram
    private var count = 1.0
    /// The mean, from where the sum is too great for a number.
    private var average: (mean: FloatHistogram, lost: FloatHistogram)?
    private var hasReset = false
    private var hasNoReset = false
    /// Whether bounds of their own differed, so that only the common ones are left.
    private(set) var isReconciled = false

    /// A sum of one.
    init(_ first: FloatHistogram) {
        sum = first
        lost = first.emptied
        note(first)
    }

    /// Whether some said that counting began anew and others that it went on.
    var collides: Bool { hasReset && hasNoReset }

    /// The sum.
    var total: FloatHistogram { sum.corrected(by: lost) }

    /// The sum divided by how many there were.
    var mean: FloatHistogram {
        guard let average else { return total.divided(by: count) }
        return average.mean.corrected(by: average.lost)
    }

    /// Adds a histogram; false where that cannot be.
    mutating func add(_ histogram: FloatHistogram) -> Bool {
        guard let merged = sum.combined(with: histogram, isSum: true) else { return false }
        note(histogram)
        isReconciled = isReconciled || merged.isReconciled
        let before = (sum: sum, lost: lost)
        count += 1
        (sum, lost) = Self.added(histogram, to: sum, lost, as: merged.histogram)
        if average == nil, sum.isOverflown, !before.sum.isOverflown, !histogram.isOverflown {
            average = (
                before.sum.divided(by: count - 1), before.lost.divided(by: count - 1)
            )
        }
        if let (mean, meanLost) = average {
            let share = (count - 1) / count
            average = Self.added(
                histogram.divided(by: count), to: mean.scaled(by: share),
                meanLost.scaled(by: share), as: merged.histogram)
        }
        return true
    }

    private mutating func note(_ histogram: FloatHistogram) {
        switch histogram.resetHint {
        case .reset: hasReset = true
        case .notReset: hasNoReset = true
        case .unknown, .gauge: break
        }
    }

    private static func added(
        _ histogram: FloatHistogram, to sum: FloatHistogram, _ lost: FloatHistogram,
        as layout: FloatHistogram
    ) -> (FloatHistogram, FloatHistogram) {
        let empty = layout.emptied
        var (sum, lost) = (sum.laid(out: empty), lost.laid(out: empty))
        let added = histogram.laid(out: empty)
        add(added.count, &sum.count, &lost.count)
        add(added.sum, &sum.sum, &lost.sum)
        add(added.zeroCount, &sum.zeroCount, &lost.zeroCount)
        add(added.positive, &sum.positive, &lost.positive)
        add(added.negative, &sum.negative, &lost.negative)
        sum.resetHint = layout.resetHint
        return (sum, lost)
    }

    private static func add(_ value: Double, _ sum: inout Double, _ lost: inout Double) {
        let next = sum + value
        if next.isInfinite {
            lost = 0
        } else if sum.magnitude >= value.magnitude {
            lost += (sum - next) + value
        } else {
            lost += (value - next) + sum
        }
        sum = next
    }

    private static func add(
        _ added: BucketSide, _ sum: inout BucketSide, _ lost: inout BucketSide
    ) {
        // Empty buckets make room for all numbers there are, so that all three have the same.
        let room = sum.plus(added.numbered, times: 0).plus(lost.numbered, times: 0).numbered
            .map { (number: $0.number, count: 0.0) }
        let values = added.plus(room, times: 1).numbered
        var sums = sum.plus(room, times: 1).numbered
        var losses = lost.plus(room, times: 1).numbered
        for index in values.indices {
            add(values[index].count, &sums[index].count, &losses[index].count)
        }
        sum = BucketSide(numbered: sums)
        lost = BucketSide(numbered: losses)
    }
}

extension FloatHistogram {
    /// A histogram of nothing with the same layout.
    fileprivate var emptied: FloatHistogram {
        var empty = FloatHistogram()
        empty.resetHint = resetHint
        empty.schema = schema
        empty.zeroThreshold = zeroThreshold
        empty.customBounds = customBounds
        return empty
    }

    /// The same in the layout of `empty`, which is as coarse or coarser.
    fileprivate func laid(out empty: FloatHistogram) -> FloatHistogram {
        combined(with: empty, isSum: true)?.histogram ?? self
    }

    fileprivate func corrected(by lost: FloatHistogram) -> FloatHistogram {
        var result = self
        if sum.isFinite { result.sum += lost.sum }
        if count.isFinite { result.count += lost.count }
        if zeroCount.isFinite { result.zeroCount += lost.zeroCount }
        func corrected(_ side: BucketSide, _ lost: BucketSide) -> BucketSide {
            side.plus(lost.numbered.filter { $0.count != 0 && $0.count.isFinite }, times: 1)
        }
        result.positive = corrected(positive, lost.positive)
        result.negative = corrected(negative, lost.negative)
        return result
    }

    /// Whether any of its numbers is too great.
    fileprivate var isOverflown: Bool {
        count.isInfinite || sum.isInfinite || zeroCount.isInfinite
            || positive.counts.contains { $0.isInfinite }
            || negative.counts.contains { $0.isInfinite }
    }
}

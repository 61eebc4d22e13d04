public import Model

/// The buckets of a histogram on one side of zero, in rising order of their numbers.
public struct BucketSide: Sendable, Hashable {
    /// The runs of buckets in use.
    public private(set) var spans: [NativeHistogram.Span] = []
    /// What each of them holds.
    public private(set) var counts: [Double] = []

    /// No bucket.
    public init() {}

    /// The buckets of these runs; counts for which there is no run are left out, and so are runs
    /// without counts.
    public init(_ spans: [NativeHistogram.Span], _ buckets: NativeHistogram.Buckets) {
        switch buckets {
        case .counts(let counts): self.counts = counts
        case .deltas(let deltas):
            var count: Int64 = 0
            counts.reserveCapacity(deltas.count)
            for delta in deltas {
                count &+= delta
                counts.append(Double(count))
            }
        }
        self.spans = spans
        let length = spans.reduce(0) { $0 + Int($1.length) }
        if length != counts.count { self = BucketSide(numbered: Array(prefix(length))) }
    }

    /// The buckets with these numbers, which rise.
    init(numbered buckets: [(number: Int32, count: Double)]) {
        counts.reserveCapacity(buckets.count)
        var next: Int32 = 0
        for (number, count) in buckets {
            counts.append(count)
            if let last = spans.last, number == next {
                spans[spans.count - 1] = NativeHistogram.Span(
                    offset: last.offset, length: last.length + 1)
            } else {
                spans.append(NativeHistogram.Span(offset: number &- next, length: 1))
            }
            next = number &+ 1
        }
    }

    /// The buckets with their numbers.
    var numbered: [(number: Int32, count: Double)] { Array(prefix(counts.count)) }

    /// Whether there is no bucket, not even an empty one.
    var isEmpty: Bool { counts.isEmpty }

    private func prefix(_ length: Int) -> [(number: Int32, count: Double)] {
        var buckets: [(number: Int32, count: Double)] = []
        buckets.reserveCapacity(counts.count)
        var number: Int32 = 0
        for span in spans {
            number &+= span.offset
            for _ in 0..<span.length where buckets.count < min(length, counts.count) {
                buckets.append((number, counts[buckets.count]))
                number &+= 1
            }
        }
        return buckets
    }

    /// The same without empty buckets.
    var compacted: BucketSide {
        guard counts.contains(0) || spans.dropFirst().contains(where: { $0.offset == 0 }) else {
            return self
        }
        return BucketSide(numbered: numbered.filter { $0.count != 0 })
    }

    func hasSameContent(as other: BucketSide) -> Bool {
        guard counts.count == other.counts.count else { return false }
        return zip(numbered, other.numbered).allSatisfy {
            $0.number == $1.number && $0.count.bitPattern == $1.count.bitPattern
        }
    }

    /// The same buckets with other counts.
    func mapped(_ change: (Double) -> Double) -> BucketSide {
        var result = self
        for index in counts.indices { result.counts[index] = change(counts[index]) }
        return result
    }

    /// The buckets of a coarser schema, `levels` below.
    func merged(by levels: Int32) -> BucketSide {
        guard levels > 0 else { return self }
        var merged: [(number: Int32, count: Double)] = []
        for (number, count) in numbered {
            let target = ((number &- 1) >> levels) &+ 1
            if let last = merged.last, last.number == target {
                merged[merged.count - 1].count += count
            } else {
                merged.append((target, count))
            }
        }
        return BucketSide(numbered: merged)
    }

    /// The counts of both, of `other` times `sign`.
    func plus(_ other: [(number: Int32, count: Double)], times sign: Double) -> BucketSide {
        if other.isEmpty { return self }
        let own = numbered
        var sum: [(number: Int32, count: Double)] = []
        sum.reserveCapacity(own.count + other.count)
        var (left, right) = (0, 0)
        while left < own.count || right < other.count {
            let isLeft =
                right == other.count
                || (left < own.count && own[left].number <= other[right].number)
            let isRight =
                left == own.count
                || (right < other.count && other[right].number <= own[left].number)
            if isLeft, isRight {
                sum.append((own[left].number, own[left].count + sign * other[right].count))
            } else if isLeft {
                sum.append(own[left])
            } else {
                sum.append((other[right].number, sign * other[right].count))
            }
            if isLeft { left += 1 }
            if isRight { right += 1 }
        }
        return BucketSide(numbered: sum)
    }
}

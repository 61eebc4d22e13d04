import Configuration
import Glibc
import Model

/// How fine a job's native histograms may be.
struct HistogramRules: Sendable, Hashable {
    /// The most buckets; 0 for no limit.
    private let bucketLimit: Int
    /// The finest schema whose buckets grow by the least factor at least.
    private let finestSchema: Int32

    private static let coarsest: Int32 = -4
    private static let finest: Int32 = 8

    init(_ job: ScrapeConfig) {
        bucketLimit = job.nativeHistogramBucketLimit
        finestSchema = Self.schema(growingBy: job.nativeHistogramMinBucketFactor)
    }

    /// Rules that change nothing.
    init() { (bucketLimit, finestSchema) = (0, Self.finest) }

    /// The finest schema in which a bucket is at least `factor` times as wide as the one before.
    static func schema(growingBy factor: Double) -> Int32 {
        guard factor > 1 else { return finest }
        let schema = (-log2(log2(factor))).rounded(.down)
        return Int32(min(max(schema, Double(coarsest)), Double(finest)))
    }

    /// The histogram as it is kept: as it is, or coarser.
    ///
    /// - Throws: where it has too many buckets even so.
    func apply(to histogram: NativeHistogram) throws(ScrapeError) -> NativeHistogram {
        var histogram = histogram
        let isExponential = histogram.schema != NativeHistogram.customSchema
        if isExponential, histogram.schema > finestSchema { histogram.coarsen(to: finestSchema) }
        guard bucketLimit > 0 else { return histogram }
        while histogram.positive.count + histogram.negative.count > bucketLimit {
            guard isExponential, histogram.schema > Self.coarsest else { throw .bucketLimit }
            histogram.coarsen(to: histogram.schema - 1)
        }
        return histogram
    }
}

extension NativeHistogram {
    /// Merges buckets until the histogram has a coarser schema.
    mutating func coarsen(to target: Int32) {
        let shift = schema - target
        guard shift > 0 else { return }
        (positiveSpans, positive) = positive.coarser(positiveSpans, by: shift)
        (negativeSpans, negative) = negative.coarser(negativeSpans, by: shift)
        schema = target
    }
}

extension NativeHistogram.Buckets {
    /// How many there are.
    var count: Int {
        switch self {
        case .deltas(let deltas): deltas.count
        case .counts(let counts): counts.count
        }
    }

    /// The same with 2^`shift` buckets in each.
    fileprivate func coarser(
        _ spans: [NativeHistogram.Span], by shift: Int32
    ) -> ([NativeHistogram.Span], NativeHistogram.Buckets) {
        switch self {
        case .counts(let counts):
            let (spans, merged) = Self.merge(counts, spans, by: shift)
            return (spans, .counts(merged))
        case .deltas(let deltas):
            var count: Int64 = 0
            let counts = deltas.map { delta in
                count &+= delta
                return count
            }
            let (spans, merged) = Self.merge(counts, spans, by: shift)
            var before: Int64 = 0
            return (
                spans,
                .deltas(
                    merged.map { count in
                        defer { before = count }
                        return count &- before
                    })
            )
        }
    }

    private static func merge<Count: AdditiveArithmetic>(
        _ counts: [Count], _ spans: [NativeHistogram.Span], by shift: Int32
    ) -> ([NativeHistogram.Span], [Count]) {
        var merged: [(index: Int32, count: Count)] = []
        var index: Int32 = 0
        var next = counts.startIndex
        for span in spans {
            index &+= span.offset
            for _ in 0..<span.length {
                guard next < counts.endIndex else { break }
                // Buckets end at whole powers, and the end belongs to the bucket.
                let place = ((index &- 1) >> shift) &+ 1
                if merged.last?.index == place {
                    merged[merged.count - 1].count += counts[next]
                } else {
                    merged.append((place, counts[next]))
                }
                index &+= 1
                next += 1
            }
        }
        return (runs(of: merged.map(\.index)), merged.map(\.count))
    }

    private static func runs(of places: [Int32]) -> [NativeHistogram.Span] {
        var spans: [NativeHistogram.Span] = []
        var end: Int32 = 0
        for place in places {
            if place == end, let last = spans.last {
                spans[spans.count - 1] = .init(offset: last.offset, length: last.length + 1)
            } else {
                spans.append(.init(offset: place &- end, length: 1))
            }
            end = place &+ 1
        }
        return spans
    }
}

import Model

/// A histogram's message: classic buckets, native ones, or both.
struct HistogramMessage {
    struct Bucket {
        var bound = 0.0
        var count = 0.0
        var exemplar: ExemplarMessage?
    }

    var wholeCount: UInt64 = 0
    var floatCount = 0.0
    var sum = 0.0
    var buckets: [Bucket] = []
    var schema: Int32 = 0
    var zeroThreshold = 0.0
    var wholeZeros: UInt64 = 0
    var floatZeros = 0.0
    var positive = Side()
    var negative = Side()
    var exemplars: [ExemplarMessage] = []

    /// The buckets on one side of zero.
    struct Side {
        var spans: [NativeHistogram.Span] = []
        var deltas: [Int64] = []
        var counts: [Double] = []

        /// The runs without those that hold no bucket: clients mark native histograms with one.
        var filledSpans: [NativeHistogram.Span] {
            var filled: [NativeHistogram.Span] = []
            var skipped: Int32 = 0
            for span in spans {
                skipped &+= span.offset
                guard span.length > 0 else { continue }
                filled.append(NativeHistogram.Span(offset: skipped, length: span.length))
                skipped = 0
            }
            return filled
        }

        /// Whether every bucket of the runs has its count, and no count is below zero.
        func isSound(isFloat: Bool) -> Bool {
            guard spans.dropFirst().allSatisfy({ $0.offset >= 0 }) else { return false }
            let buckets = spans.reduce(0) { $0 + Int($1.length) }
            if isFloat { return counts.count == buckets && counts.allSatisfy { $0 >= 0 } }
            var count: Int64 = 0
            for delta in deltas {
                let (sum, isOver) = count.addingReportingOverflow(delta)
                guard !isOver, sum >= 0 else { return false }
                count = sum
            }
            return deltas.count == buckets
        }
    }

    init() {}

    init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(MessageReader.Failure) {
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        while at < range.upperBound {
            let field = try MessageReader.field(part, &at)
            switch field.number {
            case 1: wholeCount = field.bits
            case 2: sum = field.double
            case 3: buckets.append(try Self.bucket(part, field.range))
            case 4: floatCount = field.double
            case 5: schema = Int32(truncatingIfNeeded: field.zigzag)
            case 6: zeroThreshold = field.double
            case 7: wholeZeros = field.bits
            case 8: floatZeros = field.double
            case 9: negative.spans.append(try MessageReader.span(part, field.range))
            case 10: try MessageReader.append(field, part, to: &negative.deltas)
            case 11: try MessageReader.append(field, part, to: &negative.counts)
            case 12: positive.spans.append(try MessageReader.span(part, field.range))
            case 13: try MessageReader.append(field, part, to: &positive.deltas)
            case 14: try MessageReader.append(field, part, to: &positive.counts)
            case 16: exemplars.append(ExemplarMessage(range: field.range))
            default: break
            }
        }
    }

    /// All observations, whole or not.
    var count: Double { floatCount == 0 ? Double(wholeCount) : floatCount }

    /// Whether it has native buckets; a client that fills none says so by an empty span.
    var isNative: Bool {
        !positive.spans.isEmpty || !negative.spans.isEmpty || zeroThreshold > 0 || wholeZeros > 0
            || floatZeros > 0
    }

    /// Whether counts need not be whole.
    private var isFloat: Bool { floatCount > 0 || floatZeros > 0 }

    /// What a native histogram lacks, or `nil` where it is one that can be kept.
    var nativeProblem: String? {
        guard -4...8 ~= schema else { return "a native histogram's schema from -4 to 8" }
        guard positive.isSound(isFloat: isFloat), negative.isSound(isFloat: isFloat) else {
            return "a native histogram with one count for each bucket of its spans"
        }
        return nil
    }

    /// The native histogram, its sign of direction left to the family's type.
    var native: NativeHistogram {
        var histogram = NativeHistogram()
        histogram.schema = schema
        histogram.zeroThreshold = zeroThreshold
        histogram.zeroCount = isFloat ? floatZeros : Double(wholeZeros)
        histogram.count = isFloat ? floatCount : Double(wholeCount)
        histogram.sum = sum
        histogram.positiveSpans = positive.filledSpans
        histogram.positive = isFloat ? .counts(positive.counts) : .deltas(positive.deltas)
        histogram.negativeSpans = negative.filledSpans
        histogram.negative = isFloat ? .counts(negative.counts) : .deltas(negative.deltas)
        return histogram
    }

    private static func bucket(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(MessageReader.Failure) -> Bucket {
        var bucket = Bucket()
        var whole: UInt64 = 0
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        while at < range.upperBound {
            let field = try MessageReader.field(part, &at)
            switch field.number {
            case 1: whole = field.bits
            case 2: bucket.bound = field.double
            case 3 where field.isBytes: bucket.exemplar = ExemplarMessage(range: field.range)
            case 4: bucket.count = field.double
            default: break
            }
        }
        if bucket.count == 0 { bucket.count = Double(whole) }
        return bucket
    }
}

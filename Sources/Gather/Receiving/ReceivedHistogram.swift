import Exposition
import Model

/// Native histograms as both messages of remote write have them.
enum ReceivedHistogram {
    /// The histogram in `range` and when it was said.
    static func read(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(MessageReader.Failure) -> (time: Int64, histogram: NativeHistogram) {
        var histogram = NativeHistogram()
        var time: Int64 = 0
        var (deltas, counts): (Sides<Int64>, Sides<Double>) = (Sides(), Sides())
        let span = bytes.extracting(0..<range.upperBound)
        var at = range.lowerBound
        while at < range.upperBound {
            let field = try MessageReader.field(span, &at)
            switch field.number {
            case 1: histogram.count = Double(field.bits)
            case 2: histogram.count = field.double
            case 3: histogram.sum = field.double
            case 4: histogram.schema = Int32(truncatingIfNeeded: field.zigzag)
            case 5: histogram.zeroThreshold = field.double
            case 6: histogram.zeroCount = Double(field.bits)
            case 7: histogram.zeroCount = field.double
            case 8: histogram.negativeSpans.append(try MessageReader.span(span, field.range))
            case 9: try MessageReader.append(field, span, to: &deltas.negative)
            case 10: try MessageReader.append(field, span, to: &counts.negative)
            case 11: histogram.positiveSpans.append(try MessageReader.span(span, field.range))
            case 12: try MessageReader.append(field, span, to: &deltas.positive)
            case 13: try MessageReader.append(field, span, to: &counts.positive)
            case 14: histogram.resetHint = .init(rawValue: UInt8(field.bits & 3)) ?? .unknown
            case 15: time = Int64(bitPattern: field.bits)
            case 16: try MessageReader.append(field, span, to: &histogram.customBounds)
            default: break
            }
        }
        let areCounts = !counts.positive.isEmpty || !counts.negative.isEmpty
        histogram.positive = areCounts ? .counts(counts.positive) : .deltas(deltas.positive)
        histogram.negative = areCounts ? .counts(counts.negative) : .deltas(deltas.negative)
        return (time, histogram)
    }

    /// What keeps `histogram` from being kept, as Prometheus sees it.
    static func fault(of histogram: NativeHistogram) -> String? {
        let isCustom = histogram.schema == NativeHistogram.customSchema
        guard isCustom || -4...8 ~= histogram.schema else {
            return "histogram has an invalid schema: \(histogram.schema)"
        }
        if isCustom {
            let bounds = histogram.customBounds
            guard zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }),
                bounds.allSatisfy(\.isFinite)
            else { return "histogram custom bounds are not finite, or not in order" }
            guard histogram.zeroCount == 0, histogram.negativeSpans.isEmpty else {
                return
                    "histogram with custom buckets must not have a zero bucket or a negative side"
            }
        }
        return fault(histogram.positiveSpans, histogram.positive, side: "positive")
            ?? fault(histogram.negativeSpans, histogram.negative, side: "negative")
    }

    private static func fault(
        _ spans: [NativeHistogram.Span], _ buckets: NativeHistogram.Buckets, side: String
    ) -> String? {
        guard spans.dropFirst().allSatisfy({ $0.offset >= 0 }) else {
            return "histogram has a \(side) span with a negative offset"
        }
        let wanted = spans.reduce(0) { $0 + Int($1.length) }
        switch buckets {
        case .deltas(let deltas):
            guard deltas.count == wanted else {
                return "histogram has \(deltas.count) \(side) buckets, its spans \(wanted)"
            }
            var count: Int64 = 0
            for delta in deltas {
                let (sum, isOver) = count.addingReportingOverflow(delta)
                guard !isOver, sum >= 0 else {
                    return "histogram has a \(side) bucket whose count is negative"
                }
                count = sum
            }
        case .counts(let counts):
            guard counts.count == wanted else {
                return "histogram has \(counts.count) \(side) buckets, its spans \(wanted)"
            }
            guard counts.allSatisfy({ $0 >= 0 }) else {
                return "histogram has a \(side) bucket whose count is negative"
            }
        }
        return nil
    }

    private struct Sides<Count> {
        var negative: [Count] = []
        var positive: [Count] = []
    }
}

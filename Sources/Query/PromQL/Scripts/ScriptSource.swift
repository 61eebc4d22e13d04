import Model
import Threads

/// What a script has loaded, in memory.
final class ScriptSource: SeriesSource {
    private struct Point {
        var value: ScriptValue
        var start: Timestamp
    }

    private let kept = Locked<[Labels: [Int64: Point]]>([:])

    func clear() { kept.withLock { $0 = [:] } }

    func load(_ load: ScriptLoad) {
        let classic = ClassicCollector(isWanted: load.makesNative)
        kept.withLock { kept in
            for (line, starts) in load.series {
                for (index, value) in line.values.enumerated() {
                    if case .absent = value { continue }
                    let time = Int64(index) * load.step.milliseconds
                    var start = Series.unknownStart
                    if index < starts.count, let offset = starts[index] {
                        start = Timestamp(milliseconds: time + offset.milliseconds)
                    }
                    kept[line.labels, default: [:]][time] = Point(value: value, start: start)
                    classic.add(line.labels, time, value)
                }
            }
            for (labels, time, histogram) in classic.histograms() {
                kept[labels, default: [:]][time] = Point(
                    value: .histogram(histogram, isHintTold: false), start: Series.unknownStart)
            }
        }
    }

    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        kept.withLock { kept in
            kept.filter { matchers.accept($0.key) }.compactMap { labels, points in
                let series = Self.series(labels, points, in: range)
                return series.times.isEmpty && series.histograms.isEmpty ? nil : series
            }
        }
    }

    private static func series(
        _ labels: Labels, _ points: [Int64: Point], in range: ClosedRange<Timestamp>
    ) -> Series {
        var times: [Timestamp] = []
        var values: [Double] = []
        var starts: [Timestamp] = []
        var histograms: [HistogramPoint] = []
        var hints = HintMemory()
        for (milliseconds, point) in points.sorted(by: { $0.key < $1.key }) {
            let time = Timestamp(milliseconds: milliseconds)
            switch point.value {
            case .absent: break
            case .float(let value):
                if value.isStaleMarker { hints.end() } else { hints.forget() }
                guard range.contains(time) else { continue }
                times.append(time)
                values.append(value)
                starts.append(point.start)
            case .histogram(var histogram, _):
                histogram.resetHint = hints.hint(of: histogram)
                guard range.contains(time) else { continue }
                histograms.append(
                    HistogramPoint(
                        time: time, histogram: NativeHistogram(histogram), start: point.start))
            }
        }
        let isStartKnown = starts.contains { $0 != Series.unknownStart }
        return Series(
            labels: labels, times: times, values: values, histograms: histograms,
            starts: isStartKnown ? starts : [])
    }
}

/// What a store knows of the way from one histogram to the next, as Prometheus's does.
private struct HintMemory {
    private var previous: FloatHistogram?

    /// A float came between.
    mutating func forget() { previous = nil }

    /// The series ended.
    mutating func end() { previous = nil }

    mutating func hint(of histogram: FloatHistogram) -> NativeHistogram.ResetHint {
        let before = previous
        previous = histogram
        if histogram.resetHint == .gauge { return .gauge }
        if histogram.resetHint == .reset { return .reset }
        guard let before, before.resetHint != .gauge else { return .unknown }
        var compared = histogram
        compared.resetHint = .unknown
        // Another layout begins a new chunk, of which nothing is said.
        guard before.schema == histogram.schema, before.zeroThreshold == histogram.zeroThreshold,
            before.customBounds == histogram.customBounds
        else { return .unknown }
        // Whether a chunk follows upon another is not known for sure once both are stored.
        return compared.isReset(after: before) ? .unknown : .notReset
    }
}

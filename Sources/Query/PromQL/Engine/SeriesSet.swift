import Model

/// The series of one read.
struct SeriesSet: Sendable {
    /// All of them, in the order of the source.
    let series: [Series]
    /// How many samples they have.
    let sampleCount: Int
    /// How long it took to read them.
    var time = Duration.zero

    init(_ series: [Series], tellsResets: Bool = false) {
        self.series = tellsResets ? series.map(\.tellingResets) : series
        var count = 0
        for one in series { count += one.values.count + one.histograms.count }
        sampleCount = count
    }
}

extension [Double] {
    /// Whether a stale marker is among them.
    var containsStaleMarker: Bool {
        // No early end: without one the compiler compares many at a time.
        var found = false
        for value in self where value.bitPattern == StaleMarker.bits { found = true }
        return found
    }
}

/// Where the samples of a range begin and end, for every step: found once for all series that
/// share their instants.
struct WindowBounds: Sendable {
    /// The first sample of each step's range.
    private(set) var first: [Int32]
    /// The place behind the last.
    private(set) var end: [Int32]

    /// The ranges `(reference - before, reference + after]` in `times`, oldest first.
    init(
        _ times: [Timestamp], _ steps: Steps, _ reference: Reference, before: Int64,
        after: Int64 = 0
    ) {
        first = []
        end = []
        first.reserveCapacity(steps.count)
        end.reserveCapacity(steps.count)
        var low = 0
        var high = 0
        let span = times.span
        for index in 0..<steps.count {
            let now = reference.time(from: steps[index])
            let upper = now &+ after
            let lower = now &- before
            while high < span.count, span[high].milliseconds <= upper { high += 1 }
            while low < high, span[low].milliseconds <= lower { low += 1 }
            first.append(Int32(truncatingIfNeeded: low))
            end.append(Int32(truncatingIfNeeded: high))
        }
    }
}

/// Which sample is the current one at every step, or -1: found once for all series that share
/// their instants.
struct Picks: Sendable {
    private(set) var places: [Int32]

    /// The newest of `times` at most `lookback` old.
    init(_ times: [Timestamp], _ steps: Steps, _ reference: Reference, lookback: Int64) {
        places = []
        places.reserveCapacity(steps.count)
        let span = times.span
        var end = 0
        for index in 0..<steps.count {
            let now = reference.time(from: steps[index])
            while end < span.count, span[end].milliseconds <= now { end += 1 }
            let isCurrent = end > 0 && span[end - 1].milliseconds > now &- lookback
            places.append(isCurrent ? Int32(truncatingIfNeeded: end - 1) : -1)
        }
    }
}

/// Keeps what was found for an array of instants for the next series that has the same array.
struct SharedByTimes<Found> {
    private var known: [UInt: Found] = [:]
    private var last: (address: UInt, count: Int)?
    private var lastFound: Found?

    /// What was found for `times`, or what `find` finds.
    mutating func found(for times: [Timestamp], _ find: () -> Found) -> Found {
        // Safe: the address is a name here, and the array lives longer than this table.
        let address = unsafe times.withUnsafeBufferPointer { buffer in
            UInt(bitPattern: buffer.baseAddress)
        }
        if let last, last.address == address, last.count == times.count, let lastFound {
            return lastFound
        }
        let key = address ^ (UInt(bitPattern: times.count) << 48)
        let result = known[key] ?? find()
        // Series with instants of their own would only fill it.
        if known.count < 4096 { known[key] = result }
        last = (address, times.count)
        lastFound = result
        return result
    }
}

extension Series {
    /// The same, each histogram of which nothing is known compared with the one before.
    fileprivate var tellingResets: Series {
        guard histograms.contains(where: { $0.histogram.resetHint == .unknown }) else {
            return self
        }
        var told: [HistogramPoint] = []
        told.reserveCapacity(histograms.count)
        var previous: FloatHistogram?
        for point in histograms {
            var native = point.histogram
            if native.sum.isStaleMarker {
                previous = nil
                told.append(point)
                continue
            }
            let histogram = FloatHistogram(native)
            if native.resetHint == .unknown, let previous {
                native.resetHint = histogram.isReset(after: previous) ? .reset : .notReset
            }
            previous = histogram
            told.append(HistogramPoint(time: point.time, histogram: native, start: point.start))
        }
        return Series(
            labels: labels, times: times, values: values, histograms: told, starts: starts)
    }
}

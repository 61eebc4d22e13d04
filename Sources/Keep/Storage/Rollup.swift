import Head
public import Model

/// Series of which coarse values are kept beyond the samples.
public struct RollupRule: Sendable, Hashable {
    /// Which series.
    public let selector: Selector
    /// Over which spans: each divides a day into 960 parts at most.
    public let every: [TimeSpan]
    /// For how long.
    public let keep: TimeSpan

    /// The longest row of buckets that a day may have.
    static let mostBuckets = Int64(Chunk.maximumTicks)

    /// Keeps what `selector` selects, rolled up over each of `every`, for `keep`; spans that do not
    /// divide a day are left out.
    public init(_ selector: Selector, every: [TimeSpan], keep: TimeSpan) {
        self.selector = selector
        self.every = every.filter { span in
            let day = Partitions.day.milliseconds
            return span.milliseconds >= 1000 && span.milliseconds % 1000 == 0
                && day % span.milliseconds == 0 && day / span.milliseconds <= Self.mostBuckets
        }
        self.keep = keep
    }
}

/// One of the values that a bucket of samples becomes.
enum RollupKind: Int32, CaseIterable {
    case count, min, max, sum, first, last, increase

    var name: String { "\(self)" }

    /// What a query calls it: `5m:max`.
    func name(of step: TimeSpan) -> String { "\(step):\(name)" }

    /// The number of a row of such values.
    func number(of step: TimeSpan) -> Int32 { Int32(step.milliseconds / 1000) * 8 + rawValue }
}

/// What a series said, bucket by bucket.
///
/// A bucket reaches from its beginning up to its end, which does not belong to it; its value stands
/// at its end.
struct RollupColumns {
    /// By kind, `Absent` in buckets in which nothing was said.
    private(set) var columns: [[Double]]

    /// Between samples further apart than this nothing is counted as increase.
    static let reach = TimeSpan.hours(1)

    /// Rolls up what was said from `start` on; what was said before only tells where increases begin.
    init(_ times: [Timestamp], _ values: [Double], from start: Int64, step: Int64, buckets: Int) {
        let nothing = [Double](repeating: Absent.value, count: buckets)
        columns = Array(repeating: nothing, count: RollupKind.allCases.count)
        var bucket = Bucket()
        var place = -1
        var before: (time: Int64, value: Double)?
        for (time, value) in zip(times, values) where !value.isStaleMarker {
            let time = time.milliseconds
            defer { before = (time, value) }
            guard time >= start else { continue }
            let number = Int((time - start) / step)
            guard number < buckets else { break }
            if number != place {
                if place >= 0 { write(bucket, at: place) }
                (bucket, place) = (Bucket(), number)
            }
            let isNear = before.map { time - $0.time <= Self.reach.milliseconds } ?? false
            bucket.add(value, after: isNear ? before?.value : nil)
        }
        if place >= 0 { write(bucket, at: place) }
    }

    /// The values of `kinds` that are there, and what follows from them.
    init(_ known: [RollupKind: [Double]]) {
        let (count, low) = (known[.count] ?? [], known[.min] ?? [])
        columns = RollupKind.allCases.map { kind in
            if let column = known[kind] { return column }
            switch kind {
            case .sum: return zip(count, low).map { $0.isAbsent ? $0 : $0 * $1 }
            case .increase: return low.map { $0.isAbsent ? $0 : 0 }
            default: return low
            }
        }
    }

    subscript(kind: RollupKind) -> [Double] {
        get { columns[Int(kind.rawValue)] }
        set { columns[Int(kind.rawValue)] = newValue }
    }

    /// Whether no bucket says anything.
    var isEmpty: Bool { self[.count].allSatisfy(\.isAbsent) }

    /// The kinds that do not follow from the others.
    var needed: [RollupKind] {
        let derived = RollupColumns([.count: self[.count], .min: self[.min]])
        return RollupKind.allCases.filter { kind in
            kind == .count || kind == .min
                || zip(self[kind], derived[kind]).contains { $0.bitPattern != $1.bitPattern }
        }
    }

    private mutating func write(_ bucket: Bucket, at place: Int) {
        self[.count][place] = bucket.count
        self[.min][place] = bucket.low
        self[.max][place] = bucket.high
        self[.sum][place] = bucket.sum + bucket.rest
        self[.first][place] = bucket.first
        self[.last][place] = bucket.last
        self[.increase][place] = bucket.increase
    }

    private struct Bucket {
        var count = 0.0
        var low = Double.nan
        var high = Double.nan
        var sum = 0.0
        var rest = 0.0
        var first = 0.0
        var last = 0.0
        var increase = 0.0

        mutating func add(_ value: Double, after before: Double?) {
            if count == 0 { first = value }
            count += 1
            last = value
            if !(low <= value) { low = value.isNaN ? low : value }
            if !(high >= value) { high = value.isNaN ? high : value }
            // Neumaier's sum, as PromQL has it.
            let total = sum + value
            if total.isInfinite {
                rest = 0
            } else if sum.magnitude >= value.magnitude {
                rest += (sum - total) + value
            } else {
                rest += (value - total) + sum
            }
            sum = total
            if let before { increase += value < before ? value : value - before }
        }
    }
}

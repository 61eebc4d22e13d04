public import Model

/// What one scrape yields: columns, and what differs from the scrape before.
///
/// A series is known by a small number of its target's own. Its labels are told once, in
/// `newSeries`; whoever keeps what he made of them can go from number to stored series for as long
/// as the number is not in `retired`.
public struct ScrapeBatch: ~Copyable {
    /// The series of each sample, in the body's order.
    public internal(set) var series: [UInt32] = []
    /// The value of each sample.
    public internal(set) var values: [Double] = []
    /// The milliseconds of each sample, `noTime` where it has none; empty where none has one.
    public internal(set) var times: [Int64] = []

    /// Whether `series` is what it was in the last good scrape, number by number.
    public internal(set) var isSameLayout = false
    /// Series whose numbers mean something new from this scrape on.
    public internal(set) var newSeries: [NewSeries] = []
    /// Series of the last good scrape that are not in this one.
    public internal(set) var gone: [UInt32] = []
    /// Numbers that mean nothing from now on; `newSeries` may use them
    /// again at once, so look at these first.
    public internal(set) var retired: [UInt32] = []

    /// Families whose type, unit or help is new or other than before.
    public internal(set) var metadata: [FamilyMetadata] = []
    /// Exemplars, in the body's order.
    public internal(set) var exemplars: [Exemplar] = []
    /// Native histograms, in the body's order; their series stand in no column.
    public internal(set) var histograms: [HistogramSample] = []

    /// How many samples were left out, as `parse_errors` asks.
    public internal(set) var skipped = 0
    /// The first few lines that could not be read and were left out.
    public internal(set) var faults: [ExpositionError] = []

    /// The time of a sample that has none of its own.
    public static let noTime = Int64.min

    /// How many samples there are, not counting native histograms.
    public var count: Int { values.count }

    init() {}

    /// Empties what belongs to one scrape alone; columns stay for the next one's sake.
    mutating func begin() {
        isSameLayout = false
        newSeries.removeAll(keepingCapacity: true)
        gone.removeAll(keepingCapacity: true)
        retired.removeAll(keepingCapacity: true)
        metadata.removeAll(keepingCapacity: true)
        exemplars.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
        skipped = 0
        faults.removeAll(keepingCapacity: true)
    }
}

/// A series seen for the first time.
public struct NewSeries: Sendable, Hashable {
    /// Its number.
    public let number: UInt32
    /// Its labels, the metric's name among them.
    public let labels: Labels
}

/// A family's name and what is said of it.
public struct FamilyMetadata: Sendable, Hashable {
    /// The family's name, as its `TYPE` line gives it.
    public let family: String
    /// Type, unit and help.
    public let metadata: MetricMetadata
}

/// An example of what a sample counts.
public struct Exemplar: Sendable, Hashable {
    /// The number of the series that it belongs to.
    public let series: UInt32
    /// The exemplar's own labels, such as `trace_id`.
    public let labels: Labels
    /// The value observed.
    public let value: Double
    /// When, where it says so.
    public let time: Timestamp?
}

/// A native histogram and its series.
public struct HistogramSample: Sendable, Hashable {
    /// The number of its series.
    public let series: UInt32
    /// When, where it says so.
    public let time: Timestamp?
    /// The histogram.
    public let histogram: NativeHistogram
}

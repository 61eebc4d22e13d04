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
    /// Series whose samples are only parts of native histograms from this scrape on: they have a
    /// place in the columns, and nobody is to keep them.
    public internal(set) var folded: [UInt32] = []
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
        // Their memory too: most of it is needed in a target's first scrape only.
        (newSeries, gone, retired, metadata) = ([], [], [], [])
        (exemplars, histograms, folded) = ([], [], [])
        skipped = 0
        faults = []
    }
}

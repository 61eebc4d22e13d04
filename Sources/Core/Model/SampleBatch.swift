/// What one clock said at one instant, in columns: it is stored whole or not at all.
///
/// A clock is one source of instants: a scraped target, a rule group, a sender. It knows its series
/// by small numbers of its own, told once in `newSeries`, so that a tick whose series are those of
/// the tick before costs no look-up at all. A stale marker is a value among the others.
public struct SampleBatch: Sendable {
    /// The instant of all samples that have none of their own.
    public var time: Timestamp
    /// The series of each sample.
    public var series: [UInt32] = []
    /// The value of each sample.
    public var values: [Double] = []
    /// The milliseconds of each sample, `noTime` where it has none; empty where none has one.
    public var times: [Int64] = []

    /// Whether `series` is what it was in the batch before, number by number.
    public var isSameLayout = false
    /// Series whose numbers mean something new from this batch on.
    public var newSeries: [NewSeries] = []
    /// Numbers that mean nothing once this batch is stored; a later batch may use them again.
    public var retired: [UInt32] = []

    /// Families whose type, unit or help is new or other than before.
    public var metadata: [FamilyMetadata] = []
    /// Exemplars, in no order.
    public var exemplars: [Exemplar] = []
    /// Native histograms; their series stand in no column.
    public var histograms: [HistogramSample] = []

    /// The time of a sample that has none of its own.
    public static let noTime = Int64.min

    /// A batch without samples.
    public init(time: Timestamp) { self.time = time }

    /// Empties it for the next instant; the columns keep their room.
    public mutating func begin(at time: Timestamp) {
        self.time = time
        series.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        isSameLayout = false
        newSeries.removeAll(keepingCapacity: true)
        retired.removeAll(keepingCapacity: true)
        metadata.removeAll(keepingCapacity: true)
        exemplars.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
    }
}

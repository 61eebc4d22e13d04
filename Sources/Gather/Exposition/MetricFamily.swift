public import Model

/// A metric family as the writers take it: a name, what is said of it, and its samples.
public struct MetricFamily: Sendable, Hashable {
    /// The family's name; samples may have suffixes to it.
    public var name: String
    /// Type, unit and help.
    public var metadata: MetricMetadata
    /// The samples, those of one metric beside each other.
    public var points: [MetricPoint]

    /// A family of these.
    public init(_ name: String, _ metadata: MetricMetadata, _ points: [MetricPoint]) {
        self.name = name
        self.metadata = metadata
        self.points = points
    }
}

/// One sample as the writers take it.
public struct MetricPoint: Sendable, Hashable {
    /// What stands behind the family's name: `_bucket`, say, or nothing.
    public var suffix: String
    /// The labels, without the metric's name.
    public var labels: [Label]
    /// The value; nothing that counts where there is a histogram.
    public var value: Double
    /// When, where it says so.
    public var time: Timestamp?
    /// Examples of what is counted; only OpenMetrics and protobuf have room for one, and only
    /// native histograms for more.
    public var exemplars: [PointExemplar]
    /// A native histogram in place of the value.
    ///
    /// Protobuf has room for it. With bounds of its own it is written as classic buckets in every
    /// format; otherwise text formats leave it out.
    public var histogram: NativeHistogram?

    /// The first of the exemplars.
    public var exemplar: PointExemplar? {
        get { exemplars.first }
        set { exemplars = newValue.map { [$0] } ?? [] }
    }

    /// A sample of these.
    public init(
        _ suffix: String = "", _ labels: [Label] = [], _ value: Double, time: Timestamp? = nil,
        exemplar: PointExemplar? = nil
    ) {
        self.suffix = suffix
        self.labels = labels
        self.value = value
        self.time = time
        exemplars = exemplar.map { [$0] } ?? []
    }

    /// A native histogram, which has the family's own name.
    ///
    /// Classic samples of the same metric may stand beside it: `_bucket` and so on.
    public init(
        _ labels: [Label] = [], _ histogram: NativeHistogram, time: Timestamp? = nil,
        exemplars: [PointExemplar] = []
    ) {
        suffix = ""
        self.labels = labels
        value = histogram.sum
        self.time = time
        self.exemplars = exemplars
        self.histogram = histogram
    }
}

/// An exemplar as the writers take it.
public struct PointExemplar: Sendable, Hashable {
    /// Its labels, such as `trace_id`.
    public var labels: [Label]
    /// The value observed.
    public var value: Double
    /// When, where it says so.
    public var time: Timestamp?

    /// An exemplar of these.
    public init(_ labels: [Label], _ value: Double, time: Timestamp? = nil) {
        self.labels = labels
        self.value = value
        self.time = time
    }
}

/// A series seen for the first time.
public struct NewSeries: Sendable, Hashable {
    /// Its number.
    public let number: UInt32
    /// Its labels, the metric's name among them.
    public let labels: Labels

    /// A series that goes by `number` from now on.
    public init(number: UInt32, labels: Labels) {
        self.number = number
        self.labels = labels
    }
}

/// A family's name and what is said of it.
public struct FamilyMetadata: Sendable, Hashable {
    /// The family's name, as its `TYPE` line gives it.
    public let family: String
    /// Type, unit and help.
    public let metadata: MetricMetadata

    /// What is said of `family`.
    public init(family: String, metadata: MetricMetadata) {
        self.family = family
        self.metadata = metadata
    }
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

    /// An example of the series with this number.
    public init(series: UInt32, labels: Labels, value: Double, time: Timestamp?) {
        self.series = series
        self.labels = labels
        self.value = value
        self.time = time
    }
}

/// A native histogram and its series.
public struct HistogramSample: Sendable, Hashable {
    /// The number of its series.
    public let series: UInt32
    /// When, where it says so.
    public let time: Timestamp?
    /// The histogram.
    public let histogram: NativeHistogram

    /// What the series with this number said.
    public init(series: UInt32, time: Timestamp?, histogram: NativeHistogram) {
        self.series = series
        self.time = time
        self.histogram = histogram
    }
}

/// What a series once counted, as an example.
public struct ExemplarPoint: Sendable, Hashable {
    /// The exemplar's own labels, such as `trace_id`.
    public let labels: Labels
    /// The value observed.
    public let value: Double
    /// When.
    public let time: Timestamp

    /// An example of these.
    public init(labels: Labels, value: Double, time: Timestamp) {
        self.labels = labels
        self.value = value
        self.time = time
    }
}

/// A series and its exemplars.
public struct ExemplarSeries: Sendable, Hashable {
    /// Which series it is, its name among them.
    public let labels: Labels
    /// Its exemplars, oldest first.
    public let exemplars: [ExemplarPoint]

    /// The exemplars of one series.
    public init(labels: Labels, exemplars: [ExemplarPoint]) {
        self.labels = labels
        self.exemplars = exemplars
    }
}

/// Where exemplars are read.
public protocol ExemplarSource: Sendable {
    /// The exemplars in `range` of the series that meet all `matchers`, each label set once, in no
    /// particular order; both ends belong to the range.
    func exemplars(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [ExemplarSeries]
}

/// Where series are erased on demand.
public protocol SeriesEraser: Sendable {
    /// Erases what the series that meet all `matchers` said in `range`, wherever it is kept; both
    /// ends belong to the range. Says how many series that touched.
    func erase(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> Int
}

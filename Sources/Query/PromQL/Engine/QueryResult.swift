public import Model

/// What a query yielded.
public struct QueryResult: Sendable {
    /// The values.
    public var value: QueryValue
    /// What may make the values wrong, each with its place in the query.
    public var warnings: [String] = []
    /// What is worth knowing, each with its place in the query.
    public var infos: [String] = []
    /// What it cost.
    public var statistics = QueryStatistics()
    /// What each part of it cost, where that was asked for.
    public var explanation: ExplainedNode?

    /// A result without remarks.
    public init(_ value: QueryValue) { self.value = value }
}

/// Values in the shape that the expression asks for.
public enum QueryValue: Sendable {
    /// One number.
    case scalar(Sample)
    /// A text.
    case string(String, at: Timestamp)
    /// One value for each series, in the order that the expression gave.
    case vector([VectorElement])
    /// Values over time, ordered by labels.
    case matrix([MatrixSeries])
}

/// A series' value at an instant.
public struct VectorElement: Sendable {
    /// Which series it is.
    public var labels: Labels
    /// When.
    public var time: Timestamp
    /// The value; of no meaning where there is a histogram.
    public var value: Double
    /// The histogram, where the value is one.
    public var histogram: FloatHistogram?

    /// A series' value.
    public init(labels: Labels, time: Timestamp, value: Double, histogram: FloatHistogram? = nil) {
        self.labels = labels
        self.time = time
        self.value = value
        self.histogram = histogram
    }
}

/// A series' values over time.
public struct MatrixSeries: Sendable {
    /// Which series it is.
    public var labels: Labels
    /// The instants of `values`; series without gaps share one array.
    public var times: [Timestamp]
    /// The values that are numbers.
    public var values: [Double]
    /// The values that are histograms, at instants of their own.
    public var histograms: [HistogramValue]

    /// A histogram and when.
    public struct HistogramValue: Sendable {
        /// When.
        public var time: Timestamp
        /// The histogram.
        public var histogram: FloatHistogram

        /// A histogram at an instant.
        public init(time: Timestamp, histogram: FloatHistogram) {
            self.time = time
            self.histogram = histogram
        }
    }

    /// A series of these columns.
    public init(
        labels: Labels, times: [Timestamp], values: [Double], histograms: [HistogramValue] = []
    ) {
        self.labels = labels
        self.times = times
        self.values = values
        self.histograms = histograms
    }
}

/// What a query cost.
public struct QueryStatistics: Sendable {
    /// Samples that were looked at, once for each step that saw them.
    public var totalSamples = 0
    /// The most samples that were in memory at once.
    public var peakSamples = 0
    /// Samples that were read from the source.
    public var samplesRead = 0
    /// Series that were read from the source.
    public var seriesRead = 0
    /// How long it waited for others to end.
    public var queueTime = Duration.zero
    /// How long it took to read the text and the series.
    public var preparationTime = Duration.zero
    /// How long it took to evaluate.
    public var evaluationTime = Duration.zero
    /// How long it took to put the result in order.
    public var sortTime = Duration.zero

    /// Nothing yet.
    public init() {}
}

/// What a part of an expression cost.
public struct ExplainedNode: Sendable {
    /// The part, as it would be written.
    public var expression: String
    /// How it was done, in a few words.
    public var method: String
    /// How many series it yielded.
    public var series: Int
    /// How many values it yielded.
    public var samples: Int
    /// How much memory these take.
    public var bytes: Int
    /// How long it took, its parts among it.
    public var time: Duration
    /// Its parts.
    public var parts: [ExplainedNode]
}

/// What kind of metric a family is, in OpenMetrics's words.
public enum MetricType: String, Sendable, Hashable, CaseIterable {
    /// Nothing is known of it; classic text calls it `untyped`.
    case unknown
    /// Counts up, and begins at zero again after a restart.
    case counter
    /// Goes up and down.
    case gauge
    /// Counts observations in buckets.
    case histogram
    /// Buckets whose counts go up and down.
    case gaugehistogram
    /// Quantiles that the target reckons itself.
    case summary
    /// Facts as labels; the value is 1.
    case info
    /// States of which some hold.
    case stateset
}

/// What a target says of a metric family beside its samples.
public struct MetricMetadata: Sendable, Hashable {
    /// The family's kind.
    public var type: MetricType
    /// The family's unit, or an empty text.
    public var unit: String
    /// The family's description, or an empty text.
    public var help: String

    /// Metadata of these three.
    public init(type: MetricType = .unknown, unit: String = "", help: String = "") {
        self.type = type
        self.unit = unit
        self.help = help
    }
}

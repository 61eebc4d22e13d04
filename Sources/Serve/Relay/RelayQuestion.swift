public import Exposition
public import Model
public import Telemetry

/// What somebody who scrapes Weir asks for.
public struct RelayQuestion: Sendable {
    /// How families are shown.
    public enum Form: Sendable, Hashable {
        /// Whole, with their types.
        case metrics
        /// As Prometheus federates: untyped, name by name, each sample with its time.
        case federate
    }

    /// How families are shown.
    public var form: Form
    /// The format of the body.
    public var format: ExpositionFormat
    /// How names are written in it.
    public var escaping: NameEscaping
    /// What is asked for, one of these; `nil` for everything.
    public var selectors: [[Matcher]]?
    /// What the caller is bound to; where it is not empty nothing is shared with other callers.
    public var binding: [Matcher] = []
    /// How old a sample may be.
    public var maximumAge: TimeSpan
    /// How samples are shown.
    public var options: RelayOptions
    /// Weir's own metrics, where they are asked for.
    public var own: [Telemetry.MetricFamily] = []
    /// Whether there are series beside them.
    public var hasSeries = true
    /// Only what is other than in the body with this cursor, where it is known.
    public var cursor: String?
    /// Whether the body may be packed by gzip.
    public var takesGzip = false

    /// A question for everything in `format`.
    public init(
        _ form: Form = .metrics, _ format: ExpositionFormat, escaping: NameEscaping = .allowUTF8,
        options: RelayOptions = RelayOptions()
    ) {
        self.form = form
        self.format = format
        self.escaping = escaping
        self.options = options
        maximumAge = options.maximumAge
    }

    /// The selectors with the binding in each, `nil` where all of it is everything.
    var conditions: [[Matcher]]? {
        guard let selectors else { return binding.isEmpty ? nil : [binding] }
        return selectors.map { binding + $0 }
    }
}

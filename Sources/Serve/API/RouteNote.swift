/// What people and programs are told of a route: what it takes, and what it gives.
public struct RouteNote: Sendable {
    /// One thing that a route reads from the query, the form or the path.
    public struct Parameter: Sendable {
        /// What a parameter's text has to be.
        public enum Kind: Sendable {
            /// Any text.
            case text
            /// One of these.
            case choice([String])
            /// `true` or `false`, as Go reads them.
            case truth
            /// A whole number from here on.
            case number(from: Int)
            /// Seconds since 1970 or RFC 3339.
            case time
            /// Seconds, or such as `5m`.
            case span
            /// An expression in PromQL.
            case expression
            /// A selector of series.
            case selector
        }

        /// The name.
        public let name: String
        /// What its text has to be.
        public let kind: Kind
        /// What it means.
        public let meaning: String
        /// Whether the route refuses a request without it.
        public var isRequired = false
        /// Whether it may be given several times.
        public var isList = false
        /// Whether it is read from the URL alone, whatever the method.
        public var isOfURL = false
    }

    /// What a success looks like.
    public enum Answer: Sendable {
        /// Prometheus's envelope with this in `data`.
        case data(DataShape)
        /// Plain text.
        case text
        /// A page of metrics.
        case metrics
        /// JSON without an envelope.
        case json
        /// Lines of JSON.
        case lines
        /// A stream of events.
        case events
        /// YAML.
        case yaml
        /// Nothing: 204.
        case nothing
    }

    /// What `data` is, as far as it is told.
    public enum DataShape: Sendable {
        case object, list, texts, text, labelSets, queryResult
    }

    /// A short sentence.
    public let summary: String
    /// What it takes.
    public var parameters: [Parameter]
    /// What it gives.
    public var answer: Answer
    /// Whether it may have nothing to give: 204.
    public var mayBeEmpty = false
    /// Statuses that it answers with beside those of all routes.
    public var statuses: [Int] = []

    /// A note of these.
    public init(
        _ summary: String, _ parameters: [Parameter] = [], answer: Answer,
        mayBeEmpty: Bool = false, statuses: [Int] = []
    ) {
        self.summary = summary
        self.parameters = parameters
        self.answer = answer
        self.mayBeEmpty = mayBeEmpty
        self.statuses = statuses
    }
}

extension RouteNote.Parameter {
    static func query(_ meaning: String = "An expression in PromQL.") -> Self {
        Self(name: "query", kind: .expression, meaning: meaning, isRequired: true)
    }

    static let matches = Self(
        name: "match[]", kind: .selector, meaning: "A selector; series that one of them selects.",
        isList: true)
    static let start = Self(name: "start", kind: .time, meaning: "The first instant.")
    static let end = Self(name: "end", kind: .time, meaning: "The last instant.")
    static let limit = Self(
        name: "limit", kind: .number(from: 0), meaning: "The most results; 0 for all.")
    static let timeout = Self(
        name: "timeout", kind: .span, meaning: "How long it may take, at most --query.timeout.")
    static let lookback = Self(
        name: "lookback_delta", kind: .span, meaning: "How far back an instant looks for a sample.")
    static let statistics = Self(
        name: "stats", kind: .text, meaning: "`true` or `all`: with statistics of the query.")
    static let metric = Self(name: "metric", kind: .text, meaning: "The name of one metric.")
    static let pool = Self(
        name: "scrapePool", kind: .text, meaning: "The name of one job.", isOfURL: true)

    static func text(_ name: String, _ meaning: String) -> Self {
        Self(name: name, kind: .text, meaning: meaning)
    }

    var required: Self {
        var copy = self
        copy.isRequired = true
        return copy
    }

    var ofURL: Self {
        var copy = self
        copy.isOfURL = true
        return copy
    }
}

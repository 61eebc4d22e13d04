public import Model

/// The limits of an engine and the parts of the language that it knows.
public struct EngineOptions: Sendable {
    /// The most samples that one query may hold in memory: `--query.max-samples`.
    public var maximumSamples = 50_000_000
    /// The longest that one query may take: `--query.timeout`.
    public var timeout = Duration.seconds(120)
    /// The most queries at a time: `--query.max-concurrency`.
    public var maximumConcurrency = 20
    /// How old a sample may be and still be the current one: `--query.lookback-delta`.
    public var lookback = TimeSpan.minutes(5)
    /// The step of subqueries that name none.
    public var subqueryStep = TimeSpan.minutes(1)
    /// The parts of the language that have to be enabled.
    public var language = LanguageOptions()
    /// Whether names are dropped at the end and not on the way: `promql-delayed-name-removal`.
    public var delaysNameRemoval = false
    /// Whether `__type__` tells counters, and not the name: `type-and-unit-labels`.
    public var usesTypeLabels = false
    /// Whether the start of counting tells resets: `use-start-timestamps`.
    public var usesStartTimes = false

    /// Prometheus's own limits.
    public init() {}

    /// Enables a part by the name that `--enable-feature` gives it; false if there is none.
    public mutating func enable(_ feature: String) -> Bool {
        switch feature {
        case "promql-delayed-name-removal": delaysNameRemoval = true
        case "type-and-unit-labels": usesTypeLabels = true
        case "use-start-timestamps": usesStartTimes = true
        default: return language.enable(feature)
        }
        return true
    }
}

/// What a single query may ask for besides its text.
public struct QueryOptions: Sendable {
    /// A shorter time than the engine's.
    public var timeout: Duration?
    /// Another lookback than the engine's.
    public var lookback: TimeSpan?
    /// Whether to tell what each part cost.
    public var explains = false

    /// What the engine says.
    public init() {}
}

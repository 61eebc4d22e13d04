public import Model
public import Postgres

/// How much one question may take.
public struct ReadLimits: Sendable {
    /// The most series.
    public var series = 1_000_000
    /// The most samples.
    public var samples = 50_000_000
    /// The most rows of any kind that the server sends for them.
    public var rows = 5_000_000

    /// No limits, for work that bounds itself.
    static let none = ReadLimits(most: .max / 2)

    private init(most: Int) { (series, samples, rows) = (most, most, most) }

    /// Limits as Prometheus has them, nearly.
    public init() {}
}

/// What PostgreSQL holds, as series: hot rows, chunks and late samples, each sample once.
public struct History: SeriesSource {
    private let pool: PostgresPool
    let limits: ReadLimits

    /// A reader through `pool`.
    public init(pool: PostgresPool, limits: ReadLimits = ReadLimits()) {
        self.pool = pool
        self.limits = limits
    }

    /// The series that meet `matchers` and said something in `range`; a cancelled task stops the
    /// server too.
    public func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        try await read { connection throws(PostgresError) in
            try HistoryReading(matchers: matchers, range: Self.storable(range), limits: limits)
                .series(connection)
        }
    }

    /// The label sets of series that said something about then.
    public func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [Labels] {
        try await read { connection throws(PostgresError) in
            try HistoryReading(matchers: matchers, range: Self.storable(range), limits: limits)
                .labelSets(connection, limit: limit)
        }
    }

    func read<Value: Sendable>(
        _ body:
            @Sendable (borrowing PostgresConnection) throws(PostgresError) ->
            Result<Value, SourceError>
    ) async throws(SourceError) -> Value {
        let outcome: Result<Value, SourceError>
        do throws(PostgresError) {
            // One state of things: what is sealed meanwhile is neither missed nor seen twice.
            outcome = try await pool.run { connection throws(PostgresError) in
                try connection.transaction(.snapshot, body)
            }
        } catch {
            throw error == .cancelled ? .cancelled : .unavailable(reason: error.description)
        }
        return try outcome.get()
    }

    /// The part of `range` that can hold samples.
    static func storable(_ range: ClosedRange<Timestamp>) -> ClosedRange<Timestamp> {
        range.clamped(to: Partitions.storable)
    }
}

// Storage: samples in plain PostgreSQL, as small as a file format and readable with SQL.
// In: ticks of the head (`TickLog`). Out: series (`SeriesSource`), rows behind the views of `weir`.
// Start at `Store`; `Chunk` is how samples lie sealed. Knows no target and no query.
// Imports: Head, Model, Postgres, Telemetry, Threads.

public import Model
public import Postgres

/// How samples are kept.
public struct StoreOptions: Sendable {
    /// How long memory holds what is not sealed, and what is read most.
    public var headSpan = TimeSpan.hours(2)
    /// How long after its two hours a hot partition still takes samples.
    public var grace = TimeSpan.minutes(10)
    /// How long samples are kept; `nil` for ever.
    public var retention: TimeSpan? = .days(15)
    /// How large the database may become before its oldest days go; `nil` for any size.
    public var retentionBytes: Int?
    /// What goes earlier than the rest.
    public var retentionRules: [RetentionRule] = []
    /// Of what coarse values are kept beyond that.
    public var rollups: [RollupRule] = []
    /// How much memory ticks may take that wait for the database.
    public var queueBytes = 256 << 20
    /// How much one question may take.
    public var limits = ReadLimits()
    /// Whether other programs write into the same database.
    public var isShared = false

    /// Options as Prometheus has them, nearly.
    public init() {}
}

/// Series that are kept for a shorter time than others.
public struct RetentionRule: Sendable, Hashable {
    /// Which series.
    public let selector: Selector
    /// How long.
    public let keep: TimeSpan

    /// Keeps what `selector` selects for `keep`.
    public init(_ selector: Selector, keep: TimeSpan) {
        self.selector = selector
        self.keep = keep
    }
}

/// What can go wrong with what is stored.
public enum StorageError: Error, Equatable, CustomStringConvertible {
    /// The database refused, or is away.
    case database(PostgresError)

    /// A sentence: what is wrong.
    public var description: String {
        switch self {
        case .database(let error): error.description
        }
    }

    /// Whether the same may well succeed a little later.
    public var isTransient: Bool {
        switch self {
        case .database(let error): error.isTransient
        }
    }
}

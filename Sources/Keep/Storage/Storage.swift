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
    /// How long a stretch becomes one hot partition.
    ///
    /// It divides a day, and a database keeps to one.
    public var hotSpan = TimeSpan.hours(2)
    /// How long after its two hours a hot partition still takes samples.
    public var grace = TimeSpan.minutes(10)
    /// How long samples are kept; `nil` for ever.
    public var retention: TimeSpan? = .days(15)
    /// How large the database may become before its oldest days go; `nil` for any size.
    public var retentionBytes: Int?
    /// How much room the disk of the database has, where that can be told; the oldest days go when
    /// it runs low.
    public var diskSpace: (@Sendable () -> DiskSpace?)?
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

/// The room of a disk, in bytes.
public struct DiskSpace: Sendable, Hashable {
    /// What is free for who writes now.
    public var free: Int
    /// All of it.
    public var total: Int

    /// A disk of `total` bytes with `free` of them free.
    public init(free: Int, total: Int) {
        self.free = free
        self.total = total
    }

    /// Whether the oldest days have to go: less than a twentieth is free, and less than 2 GiB.
    var isLow: Bool { free < min(total / 20, 2 << 30) }
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

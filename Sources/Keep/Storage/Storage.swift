// Storage: samples in plain PostgreSQL, as small as a file format and readable with SQL.
// In: ticks of the head (`TickLog`). Out: series (`SeriesSource`), rows behind the views of `weir`.
// Start at `Store`; `Chunk` is how samples lie sealed. Knows no target and no query.
// Imports: Head, Model, Postgres, RE2, Telemetry, Threads.

public import Postgres

/// What can go wrong with what is stored.
public enum StorageError: Error, Equatable, CustomStringConvertible {
    /// The database refused, or is away.
    case database(PostgresError)
    /// Bytes that no encoder wrote.
    case damaged(what: String)

    /// A sentence: what is wrong.
    public var description: String {
        switch self {
        case .database(let error): error.description
        case .damaged(let what): "the database holds \(what) that cannot be read; restore it"
        }
    }

    /// Whether the same may well succeed a little later.
    public var isTransient: Bool {
        if case .database(let error) = self { error.isTransient } else { false }
    }
}

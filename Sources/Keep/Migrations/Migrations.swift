// Migrations: brings a database to the form that this program knows.
// In: the files of `migrations/`, embedded when the program was built. Out: a `MigrationReport`.
// Start at `Migrator`. Forward only; one transaction each; under an advisory lock, so that
// programs that start at once do it once. Imports: Postgres, Threads.

public import Postgres

/// Why a database cannot be brought to the form that this program knows.
public enum MigrationError: Error, Equatable, Sendable {
    /// The database was migrated by a newer program.
    case databaseIsNewer(server: String, has: Int, knows: Int)
    /// A migration that was applied has another text now.
    case changed(file: String)
    /// The database has a migration that this program never had.
    case unknown(file: String)
    /// The embedded files are not numbered 0001, 0002, … without a gap.
    case badNumbering(file: String, expected: Int)
    /// A migration failed, and was undone as a whole.
    case failed(file: String, cause: PostgresError)
    /// The database does not do what is asked of it.
    case database(PostgresError)
}

extension MigrationError: CustomStringConvertible {
    /// The sentence for a log line or a terminal.
    public var description: String {
        switch self {
        case .databaseIsNewer(let server, let has, let knows):
            """
            the database \(server) is at migration \(has), but this Weir knows only \(knows): \
            a newer Weir has used it; run that version or a later one
            """
        case .changed(let file):
            """
            migrations/\(file) was changed after it was applied to this database; \
            a released migration never changes: restore its text and write a new one instead
            """
        case .unknown(let file):
            """
            the database has a migration that this Weir never had: \(file); \
            another program or another branch of Weir has used it, so give Weir its own database
            """
        case .badNumbering(let file, let expected):
            "migrations/\(file) should have the number \(expected); number them without a gap"
        case .failed(let file, let cause):
            "migrations/\(file) failed and was undone: \(cause)"
        case .database(let cause):
            "cannot migrate the database: \(cause)"
        }
    }
}

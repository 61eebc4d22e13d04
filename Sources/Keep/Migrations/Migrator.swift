public import Postgres
import Threads

/// Brings a database to the form that this program knows, or says what that would take.
public struct Migrator: Sendable {
    /// What a run has to say while it lasts.
    public enum Progress: Equatable, Sendable {
        /// A migration begins.
        case began(Migration, of: Int)
        /// A long step says how far it is, by `RAISE NOTICE`.
        case says(Migration, String)
        /// A migration is committed.
        case ended(Migration, after: Duration)
    }

    let migrations: [Migration]

    /// A migrator of the embedded files, or of others in a test.
    public init(_ migrations: [Migration] = Migration.embedded) throws(MigrationError) {
        for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
            throw .badNumbering(file: migration.file, expected: index + 1)
        }
        self.migrations = migrations
    }

    /// What the database has and lacks; changes nothing.
    public func status(_ options: PostgresOptions) async throws(MigrationError) -> MigrationReport {
        try await run(options) { connection throws(PostgresError) in
            report(try history(connection), options.server)
        }.get()
    }

    /// Applies all that is missing and undoes it again, to see whether it would work.
    ///
    /// The report says what is pending; the database is as it was. All runs in one transaction,
    /// so on a large database it holds locks for as long as the real run would.
    public func rehearse(
        _ options: PostgresOptions
    ) async throws(MigrationError) -> MigrationReport {
        try await run(Self.patient(options)) { connection throws(PostgresError) in
            report(try history(connection), options.server).flatMap { found in
                // Left open, so that the session undoes it.
                run("BEGIN", on: connection).flatMap {
                    for migration in found.pending {
                        if case .failure(let error) = apply(migration, on: connection) {
                            return .failure(error)
                        }
                    }
                    return .success(found)
                }
            }
        }.get()
    }

    /// Applies what is missing, each migration in a transaction of its own.
    ///
    /// If another program migrates the same database now, this waits and then finds it done.
    @discardableResult
    public func migrate(
        _ options: PostgresOptions, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws(MigrationError) -> MigrationReport {
        // Notices come on the session's thread while a migration runs, and belong to it.
        let current = Locked<Migration?>(nil)
        var patient = Self.patient(options)
        patient.onNotice = { notice in
            // What is raised on purpose has no SQLSTATE of its own, unlike "already exists".
            guard let migration = current.withLock({ $0 }), notice.sqlState == "00000" else {
                return
            }
            progress(.says(migration, notice.message))
        }
        return try await run(patient) { connection throws(PostgresError) in
            try connection.run("SELECT pg_advisory_lock(\(Self.lock))")
            let before = report(try history(connection), options.server)
            guard case .success(let found) = before, !found.pending.isEmpty else { return before }
            try makeHistory(connection)
            for migration in found.pending {
                progress(.began(migration, of: migrations.count))
                let began = ContinuousClock.now
                current.withLock { $0 = migration }
                let outcome = apply(migration, on: connection)
                current.withLock { $0 = nil }
                if case .failure(let error) = outcome { return .failure(error) }
                progress(.ended(migration, after: ContinuousClock.now - began))
            }
            let new = Set(found.pending.map(\.number))
            return report(try history(connection), options.server, new: new)
        }.get()
    }

    /// "weir" in ASCII, and a number for the purpose: nobody else's lock by accident.
    private static let lock: Int64 = 0x7765_6972_0001

    /// A long step is no reason to stop, whatever limit ordinary statements have.
    private static func patient(_ options: PostgresOptions) -> PostgresOptions {
        var options = options
        options.statementTimeout = .zero
        options.answerTimeout = nil
        return options
    }

    /// Runs `body` on a connection that ends with it, and the advisory lock with the connection.
    private func run<Value: Sendable>(
        _ options: PostgresOptions,
        _ body: @Sendable (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) async throws(MigrationError) -> Value {
        let session = PostgresSession(options, name: "weir-migrate")
        do throws(PostgresError) {
            let value = try await session.run(body)
            await session.disconnect()
            return value
        } catch {
            await session.disconnect()
            throw .database(error)
        }
    }

    private func run(
        _ sql: String, on connection: borrowing PostgresConnection
    ) -> Result<Void, MigrationError> {
        do throws(PostgresError) {
            try connection.run(sql)
            return .success(())
        } catch {
            return .failure(.database(error))
        }
    }
}

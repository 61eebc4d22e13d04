import Migrations
import Postgres
import PrivatePostgres
import Telemetry

/// `weir migrate`: brings the database to the form that this Weir knows, or says what that takes.
enum MigrateCommand {
    static let command = Command(
        "migrate", "Brings the database to the form that this Weir knows.",
        flags: [
            .toggle("dry-run", isCommon: true, "Try what is missing, and undo it again."),
            .toggle("status", isCommon: true, "Only say what is applied and what is missing."),
            .toggle(
                "pg-upgrade", "Say how Weir's own database gets to a newer PostgreSQL."),
        ] + Database.flags,
        details: """
            weir run migrates by itself when it starts; this is for who wants to look first.
            Without --database it is Weir's own database, which is started for it if need be.
            """
    ) { invocation in
        let log = Log.standardError(level: .warn, format: .logfmt)
        let database = try Database(invocation, log: log)
        if invocation.isOn("pg-upgrade") {
            guard let cluster = database.cluster else {
                throw UsageError("--pg-upgrade is for Weir's own database, not for --database")
            }
            Terminal.write(await cluster.upgradeAdvice() + "\n")
            return .success
        }
        let report = try await database.whileRunning { try await run(invocation, database.options) }
        Terminal.write(report.description + "\n")
        return .success
    }

    private static func run(
        _ invocation: Invocation, _ options: PostgresOptions
    ) async throws -> MigrationReport {
        let migrator = try Migrator()
        if invocation.isOn("status") { return try await migrator.status(options) }
        if invocation.isOn("dry-run") { return try await migrator.rehearse(options) }
        return try await migrator.migrate(options) { progress in
            switch progress {
            case .began(let migration, let all):
                Terminal.write("\(migration.number) of \(all): \(migration.title)\n")
            case .says(_, let text): Terminal.write("  \(text)\n")
            case .ended: break
            }
        }
    }
}

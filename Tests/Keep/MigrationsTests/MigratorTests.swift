import Migrations
import Postgres
import TestKit
import Testing
import Threads

struct MigratorTests {
    private let first = Migration(file: "0001_one.sql", sql: "CREATE TABLE one ();")
    private let second = Migration(
        file: "0002_two_more.sql",
        sql: "DO $$ BEGIN RAISE NOTICE 'half done'; END $$; CREATE TABLE two ();")

    private func freshOptions() async throws -> PostgresOptions {
        try PostgresOptions(try await PostgresServer.shared.makeDatabase())
    }

    private func exists(_ table: String, _ options: PostgresOptions) async throws -> Bool? {
        try await PostgresSession(options).run { connection throws(PostgresError) in
            try connection.query("SELECT to_regclass($1) IS NOT NULL", [.text(table)]).bool(0, 0)
        }
    }

    @Test func `what is missing is applied once, with progress`() async throws {
        let options = try await freshOptions()
        let said = Locked<[Migrator.Progress]>([])
        let report = try await Migrator([first, second]).migrate(options) { progress in
            said.withLock { $0.append(progress) }
        }
        #expect(report.applied == [first, second])
        #expect(report.version == 2)
        let progress = said.withLock { $0 }
        #expect(progress.count == 5)
        #expect(progress.contains(.says(second, "half done")))
        let again = try await Migrator([first, second]).migrate(options)
        #expect(again.applied.isEmpty)
        #expect(again.pending.isEmpty)
        #expect(
            again.description == """
                database \(options.server): at migration 2 of 2
                  0001_one.sql  applied
                  0002_two_more.sql  applied
                """)
    }

    /// A server of its own, since roles belong to the whole server.
    @Test func `who may not make the role for readers migrates without it, and is told`()
        async throws
    {
        let server = try await PostgresServer(.init())
        try await server.run("CREATE ROLE modest LOGIN")
        try await server.run("CREATE DATABASE kept OWNER modest")
        let options = try PostgresOptions(
            "host=\(server.socketFolder) port=\(server.port) user=modest dbname=kept")
        let said = Locked<[String]>([])
        let report = try await Migrator().migrate(options) { progress in
            if case .says(_, let text) = progress { said.withLock { $0.append(text) } }
        }
        #expect(report.pending.isEmpty)
        #expect(said.withLock { $0 }.contains { $0.contains("CREATE ROLE weir_reader") })
        #expect(try await server.run("SELECT to_regrole('weir_reader') IS NULL") == "t")
        let check = try await ServerCheck.run(options)
        #expect(check.obstacles == [])
        #expect(check.advice.contains { $0.hasPrefix("role weir_reader is missing") })
        await server.stop()
    }

    @Test func `the status changes nothing`() async throws {
        let options = try await freshOptions()
        let report = try await Migrator([first]).status(options)
        #expect(report.pending == [first])
        #expect(report.version == 0)
        #expect(try await exists("weir_data.migration", options) == false)
    }

    @Test func `a rehearsal finds what would fail, and leaves no trace`() async throws {
        let options = try await freshOptions()
        let report = try await Migrator([first, second]).rehearse(options)
        #expect(report.pending == [first, second])
        #expect(try await exists("one", options) == false)
        #expect(try await exists("weir_data.migration", options) == false)
        let bad = Migration(file: "0002_bad.sql", sql: "SELECT 1/0")
        let error = await #expect(throws: MigrationError.self) {
            try await Migrator([first, bad]).rehearse(options)
        }
        #expect(
            error?.description
                == "migrations/0002_bad.sql failed and was undone: division by zero (SQLSTATE 22012)"
        )
    }

    @Test func `a migration that fails is undone as a whole, those before it stay`() async throws {
        let options = try await freshOptions()
        let bad = Migration(file: "0002_bad.sql", sql: "CREATE TABLE two (); SELECT 1/0")
        await #expect(throws: MigrationError.self) {
            try await Migrator([first, bad]).migrate(options)
        }
        #expect(try await exists("one", options) == true)
        #expect(try await exists("two", options) == false)
        #expect(try await Migrator([first, second]).migrate(options).applied == [second])
    }

    @Test func `a newer database is refused`() async throws {
        let options = try await freshOptions()
        try await Migrator([first, second]).migrate(options)
        let error = await #expect(throws: MigrationError.self) {
            try await Migrator([first]).migrate(options)
        }
        #expect(
            error?.description == """
                the database \(options.server) is at migration 2, but this Weir knows only 1: \
                a newer Weir has used it; run that version or a later one
                """)
    }

    @Test func `a file whose text changed is refused`() async throws {
        let options = try await freshOptions()
        try await Migrator([first]).migrate(options)
        let changed = Migration(file: first.file, sql: first.sql + " ")
        await #expect(throws: MigrationError.changed(file: "0001_one.sql")) {
            try await Migrator([changed]).migrate(options)
        }
        let renamed = Migration(file: "0001_other.sql", sql: first.sql)
        await #expect(throws: MigrationError.unknown(file: "0001_one.sql")) {
            try await Migrator([renamed]).status(options)
        }
    }

    @Test func `two that start at once apply each migration once`() async throws {
        let options = try await freshOptions()
        let migrator = try Migrator([first, second])
        let applied = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 {
                group.addTask { try await migrator.migrate(options).applied.count }
            }
            return try await group.reduce(0, +)
        }
        #expect(applied == 2)
    }

    @Test func `a gap in the numbers is refused`() {
        #expect(throws: MigrationError.badNumbering(file: "0002_two_more.sql", expected: 1)) {
            try Migrator([second])
        }
    }

    @Test func `the embedded files make the schemas and the reader`() async throws {
        let options = try await freshOptions()
        let report = try await Migrator().migrate(options)
        #expect(report.steps.first?.migration.file == "0001_schemas.sql")
        let rights = try await PostgresSession(options).run { connection throws(PostgresError) in
            let result = try connection.query(
                """
                SELECT has_schema_privilege('weir_reader', 'weir', 'usage'),
                    has_schema_privilege('weir_reader', 'weir_data', 'usage')
                """)
            return (try result.bool(0, 0), try result.bool(0, 1))
        }
        #expect(rights == (true, false))
        #expect(Migration.embedded.allSatisfy { $0.sql.hasPrefix("-- ") })
    }
}

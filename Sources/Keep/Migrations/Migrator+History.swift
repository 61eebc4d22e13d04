import Postgres

/// What the database has written down of one applied file.
struct AppliedMigration: Sendable {
    let number: Int
    let file: String
    let isUnchanged: Bool
    let appliedAt: Int64
}

extension Migrator {
    /// Makes the book of what was applied.
    ///
    /// It comes before all migrations, so it is none itself.
    func makeHistory(_ connection: borrowing PostgresConnection) throws(PostgresError) {
        // Asked first, because IF NOT EXISTS wants rights for what is there already.
        if try exists(connection) { return }
        try connection.run(
            """
            CREATE SCHEMA IF NOT EXISTS weir_data;
            CREATE TABLE weir_data.migration (
                number int PRIMARY KEY,
                file text NOT NULL,
                sha256 bytea NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp());
            COMMENT ON TABLE weir_data.migration IS
                'Which files of migrations/ were applied, and what they held then.';
            """)
    }

    /// What was applied, oldest first; nothing for a database that Weir never saw.
    func history(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [AppliedMigration] {
        guard try exists(connection) else { return [] }
        let rows = try connection.query(
            """
            SELECT m.number, m.file, m.applied_at,
                m.file = k.file AND m.sha256 = sha256(convert_to(k.sql, 'UTF8'))
            FROM weir_data.migration m
            LEFT JOIN unnest($1, $2, $3) AS k(number, file, sql) USING (number)
            ORDER BY m.number
            """,
            [
                .int4s(migrations.map { Int32($0.number) }), .texts(migrations.map(\.file)),
                .texts(migrations.map(\.sql)),
            ])
        var applied: [AppliedMigration] = []
        for row in 0..<rows.rowCount {
            applied.append(
                AppliedMigration(
                    number: try rows.int(row, 0) ?? 0, file: try rows.text(row, 1) ?? "",
                    isUnchanged: try rows.bool(row, 3) ?? false,
                    appliedAt: try rows.microsecondsSince1970(row, 2) ?? 0))
        }
        return applied
    }

    /// Runs one migration and writes it down, both or neither.
    func apply(
        _ migration: Migration, on connection: borrowing PostgresConnection
    ) -> Result<Void, MigrationError> {
        do throws(PostgresError) {
            try connection.transaction { connection throws(PostgresError) in
                try connection.run(migration.sql)
                try makeHistory(connection)
                _ = try connection.query(
                    """
                    INSERT INTO weir_data.migration (number, file, sha256)
                    VALUES ($1, $2, sha256(convert_to($3, 'UTF8')))
                    """,
                    [
                        .int4(Int32(migration.number)), .text(migration.file),
                        .text(migration.sql),
                    ])
            }
            return .success(())
        } catch {
            return .failure(.failed(file: migration.file, cause: error))
        }
    }

    /// What the database has and lacks, or why this program must not touch it.
    func report(
        _ applied: [AppliedMigration], _ server: String, new: Set<Int> = []
    ) -> Result<MigrationReport, MigrationError> {
        if let last = applied.last, last.number > migrations.count {
            return .failure(
                .databaseIsNewer(server: server, has: last.number, knows: migrations.count))
        }
        for migration in applied where !migration.isUnchanged {
            let known = migrations[migration.number - 1]
            return .failure(
                known.file == migration.file
                    ? .changed(file: known.file) : .unknown(file: migration.file))
        }
        let times = Dictionary(uniqueKeysWithValues: applied.map { ($0.number, $0.appliedAt) })
        let steps = migrations.map { migration in
            MigrationReport.Step(
                migration: migration, appliedAt: times[migration.number],
                isNew: new.contains(migration.number))
        }
        return .success(MigrationReport(server: server, steps: steps))
    }

    private func exists(_ connection: borrowing PostgresConnection) throws(PostgresError) -> Bool {
        let found = try connection.query("SELECT to_regclass('weir_data.migration') IS NOT NULL")
        return try found.bool(0, 0) == true
    }
}

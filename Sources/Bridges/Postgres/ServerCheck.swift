/// What a server is like, before it is trusted with anything.
public struct ServerCheck: Equatable, Sendable {
    /// The server's version in its own words, such as `15.4 (Debian 15.4-1)`.
    public let version: String
    /// The database, and who we are there.
    public let database: String
    /// See `database`.
    public let user: String
    /// What has to change before the server can be used, as sentences; usually nothing.
    public let obstacles: [String]
    /// What would be better otherwise, as sentences.
    public let advice: [String]

    /// The oldest version that works.
    private static let oldest = 150_000

    /// Connects and looks; writes nothing.
    ///
    /// - Throws: `.transactionPooler` if what answers is one, besides what connecting throws.
    public static func run(_ options: PostgresOptions) async throws(PostgresError) -> ServerCheck {
        let session = PostgresSession(options, name: "weir-pg-check")
        do throws(PostgresError) {
            let check = try await session.run { connection throws(PostgresError) in
                try look(connection, options)
            }
            await session.disconnect()
            return check
        } catch {
            await session.disconnect()
            throw error
        }
    }

    private static func look(
        _ connection: borrowing PostgresConnection, _ options: PostgresOptions
    ) throws(PostgresError) -> ServerCheck {
        try refuseTransactionPooler(connection, options)
        let facts = try connection.query(
            """
            SELECT current_setting('server_version'), current_database(), current_user,
                has_database_privilege(current_database(), 'CREATE'),
                EXISTS (SELECT FROM pg_namespace WHERE nspname = 'weir_data'),
                pg_is_in_recovery(), current_setting('server_encoding'),
                EXISTS (SELECT FROM pg_roles WHERE rolname = 'weir_reader'),
                (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
            """)
        let database = try facts.text(0, 1) ?? ""
        let user = try facts.text(0, 2) ?? ""
        var obstacles: [String] = []
        if connection.serverVersion < oldest {
            obstacles.append(
                "PostgreSQL \(try facts.text(0, 0) ?? "") is too old; Weir needs 15 or newer")
        }
        if try facts.bool(0, 5) == true {
            obstacles.append("the server is a standby and takes no writes; name the primary")
        }
        if try facts.bool(0, 3) == false, try facts.bool(0, 4) == false {
            obstacles.append(
                """
                \(user) may not make schemas in \(database); its owner allows it with: \
                GRANT CREATE ON DATABASE \(quoted(identifier: database)) TO \
                \(quoted(identifier: user))
                """)
        }
        let encoding = try facts.text(0, 6) ?? ""
        if encoding != "UTF8" {
            obstacles.append(
                """
                database \(database) has the encoding \(encoding), and label values are UTF-8; \
                make one with: CREATE DATABASE weir ENCODING 'UTF8' TEMPLATE template0
                """)
        }
        var advice = try settingsAdvice(connection)
        if try facts.bool(0, 7) == false, try facts.bool(0, 8) == false {
            advice.append(
                """
                role weir_reader is missing and \(user) may not make it; \
                dashboards need it: CREATE ROLE weir_reader LOGIN
                """)
        }
        return ServerCheck(
            version: try facts.text(0, 0) ?? "", database: database, user: user,
            obstacles: obstacles, advice: advice)
    }

    /// Settings of an ordinary server that cost an append-only load much, and what to make of them.
    private static func settingsAdvice(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [String] {
        let found = try connection.query(
            """
            SELECT message FROM (VALUES
                (current_setting('fsync') = 'off',
                    'fsync is off: a crash of the machine may destroy the database; set fsync = on'),
                (current_setting('full_page_writes') = 'off' AND current_setting('fsync') = 'on',
                    'full_page_writes is off: a crash of the machine may tear pages; set it on'),
                (current_setting('wal_compression') = 'off',
                    'wal_compression is off: set wal_compression = lz4 to write less'),
                (pg_size_bytes(current_setting('max_wal_size')) < 1024 * 1024 * 1024::bigint,
                    'max_wal_size is ' || current_setting('max_wal_size') ||
                    ': checkpoints will be frequent; set max_wal_size = 4GB'),
                (pg_size_bytes(current_setting('shared_buffers')) < 128 * 1024 * 1024::bigint,
                    'shared_buffers is ' || current_setting('shared_buffers') ||
                    ': set it to an eighth of the memory or more'),
                (current_setting('default_toast_compression') = 'pglz',
                    'default_toast_compression is pglz: lz4 takes a third of the work'),
                (current_setting('autovacuum') = 'off',
                    'autovacuum is off: the database will stop at transaction wraparound; set it on')
            ) AS setting (applies, message) WHERE applies
            """)
        var advice: [String] = []
        for row in 0..<found.rowCount { advice.append(try found.text(row, 0) ?? "") }
        return advice
    }

    /// Throws if two transactions of one connection run on different servers, or one server's
    /// session is handed to two connections.
    private static func refuseTransactionPooler(
        _ connection: borrowing PostgresConnection, _ options: PostgresOptions
    ) throws(PostgresError) {
        let first = try process(connection)
        // A pooler makes the number up that it greets with; without one there is nothing to ask.
        if first == connection.announcedProcess { return }
        let other = try PostgresConnection(options)
        for _ in 0..<3 {
            try other.run("BEGIN")
            let others = try process(other)
            // While the other holds a transaction, a pooler in transaction mode has either given it
            // our server or has to give us a new one.
            let again = try process(connection)
            try other.run("COMMIT")
            if others == first || again != first {
                throw .transactionPooler(server: options.server)
            }
        }
    }

    private static func process(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Int {
        try connection.query("SELECT pg_backend_pid()").int(0, 0) ?? 0
    }
}

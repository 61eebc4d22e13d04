import Head
public import Model
public import Postgres

/// Turns hot partitions into chunks: one transaction each, then the partition is dropped.
public enum Sealer {
    /// What sealing did.
    public struct Outcome: Sendable, Equatable {
        /// Hot partitions that became chunks.
        public var spans = 0
        /// Chunks made of them.
        public var chunks = 0
        /// Ticks in them.
        public var ticks = 0

        /// Nothing done yet.
        public init() {}
    }

    /// Who seals or merges holds it, in whichever process.
    static let lock = TickTransaction.lock + 2

    /// Says that nothing before `end` becomes a hot row any more.
    public static func close(
        before end: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        try connection.transaction { connection throws(PostgresError) in
            // Waits for those who write, and they for this moment.
            _ = try connection.query(
                "SELECT pg_advisory_xact_lock($1)", [.int8(TickTransaction.lock)])
            _ = try connection.execute(
                "UPDATE weir_data.horizon SET closed = greatest(closed, $1)",
                [.timestamp(microsecondsSince1970: end.microseconds)])
        }
    }

    /// Seals all that is closed, oldest first; `nil` where another program is at it.
    public static func seal(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Outcome? {
        var outcome = Outcome()
        while true {
            let more = try connection.transaction {
                connection throws(PostgresError) -> Bool? in
                guard try takeLock(connection) else { return nil }
                guard let start = try nextSpan(connection) else {
                    try connection.run("UPDATE weir_data.horizon SET sealed = closed")
                    return false
                }
                var sealing = SpanSealing()
                try sealing.seal(start, connection, &outcome)
                _ = try connection.execute(
                    "UPDATE weir_data.horizon SET sealed = $1",
                    [.timestamp(microsecondsSince1970: (start + Partitions.hot).microseconds)])
                _ = try connection.execute(
                    "UPDATE weir_data.span SET merged = now() WHERE kind = 'hot' AND start = $1",
                    [.timestamp(microsecondsSince1970: start.microseconds)])
                outcome.spans += 1
                return true
            }
            guard let more else { return nil }
            if !more { return outcome }
        }
    }

    static func takeLock(
        _ connection: borrowing PostgresConnection, waits: Bool = false
    ) throws(PostgresError) -> Bool {
        if waits {
            _ = try connection.query("SELECT pg_advisory_xact_lock($1)", [.int8(lock)])
            return true
        }
        return try connection.query("SELECT pg_try_advisory_xact_lock($1)", [.int8(lock)]).bool(
            0, 0)
            ?? false
    }

    private static func nextSpan(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Timestamp? {
        let found = try connection.query(
            """
            SELECT start FROM weir_data.span, weir_data.horizon
            WHERE kind = 'hot' AND merged IS NULL AND "end" <= closed ORDER BY start LIMIT 1
            """)
        guard found.rowCount > 0, let start = try found.microsecondsSince1970(0, 0) else {
            return nil
        }
        return Timestamp(milliseconds: start / 1000)
    }

    /// Drops the partitions whose rows are sealed; those that somebody reads stay until next time.
    public static func dropSealed(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let found = try connection.query(
            "SELECT start FROM weir_data.span WHERE kind = 'hot' AND merged IS NOT NULL")
        for row in 0..<found.rowCount {
            guard let start = try found.microsecondsSince1970(row, 0) else { continue }
            let time = Timestamp(milliseconds: start / 1000)
            do throws(PostgresError) {
                try connection.transaction { connection throws(PostgresError) in
                    // Who waits for this lock makes all others wait.
                    try connection.run("SET LOCAL lock_timeout = '500ms'")
                    try connection.run(
                        "DROP TABLE weir_data.scrape_\(Partitions.name(time, Partitions.hot))")
                    _ = try connection.query(
                        "DELETE FROM weir_data.span WHERE kind = 'hot' AND start = $1",
                        [.timestamp(microsecondsSince1970: start)])
                }
            } catch {
                guard error.sqlState == "55P03" else { throw error }
            }
        }
        // Places of tiles that no hot row and no writer has.
        try connection.run(
            """
            WITH gone AS (
                DELETE FROM weir_data.tile t
                WHERE t.run IN (SELECT id FROM weir_data.run WHERE seen < now() - interval '1 day')
                    AND NOT EXISTS (SELECT FROM weir_data.scrape s WHERE s.tile = t.id)
                RETURNING id)
            DELETE FROM weir_data.placement p USING gone WHERE p.tile = gone.id
            """)
    }
}

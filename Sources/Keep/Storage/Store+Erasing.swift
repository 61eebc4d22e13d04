import Head
public import Model
import Postgres

extension Store: SeriesEraser {
    /// Erases what the series that meet `matchers` said in `range`: in memory, in what waits for
    /// the database, in hot rows, late samples, sealed days and rollups.
    ///
    /// What was erased is gone when it returns; what is said while it runs stays. Throws where the
    /// database is away; what it erased by then is gone, and asking again erases the rest.
    public func erase(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> Int {
        let touched = try await layers.labelSets(matching: matchers, in: range, limit: nil)
        let stored = range.clamped(to: Partitions.storable)
        let (head, pool) = (head, pool)
        try await writer.whileNothingIsWritten { () async throws(SourceError) in
            // The database first: if it is away, nothing has changed.
            try await Self.run(pool) { connection throws(PostgresError) in
                try connection.transaction { connection throws(PostgresError) in
                    let found = try SeriesFinder(matchers: matchers, limit: .max).find(connection)
                    if !found.isEmpty { try Erasing.eraseRecent(found, in: stored, connection) }
                }
            }
            try head.erase(matching: matchers, in: range)
        }
        try await Self.run(pool) { connection throws(PostgresError) in
            let found = try SeriesFinder(matchers: matchers, limit: .max).find(connection)
            guard !found.isEmpty else { return }
            try Erasing.eraseDays(found, in: stored, connection)
            try Erasing.eraseRollups(found, in: stored, connection)
        }
        return Set(touched).count
    }

    static func run<Value: Sendable>(
        _ pool: PostgresPool,
        _ body: @Sendable (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) async throws(SourceError) -> Value {
        do throws(PostgresError) {
            return try await pool.run(body)
        } catch {
            throw error == .cancelled ? .cancelled : .unavailable(reason: error.description)
        }
    }
}

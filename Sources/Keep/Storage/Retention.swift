import Model
import Postgres

/// What goes: days past their time or past the size, series by rule, and whoever said nothing left.
struct Retention {
    let pool: PostgresPool
    let options: StoreOptions

    /// Forgets all that is due; `dropped` hears of the days that went.
    func apply(
        _ now: Timestamp, dropped: ([Timestamp]) -> Void
    ) async throws(PostgresError) {
        var gone: [Timestamp] = []
        if let retention = options.retention { gone += try await drop(before: now - retention) }
        if let limit = options.retentionBytes { gone += try await shrink(to: limit) }
        for rule in options.retentionRules { try await apply(rule, now) }
        guard !gone.isEmpty else { return }
        dropped(gone)
        try await pool.run { connection throws(PostgresError) in
            try Self.forgetSeries(connection)
        }
    }

    private func drop(before end: Timestamp) async throws(PostgresError) -> [Timestamp] {
        try await pool.run { connection throws(PostgresError) in
            let old = try Days.all(connection).map(\.start).filter { $0 + Partitions.day <= end }
            for day in old { try Days.drop(day, connection) }
            if !old.isEmpty { try Self.dropBeside(before: end, connection) }
            return old
        }
    }

    /// Drops the oldest days until the rest fits.
    private func shrink(to limit: Int) async throws(PostgresError) -> [Timestamp] {
        try await pool.run { connection throws(PostgresError) in
            var gone: [Timestamp] = []
            var days = try Days.all(connection).map(\.start)
            while try Self.size(connection) > limit, days.count > 1 {
                let oldest = days.removeFirst()
                try Days.drop(oldest, connection)
                try Self.dropBeside(before: oldest + Partitions.day, connection)
                gone.append(oldest)
            }
            return gone
        }
    }

    /// What all tables of Weir take together.
    static func size(_ connection: borrowing PostgresConnection) throws(PostgresError) -> Int {
        try connection.query(
            """
            SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::int8 FROM pg_class
            WHERE relnamespace = 'weir_data'::regnamespace AND relkind = 'r'
            """
        ).int(0, 0) ?? 0
    }

    private static func dropBeside(
        before end: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let limit = [PostgresValue.timestamp(microsecondsSince1970: end.microseconds)]
        for condition in [
            "late WHERE time < $1", "exemplar WHERE time < $1", "histogram WHERE last < $1",
            "metadata WHERE until < $1",
        ] { _ = try connection.query("DELETE FROM weir_data.\(condition)", limit) }
    }

    // MARK: By selector

    private func apply(_ rule: RetentionRule, _ now: Timestamp) async throws(PostgresError) {
        let end = now - rule.keep
        try await pool.run { connection throws(PostgresError) in
            let found = try SeriesFinder(matchers: rule.selector.matchers, limit: .max)
                .find(connection)
            guard !found.isEmpty else { return }
            for day in try Days.all(connection).map(\.start) where day + Partitions.day <= end {
                try Self.erase(found, in: day...(day + Partitions.day), day, connection)
            }
            try Self.eraseBeside(found, in: Partitions.storable.lowerBound...end, connection)
        }
    }

    /// Erases what `series` said in `range`, in days, late and hot rows.
    static func erase(
        _ series: [FoundSeries], in range: ClosedRange<Timestamp>,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        for day in try Days.all(connection).map(\.start)
        where day <= range.upperBound && day + Partitions.day > range.lowerBound {
            try erase(series, in: range, day, connection)
        }
        try eraseBeside(series, in: range, connection)
        for one in series {
            _ = try connection.query(
                """
                UPDATE weir_data.scrape h SET values[p.position + 1] = NULL
                FROM weir_data.placement p
                WHERE p.series = $1 AND h.tile = p.tile AND h.time BETWEEN $2 AND $3
                """,
                [
                    .int4(one.id),
                    .timestamp(microsecondsSince1970: range.lowerBound.microseconds),
                    .timestamp(microsecondsSince1970: range.upperBound.microseconds),
                ])
        }
    }

    private static func erase(
        _ series: [FoundSeries], in range: ClosedRange<Timestamp>, _ day: Timestamp,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let holds = try connection.query(
            """
            SELECT EXISTS (
                SELECT FROM unnest($1::int4[], $2::int4[]) u(metric, series)
                JOIN \(Partitions.dayTables(day).chunk) c
                    ON c.metric = u.metric AND c.series = u.series)
            """, [.int4s(series.map(\.metric)), .int4s(series.map(\.id))]
        ).bool(0, 0)
        guard holds == true else { return }
        let erasing = Dictionary(
            series.map { ($0.id, range.lowerBound.milliseconds...range.upperBound.milliseconds) },
            uniquingKeysWith: { $1 })
        _ = try DayMerge.run(day, erasing: erasing, connection)
    }

    private static func eraseBeside(
        _ series: [FoundSeries], in range: ClosedRange<Timestamp>,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        for table in ["late", "exemplar"] {
            _ = try connection.query(
                """
                DELETE FROM weir_data.\(table) WHERE series = ANY ($1) AND time BETWEEN $2 AND $3
                """,
                [
                    .int4s(series.map(\.id)),
                    .timestamp(microsecondsSince1970: range.lowerBound.microseconds),
                    .timestamp(microsecondsSince1970: range.upperBound.microseconds),
                ])
        }
        _ = try connection.query(
            """
            DELETE FROM weir_data.histogram
            WHERE series = ANY ($1) AND first >= $2 AND last <= $3
            """,
            [
                .int4s(series.map(\.id)),
                .timestamp(microsecondsSince1970: range.lowerBound.microseconds),
                .timestamp(microsecondsSince1970: range.upperBound.microseconds),
            ])
    }

    // MARK: Series

    /// Forgets series and clocks of which nothing is left.
    static func forgetSeries(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        try connection.transaction { connection throws(PostgresError) in
            // Nobody learns a number now that is about to go.
            _ = try connection.query(
                "SELECT pg_advisory_xact_lock($1)", [.int8(Identities.lock)])
            _ = try connection.run(
                """
                DELETE FROM weir_data.series s
                WHERE NOT EXISTS (SELECT FROM weir_data.placement p WHERE p.series = s.id)
                    AND NOT EXISTS (SELECT FROM weir_data.late l WHERE l.series = s.id)
                    AND NOT EXISTS (SELECT FROM weir_data.histogram h WHERE h.series = s.id)
                    AND NOT EXISTS (SELECT FROM weir_data.exemplar e WHERE e.series = s.id)
                    AND NOT EXISTS (SELECT FROM weir_data.chunk c
                        WHERE c.metric = s.metric AND c.series = s.id);
                DELETE FROM weir_data.clock k
                WHERE kind = 'late' AND NOT EXISTS (
                    SELECT FROM weir_data.chunk c WHERE c.metric = 0 AND c.series = k.id);
                """)
        }
    }
}

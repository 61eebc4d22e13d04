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
        var gone = try await pool.run { connection throws(PostgresError) in
            try applyTimes(now, connection)
        }
        if let limit = options.retentionBytes { gone += try await shrink(to: limit) }
        guard !gone.isEmpty else { return }
        dropped(gone)
        try await pool.run { connection throws(PostgresError) in
            try Self.forgetSeries(connection)
        }
    }

    /// Drops days past their time, and from days that stay the series whose rule says so.
    private func applyTimes(
        _ now: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [Timestamp] {
        let classes = try classes(connection)
        var gone: [Timestamp] = []
        for day in try Days.all(connection).map(\.start) {
            let end = day + Partitions.day
            let (past, kept) = classes.divided { end <= now - $0 }
            guard let retention = options.retention, end <= now - retention else {
                try Self.erase(past, in: day...end, day, connection)
                continue
            }
            if kept.isEmpty {
                try Days.drop(day, connection)
                gone.append(day)
            } else {
                try Self.eraseOthers(than: kept, day, connection)
            }
        }
        for (series, keep) in classes {
            let range =
                Partitions.storable
                .lowerBound...max(
                    Partitions.storable.lowerBound, now - keep)
            try Self.eraseBeside(series, in: range, connection)
        }
        if let retention = options.retention {
            let kept = classes.filter { $0.keep > retention }.flatMap(\.series)
            try Self.dropBeside(before: now - retention, but: kept, connection)
        }
        return gone
    }

    /// The series of each rule; the first rule that selects a series counts.
    private func classes(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [(series: [FoundSeries], keep: TimeSpan)] {
        var known: Set<Int32> = []
        var classes: [(series: [FoundSeries], keep: TimeSpan)] = []
        for rule in options.retentionRules {
            let found = try SeriesFinder(matchers: rule.selector.matchers, limit: .max)
                .find(connection).filter { known.insert($0.id).inserted }
            if !found.isEmpty { classes.append((found, rule.keep)) }
        }
        return classes
    }

    /// Leaves only these series in a day, if others are there.
    private static func eraseOthers(
        than kept: [FoundSeries], _ day: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let others = try connection.query(
            """
            SELECT DISTINCT series FROM \(Partitions.dayTables(day).chunk)
            WHERE metric > 0 AND NOT series = ANY ($1)
            """, [.int4s(kept.map(\.id))])
        guard others.rowCount > 0 else { return }
        var erasing: [Int32: ClosedRange<Int64>] = [:]
        for row in 0..<others.rowCount {
            if let id = try others.int(row, 0) { erasing[Int32(id)] = Int64.min...Int64.max }
        }
        _ = try DayMerge.run(day, erasing: erasing, connection)
    }

    /// Drops the oldest days until the rest fits.
    private func shrink(to limit: Int) async throws(PostgresError) -> [Timestamp] {
        try await pool.run { connection throws(PostgresError) in
            var gone: [Timestamp] = []
            var days = try Days.all(connection).map(\.start)
            while try Self.size(connection) > limit, days.count > 1 {
                let oldest = days.removeFirst()
                try Days.drop(oldest, connection)
                try Self.dropBeside(before: oldest + Partitions.day, but: [], connection)
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
        before end: Timestamp, but kept: [FoundSeries],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let limit = PostgresValue.timestamp(microsecondsSince1970: end.microseconds)
        for condition in ["late WHERE time", "exemplar WHERE time", "histogram WHERE last"] {
            _ = try connection.query(
                "DELETE FROM weir_data.\(condition) < $1 AND NOT series = ANY ($2)",
                [limit, .int4s(kept.map(\.id))])
        }
        _ = try connection.query("DELETE FROM weir_data.metadata WHERE until < $1", [limit])
    }

    // MARK: By selector

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

extension [(series: [FoundSeries], keep: TimeSpan)] {
    /// The series whose time is past, and the others.
    fileprivate func divided(
        _ isPast: (TimeSpan) -> Bool
    ) -> (past: [FoundSeries], kept: [FoundSeries]) {
        var (past, kept): ([FoundSeries], [FoundSeries]) = ([], [])
        for (series, keep) in self {
            if isPast(keep) { past += series } else { kept += series }
        }
        return (past, kept)
    }
}

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
        // Before the days, whose merges take in what is late.
        for (series, keep) in classes {
            let first = Partitions.storable.lowerBound
            try Erasing.eraseBeside(series, in: first...max(first, now - keep), connection)
        }
        for day in try Days.all(connection).map(\.start) {
            let end = day + Partitions.day
            let (past, kept) = classes.divided { end <= now - $0 }
            guard let retention = options.retention, end <= now - retention else {
                try Erasing.erase(past, in: day...end, day, connection)
                continue
            }
            if kept.isEmpty {
                try Days.drop(day, connection)
                gone.append(day)
            } else {
                try Self.eraseOthers(than: kept, day, connection)
            }
        }
        if let retention = options.retention {
            let kept = classes.filter { $0.keep > retention }.flatMap(\.series)
            try Self.dropBeside(before: now - retention, but: kept, connection)
        }
        try applyToRollups(now, connection)
        return gone
    }

    /// Drops rollups past their time: those of each rule, and all past the longest.
    private func applyToRollups(
        _ now: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        guard let longest = options.rollups.map(\.keep).max() else { return }
        let found = try SeriesClasses.find(options.rollups.map(\.selector), connection)
        for (series, rule) in zip(found, options.rollups)
        where rule.keep < longest && !series.isEmpty {
            _ = try connection.execute(
                "DELETE FROM weir_data.rollup WHERE win < $1 AND series = ANY ($2)",
                [
                    .int4(Partitions.window(at: now - rule.keep - Partitions.day)),
                    .int4s(series.map(\.id)),
                ])
        }
        try RollupPartitions.drop(before: now - longest, connection)
        _ = try connection.execute(
            "DELETE FROM weir_data.rolled WHERE start < $1",
            [.timestamp(microsecondsSince1970: (now - longest - Partitions.day).microseconds)])
    }

    /// The series of each rule; the first rule that selects a series counts.
    private func classes(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [(series: [FoundSeries], keep: TimeSpan)] {
        let rules = options.retentionRules
        let found = try SeriesClasses.find(rules.map(\.selector), connection)
        return zip(found, rules).filter { !$0.0.isEmpty }.map { ($0.0, $0.1.keep) }
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
                    AND NOT EXISTS (SELECT FROM weir_data.rollup r
                        WHERE r.metric = s.metric AND r.series = s.id)
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

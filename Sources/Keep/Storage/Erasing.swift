import Head
import Model
import Postgres

/// Takes what series said in a range of time out of the database, wherever it lies.
enum Erasing {
    /// Erases what lies beside the days: hot rows, late samples, histograms, exemplars.
    static func eraseRecent(
        _ series: [FoundSeries], in range: ClosedRange<Timestamp>,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        try eraseBeside(series, in: range, connection)
        // Each row once, however many of its series go.
        _ = try connection.query(
            """
            UPDATE weir_data.scrape h SET values = (
                SELECT array_agg(CASE WHEN v.n = ANY (p.places) THEN NULL ELSE v.value END
                    ORDER BY v.n)
                FROM unnest(h.values) WITH ORDINALITY v(value, n))
            FROM (SELECT tile, array_agg(position + 1) AS places FROM weir_data.placement
                WHERE series = ANY ($1) GROUP BY tile) p
            WHERE h.tile = p.tile AND h.time BETWEEN $2 AND $3
            """, [.int4s(series.map(\.id))] + bounds(range))
    }

    /// Erases late samples, histograms and exemplars.
    static func eraseBeside(
        _ series: [FoundSeries], in range: ClosedRange<Timestamp>,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        for condition in [
            "late WHERE time BETWEEN $2 AND $3", "exemplar WHERE time BETWEEN $2 AND $3",
            "histogram WHERE first >= $2 AND last <= $3",
        ] {
            _ = try connection.query(
                "DELETE FROM weir_data.\(condition) AND series = ANY ($1)",
                [.int4s(series.map(\.id))] + bounds(range))
        }
    }

    /// Erases what is sealed, day by day; waits for who seals or merges.
    static func eraseDays(
        _ series: [FoundSeries], in range: ClosedRange<Timestamp>,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        // Whoever seals now may have read what is erased since; its day is there when it is done.
        _ = try connection.transaction { connection throws(PostgresError) in
            try Sealer.takeLock(connection, waits: true)
        }
        for day in try Days.all(connection).map(\.start)
        where day <= range.upperBound && day + Partitions.day > range.lowerBound {
            try erase(series, in: range, day, waits: true, connection)
        }
    }

    /// Writes a day anew without what `series` said in `range`, where it holds any of it.
    static func erase(
        _ series: [FoundSeries], in range: ClosedRange<Timestamp>, _ day: Timestamp,
        waits: Bool = false, _ connection: borrowing PostgresConnection
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
        _ = try DayMerge.run(day, erasing: erasing, waits: waits, connection)
    }

    private static func bounds(_ range: ClosedRange<Timestamp>) -> [PostgresValue] {
        [
            .timestamp(microsecondsSince1970: range.lowerBound.microseconds),
            .timestamp(microsecondsSince1970: range.upperBound.microseconds),
        ]
    }
}

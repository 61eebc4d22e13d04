import Head
import Model
import Postgres

/// Makes the rollups of a day that is merged.
struct DayRollup {
    let rules: [RollupRule]

    /// As many series as are read at once.
    private static let portion = 256

    /// All of it in one text, so that a change is seen.
    private var signature: String {
        rules.map { rule in
            "\(rule.selector.matchers.map(\.description).joined(separator: ","))"
                + " \(rule.every.map(\.description).joined(separator: ","))"
        }.joined(separator: "; ")
    }

    /// The merged days whose rollups are missing, or older than their samples or the rules.
    func due(_ connection: borrowing PostgresConnection) throws(PostgresError) -> [Timestamp] {
        guard !rules.isEmpty else { return [] }
        let rows = try connection.query(
            """
            SELECT s.start FROM weir_data.span s LEFT JOIN weir_data.rolled r ON r.start = s.start
            WHERE s.kind = 'day' AND s.merged IS NOT NULL
                AND (r.start IS NULL OR r.made < s.merged OR r.rules <> $1) ORDER BY 1
            """, [.text(signature)])
        var days: [Timestamp] = []
        for row in 0..<rows.rowCount {
            guard let start = try rows.microsecondsSince1970(row, 0) else { continue }
            days.append(Timestamp(milliseconds: start / 1000))
        }
        return days
    }

    /// Makes those of the day that begins at `start`; `nil` where another program is at it.
    ///
    /// Series of which the day has no samples any more keep what they have.
    func run(
        _ start: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Int? {
        try connection.transaction { connection throws(PostgresError) -> Int? in
            guard try Sealer.takeLock(connection) else { return nil }
            let table = try RollupPartitions.ensure(start, connection)
            let classes = try SeriesClasses.find(rules.map(\.selector), connection)
            var count = 0
            for (rule, found) in zip(rules, classes) where !rule.every.isEmpty {
                var first = 0
                while first < found.count {
                    let part = found[first..<min(first + Self.portion, found.count)]
                    count += try write(Array(part), rule, start, table, connection)
                    first += part.count
                }
            }
            let steps = Set(rules.flatMap(\.every)).map { Int32($0.milliseconds / 1000) }
            _ = try connection.execute(
                """
                INSERT INTO weir_data.rolled VALUES ($1, now(), $2, $3)
                ON CONFLICT (start) DO UPDATE
                SET made = now(), rules = EXCLUDED.rules, steps = EXCLUDED.steps
                """,
                [
                    .timestamp(microsecondsSince1970: start.microseconds), .text(signature),
                    .int4s(steps.sorted()),
                ])
            return count
        }
    }

    private func write(
        _ found: [FoundSeries], _ rule: RollupRule, _ start: Timestamp, _ table: String,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Int {
        let end = start + Partitions.day - TimeSpan(milliseconds: 1)
        let reading = HistoryReading(
            matchers: [], range: start - RollupColumns.reach...end, limits: .none)
        let read = try reading.series(found, connection)
        guard case .success(let series) = read else { throw .malformed(what: "samples of a day") }
        var rows: [ChunkRow] = []
        var encoder = ChunkEncoder()
        var rolled: [Int32] = []
        for (one, said) in zip(found, series) {
            guard let said, said.times.contains(where: { $0 >= start }) else { continue }
            rolled.append(one.id)
            for step in rule.every {
                let size = step.milliseconds
                let columns = RollupColumns(
                    said.times, said.values, from: start.milliseconds, step: size,
                    buckets: Int(Partitions.day.milliseconds / size))
                rows += columns.rows(of: one, step, start, &encoder)
            }
        }
        _ = try connection.execute(
            "DELETE FROM \(table) WHERE win = $1 AND series = ANY ($2)",
            [.int4(Partitions.window(at: start)), .int4s(rolled)])
        try ChunkRow.copyRollups(rows, into: table, connection)
        return rows.count
    }
}

extension RollupColumns {
    /// What is kept of a series' day, as rows of `weir_data.rollup`.
    func rows(
        of series: FoundSeries, _ step: TimeSpan, _ start: Timestamp,
        _ encoder: inout ChunkEncoder
    ) -> [ChunkRow] {
        var rows: [ChunkRow] = []
        for kind in needed {
            guard let chunk = encoder.encode(self[kind].span) else { continue }
            rows.append(
                ChunkRow(
                    metric: series.metric, series: series.id, clock: kind.number(of: step),
                    win: Partitions.window(at: start), chunk: chunk))
        }
        return rows
    }
}

extension ChunkRow {
    /// Writes rows of rollups: their kind stands where chunks have their clock.
    static func copyRollups(
        _ rows: [ChunkRow], into table: String, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        try copy(rows, into: table, as: columns.replacing("clock", with: "kind"), connection)
    }
}

/// The partitions of rollups, one a month.
enum RollupPartitions {
    /// Makes the partition that `time` belongs to, if it is not there; gives its name.
    static func ensure(
        _ time: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> String {
        let (name, low, high) = bounds(time)
        let table = "weir_data.rollup_\(name)"
        let known = try connection.query("SELECT to_regclass('\(table)')::text").text(0, 0)
        guard known == nil else { return table }
        try connection.run(
            """
            CREATE TABLE \(table) (LIKE weir_data.rollup INCLUDING STORAGE)
                WITH (toast_tuple_target = 8160);
            ALTER TABLE \(table) ADD CHECK (win >= \(low) AND win < \(high));
            CREATE INDEX ON \(table) (metric, series) WITH (fillfactor = 100);
            ALTER TABLE weir_data.rollup ATTACH PARTITION \(table)
                FOR VALUES FROM (\(low)) TO (\(high));
            """)
        return table
    }

    /// A month's name, and the windows from its beginning up to the next one's.
    private static func bounds(_ time: Timestamp) -> (name: String, low: Int32, high: Int32) {
        let text = Partitions.start(of: time, Partitions.day).description
        let name = text.prefix(7).filter { $0 != "-" }
        let day = Int64(text.dropFirst(8).prefix(2)) ?? 1
        let first = Partitions.start(of: time, Partitions.day) - .days(day - 1)
        var next = first + .days(28)
        while next.description.prefix(7) == first.description.prefix(7) { next = next + .days(1) }
        return (name, Partitions.window(at: first), Partitions.window(at: next))
    }

    /// Drops the months that end before `time`; gives their tables.
    static func drop(
        before time: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let found = try connection.query(
            """
            SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'weir_data.rollup'::regclass ORDER BY 1
            """)
        for row in 0..<found.rowCount {
            guard let table = try found.text(row, 0) else { continue }
            let newest = try connection.query("SELECT max(win) FROM weir_data.\(table)")
            guard let win = try newest.int(0, 0) else { continue }
            let end = Partitions.time(ofWindow: Int32(win)) + Partitions.day
            if end <= time { try connection.run("DROP TABLE weir_data.\(table)") }
        }
    }
}

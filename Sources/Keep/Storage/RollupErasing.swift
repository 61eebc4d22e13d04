import Head
import Model
import Postgres

extension Erasing {
    /// Erases the buckets of `series` that reach into `range`.
    ///
    /// Where the samples of a day are still there, its buckets are made anew after its next merge.
    static func eraseRollups(
        _ series: [FoundSeries], in range: ClosedRange<Timestamp>,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let first = Partitions.start(of: range.lowerBound, Partitions.day)
        let (low, high) = (
            Partitions.window(at: max(first, Partitions.storable.lowerBound)),
            Partitions.window(at: range.upperBound)
        )
        let condition = """
            FROM unnest($1::int4[], $2::int4[]) u(metric, series)
            JOIN weir_data.rollup c ON c.metric = u.metric AND c.series = u.series
            WHERE c.win BETWEEN $3 AND $4
            """
        let parameters: [PostgresValue] = [
            .int4s(series.map(\.metric)), .int4s(series.map(\.id)), .int4(low), .int4(high),
        ]
        try connection.transaction { connection throws(PostgresError) in
            _ = try Sealer.takeLock(connection, waits: true)
            let rows = try ChunkRow.rollups(condition, parameters, connection)
            guard !rows.isEmpty else { return }
            var kept: [ChunkRow] = []
            var encoder = ChunkEncoder()
            for row in rows {
                if let row = try row.without(range, &encoder) { kept.append(row) }
            }
            _ = try connection.execute(
                """
                DELETE FROM weir_data.rollup c USING unnest($1::int4[], $2::int4[]) u(metric, series)
                WHERE c.metric = u.metric AND c.series = u.series AND c.win BETWEEN $3 AND $4
                """, parameters)
            try ChunkRow.copyRollups(kept, into: "weir_data.rollup", connection)
        }
    }
}

extension ChunkRow {
    /// A row of rollups without the buckets that reach into `range`; `nil` where none are left.
    fileprivate func without(
        _ range: ClosedRange<Timestamp>, _ encoder: inout ChunkEncoder
    ) throws(PostgresError) -> ChunkRow? {
        let step = Int64(clock / 8) * 1000
        let start = Partitions.time(ofWindow: win).milliseconds
        var values = Array(
            repeating: Absent.value, count: Int(Partitions.day.milliseconds / step))
        var output = values.mutableSpan
        guard chunk.decode(into: &output, from: 0) else { throw .malformed(what: "a rollup") }
        for index in values.indices {
            let begin = start + Int64(index) * step
            if begin <= range.upperBound.milliseconds, begin + step > range.lowerBound.milliseconds
            {
                values[index] = Absent.value
            }
        }
        guard let chunk = encoder.encode(values.span) else { return nil }
        return ChunkRow(metric: metric, series: series, clock: clock, win: win, chunk: chunk)
    }
}

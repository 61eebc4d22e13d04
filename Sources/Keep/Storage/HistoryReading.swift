import Head
import Model
import Postgres

/// One question to the database, from matchers to series.
struct HistoryReading {
    let matchers: [Matcher]
    let range: ClosedRange<Timestamp>
    let limits: ReadLimits

    private var bounds: [PostgresValue] {
        [
            .timestamp(microsecondsSince1970: range.lowerBound.microseconds),
            .timestamp(microsecondsSince1970: range.upperBound.microseconds),
        ]
    }

    /// The windows that may reach into the range: they end with their day.
    private var windows: (low: Int32, high: Int32) {
        let day = Partitions.start(of: range.lowerBound, Partitions.day)
        return (
            Partitions.window(at: max(day, Partitions.storable.lowerBound)),
            Partitions.window(at: range.upperBound)
        )
    }

    // MARK: Label sets

    func labelSets(
        _ connection: borrowing PostgresConnection, limit: Int?
    ) throws(PostgresError) -> Result<[Labels], SourceError> {
        let (low, high) = windows
        let (from, to) = (range.lowerBound.sql, range.upperBound.sql)
        // The numbers and instants are Weir's own, so they may stand in the text.
        let filter = """
            (EXISTS (SELECT FROM weir_data.chunk c WHERE c.metric = s.metric AND c.series = s.id
                AND c.win BETWEEN \(low) AND \(high))
            OR s.id IN (SELECT p.series FROM weir_data.placement p WHERE p.tile IN (
                SELECT tile FROM weir_data.scrape
                WHERE time BETWEEN \(from) AND \(to)
                    AND time >= (SELECT sealed FROM weir_data.horizon)))
            OR EXISTS (SELECT FROM weir_data.late l
                WHERE l.series = s.id AND l.time BETWEEN \(from) AND \(to))
            OR EXISTS (SELECT FROM weir_data.histogram h
                WHERE h.series = s.id AND h.last >= \(from) AND h.first <= \(to)))
            """
        let found = try SeriesFinder(matchers: matchers, limit: limits.series, enough: limit)
            .find(connection, where: filter)
        guard found.count <= limits.series else {
            return .failure(.tooMuch(what: "series", limit: limits.series))
        }
        return .success(found.map(\.labels))
    }

    // MARK: Series

    func series(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Result<[Series], SourceError> {
        let found = try SeriesFinder(matchers: matchers, limit: limits.series).find(connection)
        guard found.count <= limits.series else {
            return .failure(.tooMuch(what: "series", limit: limits.series))
        }
        return try series(found, connection).map { $0.compactMap(\.self) }
    }

    /// What each of `found` said, in their order; `nil` for those that said nothing.
    func series(
        _ found: [FoundSeries], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Result<[Series?], SourceError> {
        guard !found.isEmpty else { return .success([]) }
        let ids = found.map(\.id)
        var chunks = ChunkColumns(range: range, sampleLimit: limits.samples)
        guard try readChunks(found, into: &chunks, connection) else {
            return .failure(chunks.refusal ?? .tooMuch(what: "chunks", limit: limits.rows))
        }
        let horizon = try connection.query("SELECT sealed FROM weir_data.horizon")
        let sealed = try horizon.microsecondsSince1970(0, 0) ?? .min
        var loose = try readHot(ids, from: sealed, connection)
        guard loose.count <= limits.rows else {
            return .failure(.tooMuch(what: "samples", limit: limits.rows))
        }
        // Behind the hot ones, because of two with one time the last counts.
        try readLate(ids, into: &loose, connection)
        let histograms = try readHistograms(ids, connection)
        var series: [Series?] = []
        series.reserveCapacity(found.count)
        for one in found {
            series.append(
                chunks.series(
                    one.id, one.labels, with: loose.samples[one.id] ?? [],
                    histograms[one.id] ?? []))
        }
        if let refusal = chunks.refusal { return .failure(refusal) }
        return .success(series)
    }

    private func readChunks(
        _ found: [FoundSeries], into columns: inout ChunkColumns,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Bool {
        let (low, high) = windows
        let rows = try connection.query(
            """
            SELECT c.base, c.slope, c.series, c.clock, c.win, c.bytes, c.exact
            FROM unnest($1::int4[], $2::int4[]) u(metric, series)
            JOIN weir_data.chunk c ON c.metric = u.metric AND c.series = u.series
            WHERE c.win BETWEEN $3 AND $4 LIMIT $5
            """,
            [
                .int4s(found.map(\.metric)), .int4s(found.map(\.id)), .int4(low), .int4(high),
                .int8(Int64(limits.rows) + 1),
            ])
        guard rows.rowCount <= limits.rows else { return false }
        guard rows.rowCount > 0 else { return true }
        let places = try columns.index(rows)
        try readInstants(Array(places.clocks), low, high, into: &columns, connection)
        return try columns.read(rows, places.order)
    }

    private func readInstants(
        _ clocks: [Int32], _ low: Int32, _ high: Int32, into columns: inout ChunkColumns,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let rows = try connection.query(
            """
            SELECT base, slope, clock, win, bytes FROM weir_data.chunk
            WHERE metric = 0 AND series = ANY ($1) AND win BETWEEN $2 AND $3
            """, [.int4s(clocks), .int4(low), .int4(high)])
        try columns.readInstants(rows)
    }

    // MARK: Samples beside the chunks

    private func readHot(
        _ ids: [Int32], from sealed: Int64, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> LooseColumns {
        var loose = LooseColumns()
        guard range.upperBound.microseconds >= sealed else { return loose }
        let rows = try connection.query(
            """
            SELECT p.series, h.time, h.values[p.position + 1]
            FROM weir_data.placement p JOIN weir_data.scrape h ON h.tile = p.tile
            WHERE p.series = ANY ($1) AND h.time BETWEEN greatest($2, $3) AND $4
                AND h.values[p.position + 1] IS NOT NULL
            LIMIT $5
            """,
            [.int4s(ids), bounds[0], .timestamp(microsecondsSince1970: sealed), bounds[1]]
                + [.int8(Int64(limits.rows) + 1)])
        try loose.read(rows)
        return loose
    }

    private func readLate(
        _ ids: [Int32], into loose: inout LooseColumns, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let rows = try connection.query(
            """
            SELECT series, time, value FROM weir_data.late
            WHERE series = ANY ($1) AND time BETWEEN $2 AND $3 LIMIT $4
            """, [.int4s(ids)] + bounds + [.int8(Int64(limits.rows) + 1)])
        try loose.read(rows)
    }

    private func readHistograms(
        _ ids: [Int32], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [Int32: [HistogramPoint]] {
        let rows = try connection.query(
            """
            SELECT series, bytes FROM weir_data.histogram
            WHERE series = ANY ($1) AND last >= $2 AND first <= $3
            ORDER BY series, first
            """, [.int4s(ids)] + bounds)
        var points: [Int32: [HistogramPoint]] = [:]
        for row in 0..<rows.rowCount {
            guard let id = try rows.int(row, 0), let bytes = try rows.byteArray(row, 1) else {
                continue
            }
            guard let decoded = HistogramCodec.decode(bytes) else {
                throw .malformed(what: "a native histogram")
            }
            points[Int32(id), default: []] += decoded.filter { range.contains($0.time) }
        }
        return points
    }
}

/// Samples that came one by one, by series.
struct LooseColumns {
    private(set) var samples: [Int32: [Sample]] = [:]
    private(set) var count = 0

    mutating func read(_ rows: borrowing PostgresResult) throws(PostgresError) {
        count += rows.rowCount
        for row in 0..<rows.rowCount {
            guard let id = try rows.int(row, 0), let time = try rows.microsecondsSince1970(row, 1),
                let value = try rows.double(row, 2)
            else { continue }
            samples[Int32(id), default: []].append(
                Sample(time: Timestamp(milliseconds: time / 1000), value: value))
        }
    }
}

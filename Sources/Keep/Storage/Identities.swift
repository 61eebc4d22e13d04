import Head
import Model
import Postgres

/// The database's numbers for the clocks, series and tiles of this run.
///
/// Each step is a statement of its own that may be done twice: numbers that nobody uses do no harm.
struct Identities: Sendable {
    /// Tells the tiles of this run from those of others.
    let run: String
    private var clocks: [UInt32: Int32] = [:]
    private var series: [Int32] = []
    private var tiles: [UInt64: Int32] = [:]
    private var metrics: [String: Int32] = [:]
    private var occupants: [UInt64: [Int32]] = [:]

    /// Keeps series from being forgotten while their numbers are learned.
    static let lock = TickTransaction.lock + 3

    /// As many label sets as one statement takes.
    private static let portion = 5000

    init(run: String) { self.run = run }

    func clock(_ clock: ClockID) -> Int32? { clocks[clock.number] }

    func series(_ series: SeriesID) -> Int32? {
        let index = Int(series.number)
        guard index < self.series.count, self.series[index] > 0 else { return nil }
        return self.series[index]
    }

    func tile(_ clock: ClockID, _ tile: UInt32) -> Int32? {
        tiles[Self.key(clock, tile)]
    }

    /// Who stands at `position` of the tile now.
    func occupant(_ clock: ClockID, _ tile: UInt32, _ position: Int) -> Int32? {
        guard let all = occupants[Self.key(clock, tile)], position < all.count,
            all[position] > 0
        else { return nil }
        return all[position]
    }

    private static func key(_ clock: ClockID, _ tile: UInt32) -> UInt64 {
        UInt64(clock.number) << 32 | UInt64(tile)
    }

    // MARK: Making

    /// Makes known what `news` tells, and the tiles of `ticks`.
    mutating func learn(
        _ news: TickQueue.News, _ ticks: [Tick], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        guard !news.introduced.isEmpty else { return try learnPlaces(news, ticks, connection) }
        _ = try connection.execute("SELECT pg_advisory_lock_shared($1)", [.int8(Self.lock)])
        do throws(PostgresError) {
            try learnPlaces(news, ticks, connection)
        } catch {
            if connection.isUsable {
                _ = try connection.execute(
                    "SELECT pg_advisory_unlock_shared($1)", [.int8(Self.lock)])
            }
            throw error
        }
        _ = try connection.execute("SELECT pg_advisory_unlock_shared($1)", [.int8(Self.lock)])
    }

    private mutating func learnPlaces(
        _ news: TickQueue.News, _ ticks: [Tick], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        for opened in news.opened where clocks[opened.clock.number] == nil {
            clocks[opened.clock.number] = try Self.clock(
                opened.key, opened.interval, connection)
        }
        var start = 0
        while start < news.introduced.count {
            let end = min(start + Self.portion, news.introduced.count)
            try learn(news.introduced[start..<end], connection)
            start = end
        }
        try makeTiles(news, ticks, connection)
        try place(news.placed, connection)
    }

    static func clock(
        _ key: ClockKey, _ interval: TimeSpan?, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Int32 {
        let parameters: [PostgresValue] = [
            .text(key.kind.rawValue), .text(LabelsJSON.storable(key.name)),
            .text(LabelsJSON.storable(key.place)), .text(LabelsJSON.text(of: key.labels)),
            interval.map { .int8($0.milliseconds) } ?? .null,
        ]
        return try clock(parameters, connection)
    }

    static func clock(
        _ parameters: [PostgresValue], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Int32 {
        let result = try connection.execute(
            """
            INSERT INTO weir_data.clock (kind, name, place, labels, interval_ms)
            VALUES ($1, $2, $3, $4::text::jsonb, $5::int8)
            ON CONFLICT (key) DO UPDATE SET interval_ms = EXCLUDED.interval_ms, opened = now()
            RETURNING id
            """, parameters)
        return Int32(try result.int(0, 0) ?? 0)
    }

    private mutating func learn(
        _ introduced: ArraySlice<IntroducedSeries>, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let ids = try Self.series(introduced.map(\.labels), &metrics, connection)
        for (one, id) in zip(introduced, ids) {
            let index = Int(one.series.number)
            if index >= series.count {
                series += repeatElement(0, count: max(index + 1 - series.count, series.count / 2))
            }
            series[index] = id
        }
    }

    /// The numbers of these label sets, made where they have none.
    static func series(
        _ labels: [Labels], _ metrics: inout [String: Int32],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [Int32] {
        let names = labels.map { LabelsJSON.storable($0.metric) }
        try learn(names, &metrics, connection)
        let numbers = names.map { metrics[$0] ?? 0 }
        let texts = labels.map(LabelsJSON.text(of:))
        var ids = Array(repeating: 0 as Int32, count: labels.count)
        for isSecond in [false, true] {
            let found = try connection.execute(
                """
                SELECT u.n, s.id
                FROM unnest($1::int4[], $2::text[]) WITH ORDINALITY u(metric, labels, n)
                JOIN weir_data.series s
                ON s.key = md5(u.metric::text || u.labels::jsonb::text)::uuid
                """, [.int4s(numbers), .texts(texts)])
            for row in 0..<found.rowCount {
                guard let place = try found.int(row, 0), let id = try found.int(row, 1) else {
                    continue
                }
                ids[place - 1] = Int32(id)
            }
            let missing = ids.indices.filter { ids[$0] == 0 }
            if missing.isEmpty || isSecond { break }
            // Identities are only spent on what is not there: a restart spends none.
            _ = try connection.execute(
                """
                WITH made AS (
                    INSERT INTO weir_data.series (metric, labels)
                    SELECT DISTINCT metric, labels::jsonb
                    FROM unnest($1::int4[], $2::text[]) u(metric, labels)
                    ON CONFLICT (key) DO NOTHING RETURNING labels)
                INSERT INTO weir_data.label
                SELECT DISTINCT e.key, e.value FROM made, jsonb_each_text(made.labels) e
                ON CONFLICT DO NOTHING
                """, [.int4s(missing.map { numbers[$0] }), .texts(missing.map { texts[$0] })])
        }
        return ids
    }

    private static func learn(
        _ names: [String], _ metrics: inout [String: Int32],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let unknown = Array(Set(names.filter { metrics[$0] == nil }))
        guard !unknown.isEmpty else { return }
        for isSecond in [false, true] {
            let found = try connection.execute(
                "SELECT name, id FROM weir_data.metric WHERE name = ANY ($1)", [.texts(unknown)])
            for row in 0..<found.rowCount {
                if let name = try found.text(row, 0), let id = try found.int(row, 1) {
                    metrics[name] = Int32(id)
                }
            }
            let missing = unknown.filter { metrics[$0] == nil }
            if missing.isEmpty || isSecond { break }
            _ = try connection.execute(
                """
                INSERT INTO weir_data.metric (name) SELECT unnest($1::text[])
                ON CONFLICT (name) DO NOTHING
                """, [.texts(missing)])
        }
    }

    // MARK: Places

    private mutating func makeTiles(
        _ news: TickQueue.News, _ ticks: [Tick], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        var unknown: Set<UInt64> = []
        func look(_ clock: ClockID, _ tile: UInt32) {
            let key = Self.key(clock, tile)
            if tiles[key] == nil { unknown.insert(key) }
        }
        for place in news.placed { look(place.clock, place.placement.tile) }
        for tick in ticks { for row in tick.tiles { look(tick.clock, row.tile) } }
        let keys = unknown.filter { clocks[UInt32($0 >> 32)] != nil }.sorted()
        guard !keys.isEmpty else { return }
        let made = try connection.execute(
            """
            INSERT INTO weir_data.tile (clock, run)
            SELECT u.clock, $2::text::uuid FROM unnest($1::int4[]) WITH ORDINALITY u(clock, n)
            ORDER BY u.n RETURNING id
            """, [.int4s(keys.map { clocks[UInt32($0 >> 32)] ?? 0 }), .text(run)])
        for (row, key) in keys.enumerated() { tiles[key] = Int32(try made.int(row, 0) ?? 0) }
    }

    private mutating func place(
        _ placed: [(clock: ClockID, placement: Placement)],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        struct Place: Hashable {
            let tile: Int32
            let position: Int16
        }
        var newest: [Place: Int32] = [:]
        for (clock, placement) in placed {
            guard let tile = tile(clock, placement.tile), let series = series(placement.series)
            else { continue }
            newest[Place(tile: tile, position: Int16(placement.position))] = series
            let key = Self.key(clock, placement.tile)
            occupants[
                key, default: Array(repeating: 0, count: Tick.tileWidth)
            ][Int(placement.position)] = series
        }
        let places = Array(newest)
        var start = 0
        while start < places.count {
            let part = places[start..<min(start + 50_000, places.count)]
            _ = try connection.execute(
                """
                INSERT INTO weir_data.placement (tile, position, series)
                SELECT * FROM unnest($1::int4[], $2::int2[], $3::int4[])
                ON CONFLICT (tile, position) DO UPDATE SET series = EXCLUDED.series
                """,
                [
                    .int4s(part.map(\.key.tile)), .int2s(part.map(\.key.position)),
                    .int4s(part.map(\.value)),
                ])
            start += part.count
        }
    }
}

import Head
import Model
import Postgres

/// One commit of many ticks: rows where their time is still open, late samples where it is not.
struct TickTransaction {
    /// What a transaction wrote.
    struct Outcome: Sendable {
        var rows = 0
        var samples = 0
        var late = 0
        /// Samples at times that cannot be stored.
        var refused = 0
    }

    let ids: Identities
    /// Whether some of it may have been committed before.
    let isRepeated: Bool
    /// The length of a hot partition.
    var hotSpan = Partitions.hot

    /// Keeps sealers of other processes from closing what is being written.
    static let lock: Int64 = 0x7765_6972_0001

    /// Writes `ticks` and commits; gives what it wrote.
    func write(
        _ ticks: [Tick], _ metadata: [(clock: ClockID, time: Timestamp, family: FamilyMetadata)],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Outcome {
        try connection.transaction { connection throws(PostgresError) in
            var outcome = Outcome()
            _ = try connection.execute(
                "SELECT pg_advisory_xact_lock_shared($1)", [.int8(Self.lock)])
            _ = try connection.execute(
                """
                INSERT INTO weir_data.run AS r (id) VALUES ($1::text::uuid)
                ON CONFLICT (id) DO UPDATE SET seen = now()
                WHERE r.seen < now() - interval '10 minutes'
                """, [.text(ids.run)])
            let closed = try Self.closed(connection)
            let storable = ticks.filter { Partitions.storable.contains($0.time) }
            var open = storable.filter { $0.isTick && $0.time >= closed && !$0.values.isEmpty }
            try ensurePartitions(open, connection)
            if isRepeated { try leaveOutWritten(&open, connection) }
            try copy(open, &outcome, connection)
            let late = lateSamples(ticks, before: closed, &outcome)
            try LateSamples.write(late, connection)
            outcome.late = late.count
            try writeExtras(ticks, metadata, connection)
            return outcome
        }
    }

    static func closed(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Timestamp {
        let result = try connection.execute("SELECT closed FROM weir_data.horizon")
        let time = try result.rowCount > 0 ? result.microsecondsSince1970(0, 0) : nil
        guard let time, time != .min else { return .distantPast }
        return Timestamp(milliseconds: time / 1000)
    }

    private func ensurePartitions(
        _ ticks: [Tick], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let starts = Set(ticks.map { Partitions.start(of: $0.time, hotSpan) })
        for start in starts.sorted() { try Self.ensureHot(start, hotSpan, connection) }
    }

    static func ensureHot(
        _ start: Timestamp, _ length: TimeSpan, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let known = try connection.execute(
            "SELECT 1 FROM weir_data.span WHERE kind = 'hot' AND start = $1",
            [.timestamp(microsecondsSince1970: start.microseconds)])
        guard known.rowCount == 0 else { return }
        // Two programs may come here at once.
        _ = try connection.query(
            "SELECT pg_advisory_xact_lock($1)", [.int8(Self.lock + 1)])
        let now = try connection.query(
            "SELECT 1 FROM weir_data.span WHERE kind = 'hot' AND start = $1",
            [.timestamp(microsecondsSince1970: start.microseconds)])
        if now.rowCount == 0 { try connection.run(Partitions.makeHot(start, length)) }
    }

    /// Drops those of `ticks` that are in the database: a tick is there as a whole or not at all.
    private func leaveOutWritten(
        _ ticks: inout [Tick], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        guard let first = ticks.map(\.time).min(), let last = ticks.map(\.time).max() else {
            return
        }
        let found = try connection.query(
            "SELECT DISTINCT clock, time FROM weir_data.scrape WHERE time BETWEEN $1 AND $2",
            [
                .timestamp(microsecondsSince1970: first.microseconds),
                .timestamp(microsecondsSince1970: last.microseconds),
            ])
        struct Written: Hashable {
            let clock: Int32
            let time: Int64
        }
        var written: Set<Written> = []
        for row in 0..<found.rowCount {
            if let clock = try found.int(row, 0), let time = try found.microsecondsSince1970(row, 1)
            {
                written.insert(Written(clock: Int32(clock), time: time))
            }
        }
        ticks.removeAll {
            guard let clock = ids.clock($0.clock) else { return false }
            return written.contains(Written(clock: clock, time: $0.time.microseconds))
        }
    }

    private func copy(
        _ ticks: [Tick], _ outcome: inout Outcome, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        guard !ticks.isEmpty else { return }
        var rows = 0
        var samples = 0
        try connection.copyIn(
            "COPY weir_data.scrape (time, clock, tile, values) FROM STDIN (FORMAT binary)"
        ) { writer throws(PostgresError) in
            for tick in ticks {
                guard let clock = ids.clock(tick.clock) else { continue }
                var start = 0
                for row in tick.tiles {
                    let range = start..<start + row.width
                    start += row.width
                    guard let tile = ids.tile(tick.clock, row.tile) else { continue }
                    try writer.startRow(fields: 4)
                    writer.timestamp(microsecondsSince1970: tick.time.microseconds)
                    writer.int4(clock)
                    writer.int4(tile)
                    writer.float8s(
                        tick.values.span.extracting(range), nullBits: Absent.bits)
                    rows += 1
                    samples += row.width
                }
            }
        }
        outcome.rows = rows
        outcome.samples = samples
    }

    /// Loose samples, and all of ticks whose time is closed.
    private func lateSamples(
        _ ticks: [Tick], before closed: Timestamp, _ outcome: inout Outcome
    ) -> LateSamples {
        var late = LateSamples()
        for tick in ticks {
            for sample in tick.loose {
                guard Partitions.storable.contains(sample.time), let id = ids.series(sample.series)
                else {
                    outcome.refused += 1
                    continue
                }
                late.add(id, sample.time, sample.value)
            }
            guard tick.isTick, tick.time < closed || !Partitions.storable.contains(tick.time),
                !tick.values.isEmpty
            else { continue }
            if !Partitions.storable.contains(tick.time) {
                outcome.refused += tick.values.count
                continue
            }
            addRows(of: tick, to: &late)
        }
        return late
    }

    private func addRows(of tick: Tick, to late: inout LateSamples) {
        var start = 0
        for row in tick.tiles {
            for position in 0..<row.width {
                let value = tick.values[start + position]
                if value.isAbsent { continue }
                if let id = ids.occupant(tick.clock, row.tile, position) {
                    late.add(id, tick.time, value)
                }
            }
            start += row.width
        }
    }

    private func writeExtras(
        _ ticks: [Tick], _ metadata: [(clock: ClockID, time: Timestamp, family: FamilyMetadata)],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        try Extras.write(metadata, ids, connection)
        try Extras.write(exemplars: ticks.flatMap(\.exemplars), ids, connection)
        try Extras.write(histograms: ticks.flatMap(\.histograms), ids, connection)
    }
}

/// Samples beside the ticks, each series and instant once: what was added last counts.
struct LateSamples {
    private struct Key: Hashable {
        let series: Int32
        let time: Int64
    }
    private var values: [Key: Double] = [:]

    var count: Int { values.count }

    mutating func add(_ series: Int32, _ time: Timestamp, _ value: Double) {
        values[Key(series: series, time: time.milliseconds)] = value.isAbsent ? .nan : value
    }

    /// Writes `samples` over those that are there.
    static func write(
        _ samples: LateSamples, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        guard samples.count > 0 else { return }
        // In one order everywhere, so that two programs do not wait for each other.
        let all = samples.values.sorted {
            ($0.key.series, $0.key.time) < ($1.key.series, $1.key.time)
        }
        var start = 0
        while start < all.count {
            let part = all[start..<min(start + 50_000, all.count)]
            _ = try connection.execute(
                """
                INSERT INTO weir_data.late (series, time, value)
                SELECT s, timestamptz 'epoch' + t * interval '1 millisecond', v
                FROM unnest($1::int4[], $2::int8[], $3::float8[]) u(s, t, v)
                ON CONFLICT (series, time) DO UPDATE SET value = EXCLUDED.value
                """,
                [
                    .int4s(part.map(\.key.series)), .int8s(part.map(\.key.time)),
                    .float8s(part.map(\.value)),
                ])
            start += part.count
        }
    }
}

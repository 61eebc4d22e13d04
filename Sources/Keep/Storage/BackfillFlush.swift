import Head
import Model
import Postgres

/// One commit of old samples.
struct BackfillFlush: ~Copyable {
    var clocks: BackfillClocks
    var metrics: [String: Int32]
    private(set) var outcome = Backfill.Outcome()
    private var ids: [Int32] = []
    private var numbers: [Int32] = []

    init(clocks: BackfillClocks, metrics: [String: Int32]) {
        self.clocks = clocks
        self.metrics = metrics
    }

    mutating func run(
        _ unordered: [Backfill.Column], _ metadata: [FamilyMetadata],
        _ exemplars: [(series: Int, point: ExemplarPoint)], _ mark: BackfillMark?,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        var columns = unordered
        for index in columns.indices { columns[index].putInOrder() }
        // Numbers that nobody uses do no harm, so they need not be part of the commit.
        try learn(columns, connection)
        let days = split(columns)
        // A closure cannot change what is borrowed here, so the state moves in and out.
        var encoder = ChunkEncoder()
        var (clocks, outcome) = (self.clocks, self.outcome)
        let (ids, numbers) = (self.ids, self.numbers)
        try connection.transaction { connection throws(PostgresError) in
            _ = try Sealer.takeLock(connection, waits: true)
            for (day, parts) in days.sorted(by: { $0.key < $1.key }) {
                var work = BackfillDay(
                    day: Timestamp(milliseconds: day), columns: columns, ids: ids,
                    metrics: numbers)
                try work.write(parts, &clocks, &encoder, connection)
                outcome.sealed += work.sealed
                outcome.late += work.late
            }
            try BackfillNotes.write(exemplars, ids, connection)
            if let first = days.keys.min() {
                try BackfillNotes.write(metadata, since: first, connection)
            }
            try mark?.write(connection)
        }
        (self.clocks, self.outcome) = (clocks, outcome)
    }

    private mutating func learn(
        _ columns: [Backfill.Column], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        var start = 0
        while start < columns.count {
            let part = columns[start..<min(start + 5000, columns.count)].map(\.labels)
            ids += try Identities.series(part, &metrics, connection)
            for labels in part {
                numbers.append(metrics[LabelsJSON.storable(labels.metric)] ?? 0)
            }
            start += part.count
        }
    }

    /// The parts of each day.
    private mutating func split(_ columns: [Backfill.Column]) -> [Int64: [BackfillPart]] {
        var days: [Int64: [BackfillPart]] = [:]
        let length = Partitions.day.milliseconds
        for (series, column) in columns.enumerated() {
            var start = 0
            while start < column.times.count {
                let time = column.times[start]
                guard Partitions.storable.contains(Timestamp(milliseconds: time)) else {
                    outcome.refused += 1
                    start += 1
                    continue
                }
                let day = time.flooringDivision(by: length) * length
                var end = start + 1
                while end < column.times.count, column.times[end] < day + length { end += 1 }
                days[day, default: []].append(BackfillPart(series: series, range: start..<end))
                note(time, column.times[end - 1])
                start = end
            }
        }
        return days
    }

    private mutating func note(_ first: Int64, _ last: Int64) {
        let (low, high) = (Timestamp(milliseconds: first), Timestamp(milliseconds: last))
        let all = outcome.range ?? low...high
        outcome.range = min(all.lowerBound, low)...max(all.upperBound, high)
    }
}

extension Backfill.Column {
    /// Sorts what is not in order; of two samples with one time the later one stays.
    fileprivate mutating func putInOrder() {
        let isOrdered = times.indices.dropFirst().allSatisfy { times[$0 - 1] < times[$0] }
        guard !isOrdered else { return }
        let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
        var (newTimes, newValues): ([Int64], [Double]) = ([], [])
        newTimes.reserveCapacity(order.count)
        newValues.reserveCapacity(order.count)
        for index in order {
            if newTimes.last == times[index] {
                newValues[newValues.count - 1] = values[index]
            } else {
                newTimes.append(times[index])
                newValues.append(values[index])
            }
        }
        (times, values) = (newTimes, newValues)
    }
}

/// What belongs to one day, on its way into it.
struct BackfillDay {
    let day: Timestamp
    let columns: [Backfill.Column]
    let ids: [Int32]
    let metrics: [Int32]
    private(set) var sealed = 0
    private(set) var late = 0

    init(day: Timestamp, columns: [Backfill.Column], ids: [Int32], metrics: [Int32]) {
        self.day = day
        self.columns = columns
        self.ids = ids
        self.metrics = metrics
    }

    mutating func write(
        _ parts: [BackfillPart], _ clocks: inout BackfillClocks, _ encoder: inout ChunkEncoder,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let taken = try BackfillTaken(day, ids, metrics, parts, connection)
        var free: [BackfillPart] = []
        var samples = LateSamples()
        for part in parts {
            let times = columns[part.series].times
            if taken.isFree(
                ids[part.series], times[part.range.lowerBound]...times[part.range.upperBound - 1])
            {
                free.append(part)
                continue
            }
            for index in part.range {
                samples.add(
                    ids[part.series], Timestamp(milliseconds: times[index]),
                    columns[part.series].values[index])
            }
        }
        try LateSamples.write(samples, connection)
        late += samples.count
        guard !free.isEmpty else { return }
        try Days.ensure(day, connection)
        try writeChunks(free, &clocks, &encoder, connection)
        _ = try connection.execute(
            "UPDATE weir_data.span SET merged = NULL WHERE kind = 'day' AND start = $1",
            [.timestamp(microsecondsSince1970: day.microseconds)])
    }

    private mutating func writeChunks(
        _ parts: [BackfillPart], _ clocks: inout BackfillClocks, _ encoder: inout ChunkEncoder,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        var rows: [ChunkRow] = []
        var all: [Window] = []
        for group in BackfillGroup.groups(parts, columns, day: day.milliseconds) {
            let windows = try clocks.windows(of: group.times, group.key, connection)
            for window in windows {
                if let row = window.row(&encoder) { rows.append(row) }
            }
            all += windows
            for part in group.members { add(part, group, windows, &rows, &encoder) }
        }
        rows.sort(by: ChunkRow.isBefore)
        let tables = Partitions.dayTables(day)
        try ChunkRow.copy(rows, into: tables.chunk, connection)
        try Window.copy(
            all.sorted { ($0.clock, $0.win) < ($1.clock, $1.win) }, into: tables.tick, connection)
    }

    private mutating func add(
        _ part: BackfillPart, _ group: BackfillGroup, _ windows: [Window],
        _ rows: inout [ChunkRow], _ encoder: inout ChunkEncoder
    ) {
        let column = columns[part.series]
        sealed += part.range.count
        var spread: [Double] = []
        let isWhole = part.range.count == group.times.count
        if !isWhole {
            spread = Array(repeating: Absent.value, count: group.times.count)
            var tick = 0
            for index in part.range {
                while group.times[tick] < column.times[index] { tick += 1 }
                spread[tick] = column.values[index]
            }
        }
        var begin = 0
        for window in windows {
            let end = begin + window.times.count
            let first = part.range.lowerBound
            let chunk =
                isWhole
                ? encoder.encode(column.values.span.extracting(first + begin..<first + end))
                : encoder.encode(spread.span.extracting(begin..<end))
            if let chunk {
                rows.append(
                    ChunkRow(
                        metric: metrics[part.series], series: ids[part.series],
                        clock: window.clock, win: window.win, chunk: chunk))
            }
            begin = end
        }
    }
}

/// What a day already holds of some series: who adds to that has to go beside it.
struct BackfillTaken {
    private var spans: [Int32: [ClosedRange<Int64>]] = [:]
    private var late: Set<Int32> = []
    private var hot: [ClosedRange<Int64>] = []

    init(
        _ day: Timestamp, _ ids: [Int32], _ metrics: [Int32], _ parts: [BackfillPart],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        try readHot(day, connection)
        guard try Days.exists(day, connection) else {
            try readLate(day, connection)
            return
        }
        try readLate(day, connection)
        let table = Partitions.dayTables(day).chunk
        let instants = try connection.query(
            "SELECT base, slope, clock, win, bytes FROM \(table) WHERE metric = 0")
        var extents: [Int64: ClosedRange<Int64>] = [:]
        for row in 0..<instants.rowCount {
            guard let clock = try instants.int(row, 2), let win = try instants.int(row, 3) else {
                continue
            }
            let times = try ChunkLine.instants(instants, row)
            if let first = times.first, let last = times.last {
                extents[Int64(clock) << 32 | Int64(win)] = first...last
            }
        }
        guard !extents.isEmpty else { return }
        let chosen = parts.map(\.series)
        let rows = try connection.query(
            """
            SELECT c.series, c.clock, c.win FROM unnest($1::int4[], $2::int4[]) u(metric, series)
            JOIN \(table) c ON c.metric = u.metric AND c.series = u.series
            """, [.int4s(chosen.map { metrics[$0] }), .int4s(chosen.map { ids[$0] })])
        for row in 0..<rows.rowCount {
            guard let series = try rows.int(row, 0), let clock = try rows.int(row, 1),
                let win = try rows.int(row, 2),
                let extent = extents[Int64(clock) << 32 | Int64(win)]
            else { continue }
            spans[Int32(series), default: []].append(extent)
        }
    }

    private mutating func readLate(
        _ day: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let rows = try connection.query(
            "SELECT DISTINCT series FROM weir_data.late WHERE time >= $1 AND time < $2",
            [
                .timestamp(microsecondsSince1970: day.microseconds),
                .timestamp(microsecondsSince1970: (day + Partitions.day).microseconds),
            ])
        for row in 0..<rows.rowCount {
            if let series = try rows.int(row, 0) { late.insert(Int32(series)) }
        }
    }

    /// Hot rows say what nobody has looked into; beside them is always right.
    private mutating func readHot(
        _ day: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let rows = try connection.query(
            """
            SELECT start, "end" FROM weir_data.span WHERE kind = 'hot' AND merged IS NULL
                AND start < $2 AND "end" > $1
            """,
            [
                .timestamp(microsecondsSince1970: day.microseconds),
                .timestamp(microsecondsSince1970: (day + Partitions.day).microseconds),
            ])
        for row in 0..<rows.rowCount {
            guard let start = try rows.microsecondsSince1970(row, 0),
                let end = try rows.microsecondsSince1970(row, 1)
            else { continue }
            hot.append(start / 1000...end / 1000 - 1)
        }
    }

    /// Whether nothing stands where a series said something in `range`.
    func isFree(_ series: Int32, _ range: ClosedRange<Int64>) -> Bool {
        !late.contains(series) && !hot.contains { $0.overlaps(range) }
            && !(spans[series]?.contains { $0.overlaps(range) } ?? false)
    }
}

/// What is said beside samples, on its way into the database.
enum BackfillNotes {
    static func write(
        _ exemplars: [(series: Int, point: ExemplarPoint)], _ ids: [Int32],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        let known = exemplars.filter { Partitions.storable.contains($0.point.time) }
        guard !known.isEmpty else { return }
        _ = try connection.execute(
            """
            INSERT INTO weir_data.exemplar (series, time, value, labels)
            SELECT s, timestamptz 'epoch' + t * interval '1 millisecond', v, l::jsonb
            FROM unnest($1::int4[], $2::int8[], $3::float8[], $4::text[]) u(s, t, v, l)
            ON CONFLICT DO NOTHING
            """,
            [
                .int4s(known.map { ids[$0.series] }), .int8s(known.map(\.point.time.milliseconds)),
                .float8s(known.map(\.point.value)),
                .texts(known.map { LabelsJSON.text(of: $0.point.labels) }),
            ])
    }

    /// Notes what is said of families, as from one sender, where nobody says the same.
    static func write(
        _ metadata: [FamilyMetadata], since first: Int64,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) {
        guard !metadata.isEmpty else { return }
        let clock = try Identities.clock(
            [.text("sender"), .text("backfill"), .text(""), .text("{}"), .null], connection)
        _ = try connection.execute(
            """
            INSERT INTO weir_data.metadata (clock, family, since, type, unit, help)
            SELECT DISTINCT ON (u.family) $1::int4, u.family,
                timestamptz 'epoch' + $2::int8 * interval '1 millisecond', u.type, u.unit, u.help
            FROM unnest($3::text[], $4::text[], $5::text[], $6::text[])
                u(family, type, unit, help)
            WHERE NOT EXISTS (
                SELECT FROM weir_data.metadata m
                WHERE m.family = u.family AND m.until = 'infinity'
                    AND (m.type, m.unit, m.help) = (u.type, u.unit, u.help))
            ON CONFLICT (clock, family, since) DO UPDATE
            SET type = EXCLUDED.type, unit = EXCLUDED.unit, help = EXCLUDED.help
            """,
            [
                .int4(clock), .int8(first),
                .texts(metadata.map { LabelsJSON.storable($0.family) }),
                .texts(metadata.map(\.metadata.type.rawValue)),
                .texts(metadata.map { LabelsJSON.storable($0.metadata.unit) }),
                .texts(metadata.map { LabelsJSON.storable($0.metadata.help) }),
            ])
    }
}

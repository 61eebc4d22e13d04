import Head
import Model
import Postgres

/// The late samples of a day, on their way into chunks.
struct DayLate {
    /// Series that said something at the very same instants.
    struct Group {
        let times: [Int64]
        let members: [(series: Int32, metric: Int32)]
    }

    private struct Late {
        var metric: Int32
        var times: [Int64] = []
        var values: [Double] = []
        var isPlaced: [Bool] = []
    }

    private let start: Timestamp
    private var all: [Int32: Late] = [:]
    /// How many they are.
    private(set) var count = 0

    // More clocks than this for one day are not worth their ticks.
    private static let groupLimit = 50

    init(start: Timestamp) { self.start = start }

    /// Reads those of the day that are sealed.
    mutating func read(_ connection: borrowing PostgresConnection) throws(PostgresError) {
        let rows = try connection.query(
            """
            SELECT l.series, s.metric, l.time, l.value
            FROM weir_data.late l JOIN weir_data.series s ON s.id = l.series
            WHERE l.time >= $1 AND l.time < $2 AND l.time < (SELECT sealed FROM weir_data.horizon)
            ORDER BY l.series, l.time
            """,
            [
                .timestamp(microsecondsSince1970: start.microseconds),
                .timestamp(microsecondsSince1970: (start + Partitions.day).microseconds),
            ])
        for row in 0..<rows.rowCount {
            guard let series = try rows.int(row, 0), let metric = try rows.int(row, 1),
                let time = try rows.microsecondsSince1970(row, 2),
                let value = try rows.double(row, 3)
            else { continue }
            all[Int32(series), default: Late(metric: Int32(metric))].times.append(time / 1000)
            all[Int32(series)]?.values.append(value)
            all[Int32(series)]?.isPlaced.append(false)
        }
        count = rows.rowCount
    }

    /// Writes what `series` said late at these instants over `values`.
    mutating func apply(to values: inout [Double], of series: Int32, at times: [Int64]) {
        guard let late = all[series] else { return }
        var tick = 0
        for (index, time) in late.times.enumerated() {
            while tick < times.count, times[tick] < time { tick += 1 }
            guard tick < times.count else { return }
            // What a clock of its own says at that instant may still lack it: absent is no answer.
            if times[tick] == time {
                values[tick] = late.values[index]
                all[series]?.isPlaced[index] = true
            }
        }
    }

    /// The samples that no clock has taken, as groups of series with the same instants.
    func groups() -> [Group] {
        var byTimes: [[Int64]: [(series: Int32, metric: Int32)]] = [:]
        for (series, late) in all {
            let times = late.times.indices.filter { !late.isPlaced[$0] }.map { late.times[$0] }
            if !times.isEmpty { byTimes[times, default: []].append((series, late.metric)) }
        }
        let groups = byTimes.map { Group(times: $0, members: $1.sorted { $0 < $1 }) }
            .sorted { ($1.members.count, $0.times[0]) < ($0.members.count, $1.times[0]) }
        guard groups.count > Self.groupLimit else { return groups }
        // The odd ones share one clock, at whose instants most of them say nothing.
        let rest = groups[Self.groupLimit...]
        let shared = Group(
            times: Set(rest.flatMap(\.times)).sorted(), members: rest.flatMap(\.members))
        return groups[..<Self.groupLimit] + [shared]
    }

    /// Removes what was read, but not what was written over meanwhile.
    func remove(_ connection: borrowing PostgresConnection) throws(PostgresError) {
        for (series, late) in all {
            _ = try connection.execute(
                """
                DELETE FROM weir_data.late l
                USING unnest($2::int8[], $3::float8[]) u(t, v)
                WHERE l.series = $1 AND l.time = timestamptz 'epoch' + t * interval '1 millisecond'
                    AND float8send(l.value) = float8send(u.v)
                """, [.int4(series), .int8s(late.times), .float8s(late.values)])
        }
    }
}

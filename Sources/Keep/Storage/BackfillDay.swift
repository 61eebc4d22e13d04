import Head
import Model
import Postgres

/// A part of a series' column that lies in one day.
struct BackfillPart {
    let series: Int
    let range: Range<Int>
}

/// The clocks that samples of no known clock get, and where each of them ends.
struct BackfillClocks: Sendable {
    struct Key: Hashable, Sendable {
        let day: Int64
        let job: String
        let instance: String
    }

    private struct Clock {
        let number: Int32
        var last: Int64
        var win: Int32
    }

    private var known: [Key: Clock] = [:]
    private var made = 0

    /// A clock for these instants: the one that the same target had before, where they follow its
    /// last one.
    mutating func windows(
        of times: [Int64], _ key: Key, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [Window] {
        if let clock = known[key], clock.last < times[0] {
            let windows = Window.cut(times[...], of: clock.number, after: clock.win)
            note(key, clock.number, windows)
            return windows
        }
        let fresh = try connection.query(
            "SELECT nextval(pg_get_serial_sequence('weir_data.clock', 'id'))"
        ).int(0, 0)
        let day = Timestamp(milliseconds: key.day)
        let clock = try Identities.clock(
            [
                .text("late"), .text(Partitions.name(day, Partitions.day)),
                .text("\(times[0])/\(fresh ?? 0)"), .text("{}"), .null,
            ], connection)
        let windows = Window.cut(times[...], of: clock)
        note(key, clock, windows)
        return windows
    }

    private mutating func note(_ key: Key, _ number: Int32, _ windows: [Window]) {
        guard let last = windows.last, let time = last.times.last else { return }
        known[key] = Clock(number: number, last: time, win: last.win)
        // Days that are long past are seldom added to.
        if known.count > 100_000 { known.removeAll() }
    }
}

/// Series of a day that share instants, or most of them.
struct BackfillGroup {
    var times: [Int64]
    var members: [BackfillPart]
    let key: BackfillClocks.Key

    /// Groups of fewer series than this are worth a look for what they have in common.
    private static let fewest = 4

    /// Groups of the parts of one day.
    static func groups(
        _ parts: [BackfillPart], _ columns: [Backfill.Column], day: Int64
    ) -> [BackfillGroup] {
        struct Instants: Hashable {
            let count: Int
            let first: Int64
            let last: Int64
            let sum: Int64
            let key: BackfillClocks.Key
        }
        var groups: [BackfillGroup] = []
        var places: [Instants: [Int]] = [:]
        for part in parts {
            let column = columns[part.series]
            let times = column.times[part.range]
            let key = BackfillClocks.Key(
                day: day, job: column.labels[LabelName.job],
                instance: column.labels[LabelName.instance])
            let instants = Instants(
                count: times.count, first: times.first ?? 0, last: times.last ?? 0,
                sum: times.reduce(0, &+), key: key)
            let same = places[instants]?.first { groups[$0].times.elementsEqual(times) }
            if let same {
                groups[same].members.append(part)
            } else {
                places[instants, default: []].append(groups.count)
                groups.append(BackfillGroup(times: Array(times), members: [part], key: key))
            }
        }
        return joined(groups, columns)
    }

    /// Small groups of one target become one where that leaves few gaps.
    private static func joined(
        _ groups: [BackfillGroup], _ columns: [Backfill.Column]
    ) -> [BackfillGroup] {
        var result: [BackfillGroup] = []
        let byTarget = Dictionary(grouping: groups.indices, by: { groups[$0].key })
        for (key, places) in byTarget.sorted(by: { $0.value[0] < $1.value[0] }) {
            let all = places.map { groups[$0] }
            guard all.count > 1, all.contains(where: { $0.members.count < fewest }) else {
                result += all
                continue
            }
            let union = Set(all.flatMap(\.times)).sorted()
            let members = all.flatMap(\.members)
            let said = all.reduce(0) { $0 + $1.times.count * $1.members.count }
            if said * 2 >= union.count * members.count {
                result.append(BackfillGroup(times: union, members: members, key: key))
            } else {
                result += all
            }
        }
        return result
    }
}

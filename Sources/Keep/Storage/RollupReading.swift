import Head
import Model
import Postgres

/// A question for rollups: a selector with a matcher on `__rollup__`, as in `{__rollup__="5m:max"}`.
struct RollupQuestion {
    /// The label that asks for rollups; its value is a step and a kind.
    static let label = "__rollup__"

    /// What is asked of the label alone.
    let asked: [Matcher]
    /// The other matchers.
    let others: [Matcher]

    /// `nil` where `matchers` do not ask for rollups.
    init?(_ matchers: [Matcher]) {
        let isLabel = { (matcher: Matcher) in matcher.name.hasSameBytes(as: Self.label) }
        asked = matchers.filter(isLabel)
        others = matchers.filter { !isLabel($0) }
        guard asked.contains(where: { !$0.acceptsAbsence }) else { return nil }
    }

    /// The kinds over `step` that are asked for.
    func kinds(over step: TimeSpan) -> [RollupKind] {
        RollupKind.allCases.filter { kind in
            asked.allSatisfy { $0.accepts(kind.name(of: step)) }
        }
    }

    /// What series are called whose values these are.
    static func labels(_ labels: Labels, _ step: TimeSpan, _ kind: RollupKind) -> Labels {
        var builder = LabelsBuilder(labels)
        builder[label] = kind.name(of: step)
        return Labels(builder)
    }
}

/// Rollups as series: those that are made, and for the days whose are not, reckoned from samples.
struct RollupSource {
    let pool: PostgresPool
    var layers: LayeredSource
    let rules: [RollupRule]
    let limits: ReadLimits
    let now: @Sendable () -> Timestamp

    /// The days in the range whose rollups are made, and all steps that there are.
    private struct Made: Sendable {
        var days: Set<Timestamp> = []
        var steps: Set<TimeSpan> = []
    }

    func series(
        _ question: RollupQuestion, in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        let range = range.clamped(to: Partitions.storable)
        let (rules, limits) = (rules, limits)
        let (made, past) = try await Store.run(pool) { connection throws(PostgresError) in
            try connection.transaction(.snapshot) {
                connection throws(PostgresError) -> (Made, Result<[Series], SourceError>) in
                let made = try Self.made(rules, connection)
                let reading = RollupReading(
                    question: question, range: range, steps: made.steps, limits: limits)
                return (made, try reading.series(connection))
            }
        }
        var series = try past.get()
        for stretch in Self.gaps(made.days, range, now()) {
            series = LayeredSource.merge(
                series, try await reckoned(question, made.steps, stretch, range))
        }
        return series
    }

    private static func made(
        _ rules: [RollupRule], _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Made {
        var made = Made(days: [], steps: Set(rules.flatMap(\.every)))
        let rows = try connection.query(
            "SELECT start, array_to_string(steps, ' ') FROM weir_data.rolled")
        for row in 0..<rows.rowCount {
            guard let start = try rows.microsecondsSince1970(row, 0) else { continue }
            made.days.insert(Timestamp(milliseconds: start / 1000))
            for word in (try rows.text(row, 1) ?? "").split(separator: " ") {
                if let seconds = Int64(word) { made.steps.insert(.seconds(seconds)) }
            }
        }
        return made
    }

    /// The stretches of days that hold buckets in `range` and have no rollups yet.
    ///
    /// A bucket that ends with a day is that day's.
    private static func gaps(
        _ made: Set<Timestamp>, _ range: ClosedRange<Timestamp>, _ now: Timestamp
    ) -> [ClosedRange<Timestamp>] {
        let first = Partitions.start(
            of: range.lowerBound - TimeSpan(milliseconds: 1), Partitions.day)
        let last = min(range.upperBound, now)
        // Before anything was made there is nothing to look for day by day.
        var stretches: [ClosedRange<Timestamp>] = []
        var day = max(first, (made.min() ?? last) - .days(2000))
        if day > first { stretches.append(first...day) }
        while day <= last {
            if !made.contains(day) {
                let end = day + Partitions.day
                if let before = stretches.last, before.upperBound == day {
                    stretches[stretches.count - 1] = before.lowerBound...end
                } else {
                    stretches.append(day...end)
                }
            }
            day = day + Partitions.day
        }
        return stretches
    }

    /// What samples say of a stretch of days without rollups, as far as they are there.
    private func reckoned(
        _ question: RollupQuestion, _ steps: Set<TimeSpan>, _ stretch: ClosedRange<Timestamp>,
        _ range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        let longest = steps.max() ?? .zero
        let first = max(stretch.lowerBound, range.lowerBound - longest - longest)
        let start = Partitions.start(of: first, Partitions.day)
        let last = min(stretch.upperBound, range.upperBound, now())
        guard first - RollupColumns.reach <= last else { return [] }
        let said = try await layers.series(
            matching: question.others, in: (first - RollupColumns.reach)...last)
        var series: [Series] = []
        for one in said {
            guard let rule = rules.first(where: { $0.selector.matchers.accept(one.labels) }) else {
                continue
            }
            for step in rule.every {
                let kinds = question.kinds(over: step)
                guard !kinds.isEmpty else { continue }
                let size = step.milliseconds
                // Whole buckets only: what has not ended yet is no bucket.
                let begin = start.milliseconds + (first - start).milliseconds / size * size
                let buckets = max(0, (last.milliseconds - begin) / size)
                let columns = RollupColumns(
                    one.times, one.values, from: begin, step: size, buckets: Int(buckets))
                for kind in kinds {
                    let labels = RollupQuestion.labels(one.labels, step, kind)
                    let found = columns.series(kind, labels, from: begin, step, in: range)
                    if let found { series.append(found) }
                }
            }
        }
        return series
    }
}

extension RollupColumns {
    /// One kind of values as a series, or `nil` where nothing is in the range.
    func series(
        _ kind: RollupKind, _ labels: Labels, from start: Int64, _ step: TimeSpan,
        in range: ClosedRange<Timestamp>
    ) -> Series? {
        var times: [Timestamp] = []
        var values: [Double] = []
        let column = self[kind]
        for index in column.indices where !column[index].isAbsent {
            let time = Timestamp(milliseconds: start + Int64(index + 1) * step.milliseconds)
            guard range.contains(time) else { continue }
            times.append(time)
            values.append(column[index])
        }
        return times.isEmpty ? nil : Series(labels: labels, times: times, values: values)
    }
}

extension Timestamp {
    /// How long after another instant.
    fileprivate static func - (left: Timestamp, right: Timestamp) -> TimeSpan {
        TimeSpan(milliseconds: left.milliseconds - right.milliseconds)
    }
}

/// Rollups that are made, from the database.
struct RollupReading {
    let question: RollupQuestion
    let range: ClosedRange<Timestamp>
    let steps: Set<TimeSpan>
    let limits: ReadLimits

    private struct Key: Hashable, Comparable {
        let series: Int32
        let step: Int32
        let win: Int32

        static func < (left: Key, right: Key) -> Bool {
            (left.series, left.step, left.win) < (right.series, right.step, right.win)
        }
    }

    func series(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Result<[Series], SourceError> {
        var kinds: Set<Int32> = []
        for step in steps {
            let asked = question.kinds(over: step)
            guard !asked.isEmpty else { continue }
            // What others follow from comes along.
            for kind in asked + [.count, .min] { kinds.insert(kind.number(of: step)) }
        }
        guard !kinds.isEmpty else { return .success([]) }
        let found = try SeriesFinder(matchers: question.others, limit: limits.series)
            .find(connection)
        guard found.count <= limits.series else {
            return .failure(.tooMuch(what: "series", limit: limits.series))
        }
        let rows = try read(found, kinds, connection)
        guard rows.count <= limits.samples / 100 else {
            return .failure(.tooMuch(what: "samples", limit: limits.samples))
        }
        let labels = Dictionary(
            found.map { ($0.id, $0.labels) }, uniquingKeysWith: { first, _ in first })
        return .success(try Self.series(rows, labels, question, range))
    }

    private func read(
        _ found: [FoundSeries], _ kinds: Set<Int32>, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [ChunkRow] {
        let first = Partitions.start(
            of: range.lowerBound - TimeSpan(milliseconds: 1), Partitions.day)
        let low = Partitions.window(at: max(first, Partitions.storable.lowerBound))
        return try ChunkRow.rollups(
            """
            FROM unnest($1::int4[], $2::int4[]) u(metric, series)
            JOIN weir_data.rollup c ON c.metric = u.metric AND c.series = u.series
            WHERE c.win BETWEEN $3 AND $4 AND c.kind = ANY ($5)
            """,
            [
                .int4s(found.map(\.metric)), .int4s(found.map(\.id)), .int4(low),
                .int4(Partitions.window(at: range.upperBound)), .int4s(kinds.sorted()),
            ], connection)
    }

    private static func series(
        _ rows: [ChunkRow], _ labels: [Int32: Labels], _ question: RollupQuestion,
        _ range: ClosedRange<Timestamp>
    ) throws(PostgresError) -> [Series] {
        var groups: [Key: [ChunkRow]] = [:]
        for row in rows {
            let key = Key(series: row.series, step: row.clock / 8, win: row.win)
            groups[key, default: []].append(row)
        }
        struct Name: Hashable {
            let series: Int32
            let step: Int32
            let kind: RollupKind
        }
        var order: [Name] = []
        var all: [Name: (times: [Timestamp], values: [Double])] = [:]
        for (key, group) in groups.sorted(by: { $0.key < $1.key }) {
            let columns = try RollupColumns.decoded(group)
            let step = TimeSpan.seconds(Int64(key.step))
            let start = Partitions.time(ofWindow: key.win).milliseconds
            for kind in question.kinds(over: step) {
                guard
                    let part = columns.series(kind, Labels(), from: start, step, in: range)
                else { continue }
                let name = Name(series: key.series, step: key.step, kind: kind)
                if all[name] == nil { order.append(name) }
                all[name, default: ([], [])].times += part.times
                all[name, default: ([], [])].values += part.values
            }
        }
        return order.compactMap { name in
            guard let said = all[name], let known = labels[name.series] else { return nil }
            let step = TimeSpan.seconds(Int64(name.step))
            return Series(
                labels: RollupQuestion.labels(known, step, name.kind), times: said.times,
                values: said.values)
        }
    }
}

extension RollupColumns {
    /// What the rows of one series, step and day say.
    static func decoded(_ rows: [ChunkRow]) throws(PostgresError) -> RollupColumns {
        var known: [RollupKind: [Double]] = [:]
        for row in rows {
            guard let kind = RollupKind(rawValue: row.clock & 7), row.clock >= 8 else { continue }
            let count = Int(Partitions.day.milliseconds / 1000) / Int(row.clock / 8)
            var values = Array(repeating: Absent.value, count: count)
            var output = values.mutableSpan
            guard row.chunk.decode(into: &output, from: 0) else {
                throw .malformed(what: "a rollup")
            }
            known[kind] = values
        }
        return RollupColumns(known)
    }
}

extension ChunkRow {
    /// The rows of `weir_data.rollup`, called `c`, that `condition` leaves.
    static func rollups(
        _ condition: String, _ parameters: [PostgresValue],
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [ChunkRow] {
        let found = try connection.query(
            """
            SELECT c.base, c.slope, c.metric, c.series, c.kind, c.win, c.bytes, c.exact
            \(condition)
            """, parameters)
        var rows: [ChunkRow] = []
        rows.reserveCapacity(found.rowCount)
        for row in 0..<found.rowCount {
            guard let metric = try found.int(row, 2), let series = try found.int(row, 3),
                let kind = try found.int(row, 4), let win = try found.int(row, 5)
            else { continue }
            var chunk = Chunk(
                base: try found.double(row, 0) ?? 0, slope: try found.double(row, 1) ?? 0)
            chunk.bytes = try found.byteArray(row, 6)
            if !found.isNull(row, 7) {
                var exact: [Double] = []
                _ = try found.append(row, 7, to: &exact, missing: Absent.value)
                chunk.exact = exact
            }
            rows.append(
                ChunkRow(
                    metric: Int32(metric), series: Int32(series), clock: Int32(kind),
                    win: Int32(win), chunk: chunk))
        }
        return rows
    }
}

import Model
import Postgres

/// A series that the database knows.
struct FoundSeries: Sendable {
    let id: Int32
    let metric: Int32
    let labels: Labels
}

/// Finds series by matchers: with indexes as far as they reach, and then by the matchers themselves.
///
/// PostgreSQL's regular expressions are not those of matchers, so that expressions run here, against
/// distinct names and values.
struct SeriesFinder {
    let matchers: [Matcher]
    /// How many series may be found.
    let limit: Int
    /// How many series are enough, whichever they are; `nil` for all.
    var enough: Int?

    /// More values than this are not worth an index.
    private static let valueLimit = 500

    /// What the index is asked for.
    private struct Conditions {
        var sql: [String] = []
        var parameters: [PostgresValue] = []
        /// Whether they say all that the matchers ask for.
        var areAll = true

        mutating func add(_ condition: String, _ value: PostgresValue) {
            parameters.append(value)
            sql.append(condition.replacing("$#", with: "$\(parameters.count)"))
        }
    }

    /// Those that meet all matchers, whenever they said something; `filter` is SQL on the series `s`
    /// that thins them out further.
    func find(
        _ connection: borrowing PostgresConnection, where filter: String = "true"
    ) throws(PostgresError) -> [FoundSeries] {
        var conditions = Conditions()
        guard let names = try metrics(&conditions, connection) else { return [] }
        for matcher in matchers where !matcher.name.hasSameBytes(as: LabelName.metric) {
            guard try narrow(matcher, &conditions, connection) else { return [] }
        }
        let sql = (conditions.sql + [filter]).joined(separator: " AND ")
        let cut = conditions.areAll ? enough.map { " LIMIT \($0)" } ?? "" : ""
        let rows = try connection.query(
            """
            SELECT s.id, s.metric, s.labels::text, m.name
            FROM weir_data.series s JOIN weir_data.metric m ON m.id = s.metric
            WHERE \(sql)\(cut)
            """, conditions.parameters)
        var found: [FoundSeries] = []
        for row in 0..<rows.rowCount {
            guard let id = try rows.int(row, 0), let metric = try rows.int(row, 1),
                let text = try rows.text(row, 2)
            else { continue }
            let name: String
            if let known = names[metric] {
                name = known
            } else {
                name = try rows.text(row, 3) ?? ""
            }
            guard let labels = LabelsJSON.labels(text, metric: name) else {
                throw .malformed(what: "the labels of a series")
            }
            guard matchers.accept(labels) else { continue }
            found.append(FoundSeries(id: Int32(id), metric: Int32(metric), labels: labels))
            if found.count == enough { break }
        }
        return found
    }

    /// Narrows to the metrics whose names fit; `nil` where there are none.
    private func metrics(
        _ conditions: inout Conditions, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [Int: String]? {
        let asked = matchers.filter { $0.name.hasSameBytes(as: LabelName.metric) }
        guard !asked.isEmpty else { return [:] }
        let exact = asked.first { $0.operation == .equal }
        let rows = try connection.query(
            "SELECT id, name FROM weir_data.metric WHERE $1::text IS NULL OR name = $1",
            [exact.map { .text(LabelsJSON.storable($0.value)) } ?? .null])
        var names: [Int: String] = [:]
        for row in 0..<rows.rowCount {
            guard let id = try rows.int(row, 0), let name = try rows.text(row, 1) else { continue }
            if asked.allSatisfy({ $0.accepts(name) }) { names[id] = name }
        }
        guard !names.isEmpty else { return nil }
        conditions.add("s.metric = ANY ($#)", .int4s(names.keys.map(Int32.init)))
        return names
    }

    /// Narrows by one label, where an index helps; `false` where nothing can fit.
    private func narrow(
        _ matcher: Matcher, _ conditions: inout Conditions,
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> Bool {
        // Who accepts absence accepts series that no value leads to.
        guard !matcher.acceptsAbsence, matcher.operation != .notEqual else {
            conditions.areAll = false
            return true
        }
        if matcher.operation == .equal {
            conditions.add(
                "s.labels @> $#::text::jsonb", .text(object(matcher.name, matcher.value)))
            return true
        }
        let rows = try connection.query(
            "SELECT value FROM weir_data.label WHERE name = $1",
            [.text(LabelsJSON.storable(matcher.name))])
        var objects: [String] = []
        for row in 0..<rows.rowCount {
            guard let value = try rows.text(row, 0), matcher.accepts(value) else { continue }
            objects.append(object(matcher.name, value))
        }
        if objects.isEmpty { return false }
        if objects.count <= Self.valueLimit {
            conditions.add("s.labels @> ANY ($#::text[]::jsonb[])", .texts(objects))
        } else {
            conditions.areAll = false
        }
        return true
    }

    private func object(_ name: String, _ value: String) -> String {
        LabelsJSON.text(of: [name: value])
    }
}

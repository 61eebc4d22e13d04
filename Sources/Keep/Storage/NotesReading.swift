import Model
import Postgres

/// One question for exemplars.
struct ExemplarReading {
    let matchers: [Matcher]
    let range: ClosedRange<Timestamp>

    func read(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [ExemplarSeries] {
        let found = try SeriesFinder(matchers: matchers, limit: .max).find(
            connection, where: "s.id IN (SELECT series FROM weir_data.exemplar)")
        guard !found.isEmpty else { return [] }
        let rows = try connection.query(
            """
            SELECT series, time, value, labels::text FROM weir_data.exemplar
            WHERE series = ANY ($1) AND time BETWEEN $2 AND $3 ORDER BY series, time
            """,
            [
                .int4s(found.map(\.id)),
                .timestamp(microsecondsSince1970: range.lowerBound.microseconds),
                .timestamp(microsecondsSince1970: range.upperBound.microseconds),
            ])
        var points: [Int32: [ExemplarPoint]] = [:]
        for row in 0..<rows.rowCount {
            guard let series = try rows.int(row, 0),
                let time = try rows.microsecondsSince1970(row, 1),
                let value = try rows.double(row, 2), let text = try rows.text(row, 3),
                let labels = LabelsJSON.labels(text, metric: "")
            else { throw .malformed(what: "an exemplar") }
            points[Int32(series), default: []].append(
                ExemplarPoint(
                    labels: labels, value: value, time: Timestamp(milliseconds: time / 1000)))
        }
        return found.compactMap { one in
            points[one.id].map { ExemplarSeries(labels: one.labels, exemplars: $0) }
        }
    }
}

/// One question for what was said of families.
struct MetadataReading {
    let family: String?
    let range: ClosedRange<Timestamp>

    func read(
        _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [MetadataSpan] {
        let rows = try connection.query(
            """
            SELECT family, type, unit, help, min(since), max(until) FROM weir_data.metadata
            WHERE ($1::text IS NULL OR family = $1) AND since <= $3 AND until >= $2
            GROUP BY 1, 2, 3, 4 ORDER BY 1, 5
            """,
            [
                family.map { .text(LabelsJSON.storable($0)) } ?? .null,
                .timestamp(microsecondsSince1970: range.lowerBound.microseconds),
                .timestamp(microsecondsSince1970: range.upperBound.microseconds),
            ])
        var spans: [MetadataSpan] = []
        for row in 0..<rows.rowCount {
            guard let family = try rows.text(row, 0), let type = try rows.text(row, 1),
                let since = try rows.microsecondsSince1970(row, 4)
            else { continue }
            let until = try rows.microsecondsSince1970(row, 5) ?? .max
            spans.append(
                MetadataSpan(
                    family: family,
                    metadata: MetricMetadata(
                        type: MetricType(rawValue: type) ?? .unknown,
                        unit: try rows.text(row, 2) ?? "", help: try rows.text(row, 3) ?? ""),
                    since: Timestamp(milliseconds: since / 1000),
                    until: until == .max ? .distantFuture : Timestamp(milliseconds: until / 1000)))
        }
        return spans
    }
}

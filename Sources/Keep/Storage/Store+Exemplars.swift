import Head
public import Model
import Postgres

extension Store: ExemplarSource {
    /// The exemplars of memory and database, each once.
    public func exemplars(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [ExemplarSeries] {
        var all: [Labels: Set<ExemplarPoint>] = [:]
        for series in try await storedExemplars(matchers, range.clamped(to: Partitions.storable)) {
            all[series.labels, default: []].formUnion(series.exemplars)
        }
        for (labels, exemplars) in try head.exemplars(matching: matchers, in: range) {
            all[labels, default: []].formUnion(
                exemplars.map { ExemplarPoint(labels: $0.labels, value: $0.value, time: $0.time) })
        }
        return all.map { labels, points in
            ExemplarSeries(
                labels: labels,
                exemplars: points.sorted { ($0.time, $0.value) < ($1.time, $1.value) })
        }
    }

    /// What the database has.
    private func storedExemplars(
        _ matchers: [Matcher], _ range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [ExemplarSeries] {
        try await Self.run(pool) { connection throws(PostgresError) in
            try connection.transaction(.snapshot) { connection throws(PostgresError) in
                try ExemplarReading(matchers: matchers, range: range).read(connection)
            }
        }
    }

    /// What was said of families at times in `range`, whoever said it, oldest first.
    public func metadata(
        of family: String? = nil, in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [MetadataSpan] {
        let range = range.clamped(to: Partitions.storable)
        return try await Self.run(pool) { connection throws(PostgresError) in
            try MetadataReading(family: family, range: range).read(connection)
        }
    }
}

/// What was said of a family, and for how long that held.
public struct MetadataSpan: Sendable, Hashable {
    /// The family's name.
    public let family: String
    /// What was said.
    public let metadata: MetricMetadata
    /// Since when.
    public let since: Timestamp
    /// Until when, `distantFuture` for what holds now.
    public let until: Timestamp
}

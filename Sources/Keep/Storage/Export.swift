public import Model
public import Postgres

/// One series on its way out, with all that it said in the range.
public struct ExportedSeries: Sendable {
    /// The family that it belongs to.
    public let family: String
    /// Its samples.
    public let series: Series
    /// Its exemplars, oldest first.
    public let exemplars: [ExemplarPoint]
}

/// Reads everything that some series said out of the database, family by family, in constant
/// memory but for the label sets.
///
///     var export = Export(pool: pool, matching: matchers, in: range)
///     try await export.begin()
///     while let page = try await export.next() { … }
public struct Export: Sendable {
    private struct Entry: Sendable {
        let found: FoundSeries
        let family: String
    }

    private let pool: PostgresPool
    private let selectors: [[Matcher]]
    private let range: ClosedRange<Timestamp>
    private var entries: [Entry] = []
    private var at = 0
    private var size = 64
    /// What was said last of the families, by name.
    public private(set) var metadata: [String: MetricMetadata] = [:]
    /// Native histograms that no format of `weir export` can hold, so far.
    public private(set) var histograms = 0

    /// As many samples as a page has, about.
    private static let pageSamples = 1_000_000

    /// What series that meet all matchers of one of `selectors` said in `range`.
    public init(
        pool: PostgresPool, matching selectors: [[Matcher]], in range: ClosedRange<Timestamp>
    ) {
        self.pool = pool
        self.selectors = selectors
        self.range = range.clamped(to: Partitions.storable)
    }

    /// How many series there are, and how many of them are through.
    public var progress: (done: Int, all: Int) { (at, entries.count) }

    /// Finds the series.
    public mutating func begin() async throws(StorageError) {
        let (selectors, range) = (selectors, range)
        let (found, spans) = try await run { connection throws(PostgresError) in
            var known: Set<Int32> = []
            var found: [FoundSeries] = []
            for matchers in selectors {
                found += try SeriesFinder(matchers: matchers, limit: .max).find(connection)
                    .filter { known.insert($0.id).inserted }
            }
            let always = Partitions.storable.lowerBound...range.upperBound
            return (found, try MetadataReading(family: nil, range: always).read(connection))
        }
        for span in spans.sorted(by: { $0.since < $1.since }) {
            metadata[span.family] = span.metadata
        }
        entries = found.map { one in
            Entry(found: one, family: Self.family(of: one.labels.metric, metadata))
        }.sorted { left, right in
            left.family == right.family
                ? left.found.labels < right.found.labels
                : left.family.utf8.lexicographicallyPrecedes(right.family.utf8)
        }
    }

    /// The next series with all that they said, in the order of their families; `nil` at the end.
    public mutating func next() async throws(StorageError) -> [ExportedSeries]? {
        guard at < entries.count else { return nil }
        let page = Array(entries[at..<min(at + size, entries.count)])
        let (found, range) = (page.map(\.found), range)
        let (series, exemplars) = try await run { connection throws(PostgresError) in
            try connection.transaction(.snapshot) { connection throws(PostgresError) in
                let reading = HistoryReading(matchers: [], range: range, limits: .none)
                guard case .success(let series) = try reading.series(found, connection) else {
                    throw .malformed(what: "what series said")
                }
                let exemplars = try ExemplarReading(matchers: [], range: range)
                    .points(of: found, connection)
                return (series, exemplars)
            }
        }
        at += page.count
        let samples = series.reduce(0) { $0 + ($1?.values.count ?? 0) }
        let average = max(1, samples / page.count)
        size = min(max(1, Self.pageSamples / average), 20_000, size * 4)
        var result: [ExportedSeries] = []
        for (entry, series) in zip(page, series) {
            guard let series else { continue }
            histograms += series.histograms.count
            result.append(
                ExportedSeries(
                    family: entry.family, series: series,
                    exemplars: exemplars[entry.found.id] ?? []))
        }
        return result
    }

    private func run<Value: Sendable>(
        _ body: @Sendable (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) async throws(StorageError) -> Value {
        do throws(PostgresError) {
            return try await pool.run(body)
        } catch {
            throw .database(error)
        }
    }

    /// The family of a metric: itself, or what is left without its suffix where that is known.
    private static func family(
        of metric: String, _ known: [String: MetricMetadata]
    ) -> String {
        if known[metric] != nil { return metric }
        for suffix in [
            "_bucket", "_gsum", "_sum", "_gcount", "_count", "_total", "_info", "_created",
        ]
        where metric.hasSuffix(suffix) {
            let family = String(metric.dropLast(suffix.count))
            if known[family] != nil { return family }
        }
        return metric
    }
}

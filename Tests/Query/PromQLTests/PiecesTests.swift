import Model
import PromQL
import Synchronization
import Testing

/// Range queries whose series are handed out as they become ready.
struct PiecesTests {
    private static let start = Timestamp(milliseconds: ComparedSeries.start + 1_200_000)
    private static let end = Timestamp(milliseconds: ComparedSeries.start + 3_600_000)

    /// What pieces bring, and how many there were.
    private final class Taken: Sendable {
        private let pieces = Mutex<[[MatrixSeries]]>([])

        var all: [MatrixSeries] { pieces.withLock { $0.flatMap(\.self) } }
        var count: Int { pieces.withLock { $0.count } }

        func take(_ piece: [MatrixSeries]) { pieces.withLock { $0.append(piece) } }
    }

    /// `count` counters with a name of their own for each `perName` of them.
    private static func wide(_ count: Int, perName: Int = .max) -> ListedSeries {
        let times = (0...40).map { start + .seconds(60 * $0 - 30) }
        return ListedSeries(
            all: (0..<count).map { number in
                // Digits from the back, so that the source is in another order than the answer.
                let host = String(String(number + 10_000).reversed())
                return Series(
                    labels: [
                        "__name__": "wide_\(number / perName)_total", "host": host,
                        (number % 2 == 0 ? "Zone" : "zone"): "z",
                    ], times: times, values: times.indices.map { Double($0 * number) })
            })
    }

    private static func taken(
        _ query: String, _ source: some SeriesSource, _ engine: Engine = Engine()
    ) async throws -> (Taken, QueryResult) {
        let taken = Taken()
        let rest = try await engine.query(
            query, from: start, through: end, step: .seconds(60), source: source
        ) { piece in
            taken.take(piece)
            return true
        }
        return (taken, rest)
    }

    private static func whole(
        _ query: String, _ source: some SeriesSource
    ) async throws -> ([MatrixSeries], QueryResult) {
        let result = try await Engine().query(
            query, from: start, through: end, step: .seconds(60), source: source)
        guard case .matrix(let series) = result.value else { return ([], result) }
        return (series, result)
    }

    private static func text(_ series: [MatrixSeries]) -> [String] {
        series.map { one in
            let points = zip(one.times, one.values).map { "\($0.milliseconds)=\($1)" }
            return "\(one.labels) \(points) \(one.histograms.count)"
        }
    }

    @Test func `pieces joined are the whole answer`() async throws {
        let source = ComparedSeries()
        var expressions = GeneratedExpressions(seed: 7)
        for _ in 0..<150 {
            let query = expressions.next()
            let whole: ([MatrixSeries], QueryResult)
            do { whole = try await Self.whole(query, source) } catch let error as PromQLError {
                await #expect(throws: error, "\(query)") {
                    _ = try await Self.taken(query, source)
                }
                continue
            }
            let (taken, rest) = try await Self.taken(query, source)
            #expect(Self.text(taken.all) == Self.text(whole.0), "\(query)")
            #expect(rest.warnings == whole.1.warnings, "\(query)")
            #expect(rest.infos == whole.1.infos, "\(query)")
            #expect(rest.statistics.totalSamples == whole.1.statistics.totalSamples, "\(query)")
        }
    }

    @Test(arguments: [
        "{__name__=~\"wide.*\"}", "wide_0_total > 100", "rate(wide_0_total[5m])",
        "-rate(wide_0_total[5m]) * 8", "abs(clamp_max(wide_0_total, time()))",
        "last_over_time(wide_0_total[5m])", "max_over_time(rate(wide_0_total[5m])[10m:1m])",
        "wide_0_total @ end()", "wide_0_total == bool 5", "3 < wide_0_total",
        "minute(wide_0_total)",
    ])
    func `what takes each series by itself comes in several pieces`(query: String) async throws {
        let source = Self.wide(2000)
        let (taken, rest) = try await Self.taken(query, source)
        let (whole, result) = try await Self.whole(query, source)
        #expect(Self.text(taken.all) == Self.text(whole))
        #expect(!whole.isEmpty)
        #expect(taken.count > 1)
        #expect(rest.infos == result.infos)
        guard case .matrix(let left) = rest.value else { throw PromQLError.execution("no matrix") }
        #expect(left.isEmpty)
    }

    @Test(arguments: [
        "sum by (host) (wide_0_total)", "topk(3, wide_0_total)", "wide_0_total + wide_0_total",
        "wide_0_total * scalar(wide_0_total{host=\"00001\"})",
        "label_replace(wide_0_total, \"a\", \"b\", \"\", \"\")",
        "absent_over_time(none[5m])", "time()", "sort(wide_0_total)",
    ])
    func `what needs all series at once is one piece`(query: String) async throws {
        let source = Self.wide(1000)
        let (taken, _) = try await Self.taken(query, source)
        let (whole, _) = try await Self.whole(query, source)
        #expect(Self.text(taken.all) == Self.text(whole))
        #expect(taken.count == 1)
    }

    @Test func `series of several names may not become alike, in pieces either`() async throws {
        let source = Self.wide(2000, perName: 1000)
        let query = "rate({__name__=~\"wide.*\"}[5m])"
        let (whole, _) = try await Self.whole(query, source)
        let (taken, _) = try await Self.taken(query, source)
        #expect(Self.text(taken.all) == Self.text(whole))
        let twice = ListedSeries(
            all: source.all.prefix(700)
                + source.all.prefix(700).map { one in
                    var labels = LabelsBuilder(one.labels)
                    labels["__name__"] = "other_total"
                    return Series(labels: Labels(labels), times: one.times, values: one.values)
                })
        let error = await #expect(throws: PromQLError.self) {
            try await Self.taken("rate({__name__=~\".*total\"}[5m])", twice)
        }
        #expect(error?.description == "vector cannot contain metrics with the same labelset")
    }

    @Test func `who wants no more gets no more`() async throws {
        let taken = Taken()
        _ = try await Engine().query(
            "wide_0_total", from: Self.start, through: Self.end, step: .seconds(60),
            source: Self.wide(2000)
        ) { piece in
            taken.take(piece)
            return false
        }
        #expect(taken.count == 1)
        #expect(taken.all.count < 2000)
    }

    @Test func `who cannot take a piece cancels the query`() async throws {
        struct Gone: Error {}
        await #expect(throws: PromQLError.cancelled(stage: "query execution")) {
            try await Engine().query(
                "wide_0_total", from: Self.start, through: Self.end, step: .seconds(60),
                source: Self.wide(2000)
            ) { _ in throw Gone() }
        }
    }

    @Test func `while a piece is taken others are answered`() async throws {
        var options = EngineOptions()
        options.maximumConcurrency = 1
        let engine = Engine(options)
        let source = Self.wide(2000)
        let taken = Taken()
        _ = try await engine.query(
            "wide_0_total", from: Self.start, through: Self.end, step: .seconds(60), source: source
        ) { piece in
            // It would wait forever if this query kept its place.
            _ = try await engine.query("1", at: Self.start, source: source)
            taken.take(piece)
            return true
        }
        #expect(taken.all.count == 2000)
        #expect(engine.activeQueries == 0)
    }
}

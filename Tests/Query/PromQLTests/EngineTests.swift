import Model
import PromQL
import Testing

/// Series in memory.
struct ListedSeries: SeriesSource {
    var all: [Series]

    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        all.filter { matchers.accept($0.labels) }.compactMap { series in
            let places = series.times.indices.filter { range.contains(series.times[$0]) }
            guard let first = places.first, let last = places.last else { return nil }
            return Series(
                labels: series.labels, times: Array(series.times[first...last]),
                values: Array(series.values[first...last]))
        }
    }
}

/// Series of which a part cannot be read.
private struct PartOfSeries: SeriesSource {
    let part: ListedSeries
    var hear: (@Sendable (String) -> Void)?

    func hearing(_ hear: @escaping @Sendable (String) -> Void) -> any SeriesSource {
        PartOfSeries(part: part, hear: hear)
    }

    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        guard let hear else { throw .unavailable(reason: "nobody hears") }
        hear("a part is missing")
        return try await part.series(matching: matchers, in: range)
    }
}

@Suite struct EngineTests {
    @Test func `what a source says beside its answer becomes a warning, once`() async throws {
        let result = try await Engine().query(
            "sum(cpu_total) / count(cpu_total)", at: Timestamp(milliseconds: 100_000),
            source: PartOfSeries(part: Self.source))
        #expect(result.warnings == ["a part is missing"])
    }

    /// Two hosts and two modes, a value every ten seconds that rises by its rate.
    static let source: ListedSeries = {
        let times = (0...60).map { Timestamp(milliseconds: $0 * 10_000) }
        func series(_ host: String, _ mode: String, _ rate: Double) -> Series {
            Series(
                labels: ["__name__": "cpu_total", "host": host, "mode": mode], times: times,
                values: times.map { Double($0.milliseconds) / 1000 * rate })
        }
        return ListedSeries(all: [
            series("a", "idle", 1), series("a", "user", 2), series("b", "idle", 3),
            series("b", "user", 4),
        ])
    }()

    static func text(_ value: QueryValue) -> String {
        switch value {
        case .scalar(let sample): "\(sample.value)"
        case .string(let text, _): text
        case .vector(let elements):
            elements.map { "\($0.labels) \($0.value)" }.sorted().joined(separator: "; ")
        case .matrix(let series):
            series.map { "\($0.labels) \($0.values)" }.joined(separator: "; ")
        }
    }

    @Test(arguments: [
        ("1 + 2 * 3", "7.0"),
        (
            "cpu_total{host=\"a\"}",
            """
            {__name__="cpu_total", host="a", mode="idle"} 600.0; \
            {__name__="cpu_total", host="a", mode="user"} 1200.0
            """
        ),
        (
            "rate(cpu_total{host=\"b\"}[1m])",
            """
            {host="b", mode="idle"} 3.0; {host="b", mode="user"} 4.0
            """
        ),
        ("sum by (host) (rate(cpu_total[1m]))", "{host=\"a\"} 3.0; {host=\"b\"} 7.0"),
        ("avg without (host) (rate(cpu_total[1m]))", "{mode=\"idle\"} 2.0; {mode=\"user\"} 3.0"),
        ("topk(1, cpu_total)", "{__name__=\"cpu_total\", host=\"b\", mode=\"user\"} 2400.0"),
        (
            "cpu_total{mode=\"user\"} / ignoring(mode) cpu_total{mode=\"idle\"}",
            """
            {host="a"} 2.0; {host="b"} 1.3333333333333333
            """
        ),
        (
            "cpu_total * on (host) group_left sum by (host) (cpu_total) > 5e6",
            """
            {host="b", mode="idle"} 7560000.0; {host="b", mode="user"} 10080000.0
            """
        ),
        (
            "max_over_time(rate(cpu_total{host=\"a\",mode=\"idle\"}[1m])[5m:1m])",
            """
            {host="a", mode="idle"} 1.0
            """
        ),
        ("absent(nothing{job=\"x\"})", "{job=\"x\"} 1.0"),
        (
            "cpu_total @ 100 unless cpu_total{host=\"b\"}",
            """
            {__name__="cpu_total", host="a", mode="idle"} 100.0; \
            {__name__="cpu_total", host="a", mode="user"} 200.0
            """
        ),
    ])
    func `an instant query answers`(query: String, expected: String) async throws {
        let result = try await Engine().query(
            query, at: Timestamp(milliseconds: 600_000), source: Self.source)
        #expect(Self.text(result.value) == expected)
    }

    @Test(arguments: [
        ("sum(rate(cpu_total[1m]))", "{} [10.0, 10.0, 10.0]"),
        ("time()", "{} [400.0, 500.0, 600.0]"),
        (
            "cpu_total{host=\"a\",mode=\"idle\"} > 450",
            """
            {__name__="cpu_total", host="a", mode="idle"} [500.0, 600.0]
            """
        ),
    ])
    func `a range query answers`(query: String, expected: String) async throws {
        let result = try await Engine().query(
            query, from: Timestamp(milliseconds: 400_000),
            through: Timestamp(milliseconds: 600_000), step: .seconds(100), source: Self.source)
        #expect(Self.text(result.value) == expected)
    }

    @Test func `too many samples are refused in Prometheus's words`() async throws {
        var options = EngineOptions()
        options.maximumSamples = 10
        await #expect(throws: PromQLError.tooManySamples(stage: "query execution")) {
            try await Engine(options).query(
                "cpu_total[10m]", at: Timestamp(milliseconds: 600_000), source: Self.source)
        }
    }

    @Test func `a query that takes too long is given up`() async throws {
        var options = EngineOptions()
        options.timeout = .zero
        await #expect(throws: PromQLError.timedOut(stage: "expression evaluation")) {
            try await Engine(options).query(
                "cpu_total", at: Timestamp(milliseconds: 600_000), source: Self.source)
        }
    }
}

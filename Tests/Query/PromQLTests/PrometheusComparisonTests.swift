import Glibc
import Model
import PromQL
import TestKit
import Testing

/// The same questions to Weir and to Debian's Prometheus, over the same samples.
///
/// `PROMQL_COMPARISONS=5000` asks for more of them than a run of all tests has time for.
struct PrometheusComparisonTests {
    private static var count: Int {
        getenv("PROMQL_COMPARISONS").flatMap { Int(String(cString: $0)) } ?? 300
    }

    @Test func `generated expressions yield what Prometheus yields`() async throws {
        let folder = try TemporaryFolder("promql")
        let series = ComparedSeries()
        let oracle = try await PrometheusOracle(series, in: folder)
        var expressions = GeneratedExpressions(seed: 42)
        let engine = Engine()
        var differences: [String] = []
        var known: [String: Int] = [:]
        for number in 0..<Self.count {
            let expression = expressions.next()
            let isRange = number % 2 == 0
            let difference = try await compare(expression, isRange, engine, series, oracle)
            if let difference {
                if let reason = Self.reason(expression, difference) {
                    known[reason, default: 0] += 1
                    continue
                }
                differences.append("\(isRange ? "range" : "instant"): \(expression): \(difference)")
            }
        }
        await oracle.stop()
        for difference in differences.prefix(60) { Issue.record("\(difference)") }
        #expect(differences.isEmpty, "\(differences.count) of \(Self.count) differ")
        for (reason, count) in known.sorted(by: { $0.key < $1.key }) {
            print("compared \(Self.count): \(count) differ because \(reason)")
        }
        // What is known to differ is rare; otherwise it hides something.
        #expect(known.values.reduce(0, +) <= max(4, Self.count / 50))
    }

    /// Why the two are known to differ, if this is such a case: see docs/promql.md.
    private static func reason(_ expression: String, _ difference: String) -> String? {
        func holds(_ words: [String]) -> Bool { words.contains { expression.contains($0) } }
        if difference.hasPrefix("we fail: multiple matches for labels") {
            return "Prometheus 3 tells many-to-one matches that a comparison would filter"
        }
        if holds(["stddev (", "stddev(", "stddev by", "stddev without", "stdvar"]) {
            return "the deviation of an infinite value is NaN in Prometheus 3, and sums differ"
        }
        if holds(["rate((", "increase(("]), difference.contains("they say") {
            return "Prometheus 3 extrapolates to zero half a gap at most"
        }
        let steps = [
            "ceil", "floor", "round", "sgn", "%", "^", "==", "!=", "<", ">", "count_values",
            "changes", "resets", "month", "hour", "minute", "year", "week",
        ]
        if holds(steps) { return "the last digits of a sum decide a step" }
        return nil
    }

    private func compare(
        _ expression: String, _ isRange: Bool, _ engine: Engine, _ series: ComparedSeries,
        _ oracle: PrometheusOracle
    ) async throws -> String? {
        let start = ComparedSeries.start / 1000 + 1200
        let end = start + 2400
        let theirs: PrometheusOracle.Answer
        let ours: Result<QueryResult, PromQLError>
        if isRange {
            theirs = try await oracle.ask(
                expression, "query_range", "start=\(start)&end=\(end)&step=60")
            ours = await answer { () async throws(PromQLError) in
                try await engine.query(
                    expression, from: Timestamp(milliseconds: start * 1000),
                    through: Timestamp(milliseconds: end * 1000), step: .seconds(60),
                    source: series)
            }
        } else {
            theirs = try await oracle.ask(expression, "query", "time=\(end)")
            ours = await answer { () async throws(PromQLError) in
                try await engine.query(
                    expression, at: Timestamp(milliseconds: end * 1000), source: series)
            }
        }
        switch (ours, theirs) {
        case (.failure, .failure): return nil
        case (.failure(let error), .series): return "we fail: \(error)"
        case (.success, .failure(let error)): return "they fail: \(error)"
        case (.success(let result), .series(let expected)):
            return difference(Self.points(result.value), expected)
        }
    }

    private func answer(
        _ body: () async throws(PromQLError) -> QueryResult
    ) async -> Result<QueryResult, PromQLError> {
        do throws(PromQLError) { return .success(try await body()) } catch {
            return .failure(error)
        }
    }

    private static func points(_ value: QueryValue) -> [Labels: [Int64: Double]] {
        switch value {
        case .scalar(let sample): return [Labels(): [sample.time.milliseconds: sample.value]]
        case .string: return [:]
        case .vector(let elements):
            return Dictionary(
                uniqueKeysWithValues: elements.map {
                    ($0.labels, [$0.time.milliseconds: $0.value])
                })
        case .matrix(let series):
            return Dictionary(
                uniqueKeysWithValues: series.map { one in
                    let times = one.times.map(\.milliseconds)
                    return (one.labels, Dictionary(uniqueKeysWithValues: zip(times, one.values)))
                })
        }
    }

    private func difference(
        _ ours: [Labels: [Int64: Double]], _ theirs: [Labels: [Int64: Double]]
    ) -> String? {
        for labels in Set(ours.keys).union(theirs.keys) {
            guard let left = ours[labels] else { return "we miss \(labels)" }
            guard let right = theirs[labels] else { return "they miss \(labels)" }
            for time in Set(left.keys).union(right.keys) {
                guard let one = left[time] else { return "we miss \(labels) at \(time)" }
                guard let other = right[time] else { return "they miss \(labels) at \(time)" }
                if !areAlike(one, other) {
                    return "\(labels) at \(time): \(one), and they say \(other)"
                }
            }
        }
        return nil
    }

    /// Sums are made in another order, so that the last digits may differ.
    private func areAlike(_ left: Double, _ right: Double) -> Bool {
        if left.isNaN || right.isNaN { return left.isNaN && right.isNaN }
        if left == right { return true }
        let size = max(left.magnitude, right.magnitude)
        return (left - right).magnitude <= max(size * 1e-9, 1e-9)
    }
}

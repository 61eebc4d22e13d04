import Model
import PromQL
import Synchronization
import Testing

/// What a query may not do, told in Prometheus's words, and what it costs.
struct LimitTests {
    private static let now = Timestamp(milliseconds: 600_000)

    /// A source whose readers wait until they are let in or cancelled.
    private final class Gate: SeriesSource {
        private let state = Mutex((isOpen: false, readers: 0, most: 0))

        var readers: Int { state.withLock { $0.readers } }
        var most: Int { state.withLock { $0.most } }

        func open() { state.withLock { $0.isOpen = true } }

        func series(
            matching matchers: [Matcher], in range: ClosedRange<Timestamp>
        ) async throws(SourceError) -> [Series] {
            state.withLock { state in
                state.readers += 1
                state.most = max(state.most, state.readers)
            }
            defer { state.withLock { $0.readers -= 1 } }
            while !state.withLock({ $0.isOpen }) {
                // A sleep that is cut short is what is waited for here.
                try? await Task.sleep(for: .milliseconds(1))
                if Task.isCancelled { throw .cancelled }
            }
            return []
        }
    }

    private static func range(
        _ query: String, from start: Int64 = 0, to end: Int64 = 600, step: TimeSpan,
        _ engine: Engine = Engine()
    ) async throws -> QueryResult {
        try await engine.query(
            query, from: Timestamp(milliseconds: start * 1000),
            through: Timestamp(milliseconds: end * 1000), step: step, source: EngineTests.source)
    }

    @Test(
        arguments: [
            (
                0, 11_001, 1, "cpu_total",
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
                    + "resolution (?step=XX)"
            ),
            (
                0, 10, 0, "cpu_total",
                "zero or negative query resolution step widths are not accepted. Try a positive integer"
            ),
            (10, 9, 1, "cpu_total", "end timestamp must not be before start time"),
            (
                0, 10, 1, "cpu_total[5m]",
                "invalid expression type \"range vector\" for range query, must be Scalar or instant "
                    + "Vector"
            ),
            (
                0, 10, 1, "\"a\"",
                "invalid expression type \"string\" for range query, must be Scalar or instant Vector"
            ),
        ] as [(Int64, Int64, Int64, String, String)])
    func `a range that cannot be asked is refused`(
        start: Int64, end: Int64, step: Int64, query: String, message: String
    ) async throws {
        await #expect(throws: PromQLError.execution(message)) {
            try await Self.range(query, from: start, to: end, step: .seconds(step))
        }
    }

    @Test func `11,001 steps are answered`() async throws {
        let result = try await Self.range("cpu_total", to: 11_000, step: .seconds(1))
        guard case .matrix(let series) = result.value else { throw PromQLError.execution("no") }
        // The last sample is of second 600, and current for five minutes less an instant.
        #expect(series.count == 4)
        #expect(series.allSatisfy { $0.times.count == 900 })
    }

    @Test(arguments: [(nil, 899_999, 4), (nil, 900_000, 0), (10, 609_999, 4), (10, 610_000, 0)])
    func `a sample is current until it is as old as the lookback`(
        lookback: Int64?, at time: Int64, count: Int
    ) async throws {
        var options = QueryOptions()
        options.lookback = lookback.map { .seconds($0) }
        let result = try await Engine().query(
            "cpu_total", at: Timestamp(milliseconds: time), source: EngineTests.source,
            options: options)
        guard case .vector(let elements) = result.value else { throw PromQLError.execution("no") }
        #expect(elements.count == count)
    }

    @Test func `a source that does not answer in time is given up`() async throws {
        var options = QueryOptions()
        options.timeout = .milliseconds(20)
        let gate = Gate()
        let error = await #expect(throws: PromQLError.self) {
            try await Engine().query("up", at: Self.now, source: gate, options: options)
        }
        #expect(error?.description == "query timed out in expression evaluation")
        #expect(gate.readers == 0)
    }

    @Test func `a query ends when the one who asked goes away`() async throws {
        let (engine, gate) = (Engine(), Gate())
        let query = Task { try await engine.query("up", at: Self.now, source: gate) }
        while gate.readers == 0 { await Task.yield() }
        #expect(engine.activeQueries == 1)
        query.cancel()
        let error = await #expect(throws: PromQLError.self) { try await query.value }
        #expect(error?.description == "query was canceled in query execution")
        #expect(gate.readers == 0)
        #expect(engine.activeQueries == 0)
    }

    @Test func `no more queries than allowed run at a time, and those who wait may go`()
        async throws
    {
        var options = EngineOptions()
        options.maximumConcurrency = 2
        let (engine, gate) = (Engine(options), Gate())
        let queries = (0..<5).map { _ in
            Task { try await engine.query("up", at: Self.now, source: gate) }
        }
        while engine.activeQueries < 5 || gate.readers < 2 { await Task.yield() }
        queries[4].cancel()
        await #expect(throws: PromQLError.self) { try await queries[4].value }
        gate.open()
        // One of the first four may be the one that ran when the fifth went.
        for query in queries.prefix(4) { _ = try await query.value }
        #expect(gate.most == 2)
        #expect(engine.activeQueries == 0)
    }

    @Test func `an explanation has a tree of what each part yielded and read`() async throws {
        var options = QueryOptions()
        options.explains = true
        let result = try await Engine().query(
            "sum by (host) (rate(cpu_total[1m])) > 2", from: Timestamp(milliseconds: 400_000),
            through: Self.now, step: .seconds(100), source: EngineTests.source, options: options)
        let tree = try #require(result.explanation)
        func lines(_ node: ExplainedNode, _ depth: Int) -> [String] {
            let own =
                "\(depth) \(node.expression): \(node.method): \(node.series) \(node.samples) "
                + "\(node.bytes)"
            return [own] + node.parts.flatMap { lines($0, depth + 1) }
        }
        #expect(
            lines(tree, 0) == [
                "0 sum by (host) (rate(cpu_total[1m])) > 2: at each step: 2 6 48",
                "1 sum by (host) (rate(cpu_total[1m])): at each step: 2 6 48",
                "2 rate(cpu_total[1m]): column by column, each added to its group and forgotten: "
                    + "4 0 0",
                "3 {__name__=\"cpu_total\"}: reads 4m20s: 4 104 832",
                "1 2: constant: 0 1 8",
            ])
        func times(_ node: ExplainedNode) -> [Duration] { [node.time] + node.parts.flatMap(times) }
        #expect(times(tree).allSatisfy { $0 > .zero })
        #expect(tree.time >= tree.parts[0].time)
    }
}

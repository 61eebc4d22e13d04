public import Model
import Synchronization
import Threads

/// Answers questions over any source of series, so many at a time.
public final class Engine: Sendable {
    /// The limits, and the parts of the language that are enabled.
    public let options: EngineOptions
    private let gate: QueryGate
    private let running = Atomic<Int>(0)

    /// An engine with these limits.
    public init(_ options: EngineOptions = EngineOptions()) {
        self.options = options
        gate = QueryGate(limit: max(1, options.maximumConcurrency))
    }

    /// Queries that are evaluated or wait for that.
    public var activeQueries: Int { running.load(ordering: .relaxed) }

    /// What `text` yields at `time`.
    public func query(
        _ text: String, at time: Timestamp, source: any SeriesSource,
        options: QueryOptions = QueryOptions()
    ) async throws(PromQLError) -> QueryResult {
        let expression = try Parser(self.options.language).expression(text)
        return try await query(expression, text: text, at: time, source: source, options: options)
    }

    /// What `expression`, read from `text`, yields at `time`.
    public func query(
        _ expression: Expression, text: String, at time: Timestamp, source: any SeriesSource,
        options: QueryOptions = QueryOptions()
    ) async throws(PromQLError) -> QueryResult {
        let steps = Steps.one(time.milliseconds)
        return try await run(
            Question(
                expression: expression, text: text, steps: steps,
                times: QueryTimes(from: time, to: time, step: .zero), isRange: false,
                options: options), source)
    }

    /// What `text` yields from `start` to `end`, every `step`.
    public func query(
        _ text: String, from start: Timestamp, through end: Timestamp, step: TimeSpan,
        source: any SeriesSource, options: QueryOptions = QueryOptions()
    ) async throws(PromQLError) -> QueryResult {
        let expression = try Parser(self.options.language).expression(text)
        return try await query(
            expression, text: text, from: start, through: end, step: step, source: source,
            options: options)
    }

    /// What `expression`, read from `text`, yields from `start` to `end`, every `step`.
    public func query(
        _ expression: Expression, text: String, from start: Timestamp, through end: Timestamp,
        step: TimeSpan, source: any SeriesSource, options: QueryOptions = QueryOptions()
    ) async throws(PromQLError) -> QueryResult {
        try await run(question(expression, text, start, end, step, options), source)
    }

    /// The question over a range, unless it is one that cannot be asked.
    func question(
        _ expression: Expression, _ text: String, _ start: Timestamp, _ end: Timestamp,
        _ step: TimeSpan, _ options: QueryOptions
    ) throws(PromQLError) -> Question {
        guard expression.type == .vector || expression.type == .scalar else {
            throw .execution(
                "invalid expression type \"\(expression.type.name)\" for range query, "
                    + "must be Scalar or instant Vector")
        }
        guard step.milliseconds > 0 else {
            throw .execution(
                "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer")
        }
        guard start <= end else {
            throw .execution("end timestamp must not be before start time")
        }
        let steps = Steps(
            from: start.milliseconds, through: end.milliseconds, every: step.milliseconds)
        guard steps.count <= Self.maximumPoints + 1 else {
            throw .execution(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        return Question(
            expression: expression, text: text, steps: steps,
            times: QueryTimes(from: start, to: end, step: step), isRange: true, options: options)
    }

    /// The most steps of a range query, less one.
    public static let maximumPoints = 11_000

    /// A query and when it is asked.
    struct Question: Sendable {
        let expression: Expression
        let text: String
        let steps: Steps
        let times: QueryTimes
        let isRange: Bool
        let options: QueryOptions
        /// Whether the series are handed out as they become ready.
        var takesPieces = false
    }

    // MARK: One query

    func run(
        _ question: Question, _ source: any SeriesSource, pieces: SeriesPieces? = nil
    ) async throws(PromQLError) -> QueryResult {
        running.wrappingAdd(1, ordering: .relaxed)
        defer { running.wrappingSubtract(1, ordering: .relaxed) }
        let timeout = min(options.timeout, question.options.timeout ?? options.timeout)
        let budget = Budget(samples: options.maximumSamples, until: .now + timeout)
        let result: Result<QueryResult, PromQLError> = await withTaskGroup { group in
            group.addTask { await self.answer(question, source, budget, pieces) }
            group.addTask {
                while !Task.isCancelled {
                    let left = budget.timeLeft ?? .seconds(1)
                    if left <= .zero { break }
                    // A sleep that is cancelled is one that nobody waits for any more.
                    try? await Task.sleep(for: left)
                }
                return .failure(.timedOut(stage: "expression evaluation"))
            }
            let first = await group.next() ?? .failure(.cancelled(stage: "query execution"))
            group.cancelAll()
            guard Task.isCancelled, case .failure = first else { return first }
            return .failure(.cancelled(stage: "query execution"))
        }
        return try result.get()
    }

    private func answer(
        _ question: Question, _ source: any SeriesSource, _ budget: Budget, _ pieces: SeriesPieces?
    ) async -> Result<QueryResult, PromQLError> {
        var isIn = false
        let result: Result<QueryResult, PromQLError>
        do throws(PromQLError) {
            let start = ContinuousClock.now
            try await gate.enter()
            isIn = true
            let waited = ContinuousClock.now - start
            var answer = try await evaluate(question, source, budget) {
                (series) throws(PromQLError) in
                guard let pieces else { return false }
                // Whoever takes his time holds up nobody else.
                await gate.leave()
                isIn = false
                let isMoreWanted = try await budget.waiting { () async throws(PromQLError) in
                    do { return try await pieces(series) } catch {
                        // Who no longer takes what he asked for has gone.
                        throw .cancelled(stage: "query execution")
                    }
                }
                try await gate.enter()
                isIn = true
                return isMoreWanted
            }
            answer.statistics.queueTime = waited
            result = .success(answer)
        } catch {
            result = .failure(error)
        }
        if isIn { await gate.leave() }
        return result
    }

    private func evaluate(
        _ question: Question, _ source: any SeriesSource, _ budget: Budget,
        handingOut handOut: ([MatrixSeries]) async throws(PromQLError) -> Bool
    ) async throws(PromQLError) -> QueryResult {
        let start = ContinuousClock.now
        let lookback = question.options.lookback ?? options.lookback
        let prepared = try question.expression.prepared(for: question.times)
        var builder = PlanBuilder(
            times: question.times, lookback: lookback, subqueryStep: options.subqueryStep)
        let plan = try builder.plan(prepared, at: question.steps)
        let heard = Locked<Set<String>>([])
        let told = source.hearing { text in _ = heard.withLock { $0.insert(text) } }
        let sets = try await read(builder.reads, told, budget)
        let ready = ContinuousClock.now
        var statistics = QueryStatistics()
        statistics.samplesRead = sets.reduce(0) { $0 + $1.sampleCount }
        statistics.seriesRead = sets.reduce(0) { $0 + $1.series.count }
        var evaluator = Evaluator(
            options: options, lookback: lookback, budget: budget, sets: sets,
            reads: builder.reads, explains: question.options.explains, query: question.text)
        let value: QueryValue
        var evaluated: ContinuousClock.Instant
        if question.takesPieces {
            value = .matrix([])
            try await evaluator.answer(plan, inPieces: handOut)
            evaluated = .now
        } else {
            let unordered = try await evaluator.answer(plan, isRange: question.isRange)
            evaluated = .now
            value = unordered.sorted(isRange: question.isRange)
        }
        var result = QueryResult(value)
        result.warnings =
            heard.withLock { $0.sorted() }
            + evaluator.annotations.texts(.warning, in: question.text)
        result.infos = evaluator.annotations.texts(.info, in: question.text)
        if question.options.explains { result.explanation = evaluator.explained(plan) }
        statistics.totalSamples = budget.samplesLooked
        statistics.peakSamples = budget.peakSamples
        statistics.preparationTime = ready - start
        statistics.evaluationTime = evaluated - ready - budget.waitedTime
        statistics.sortTime = ContinuousClock.now - evaluated
        result.statistics = statistics
        return result
    }

    /// Reads what a plan asks for, all at once.
    private func read(
        _ reads: [SeriesRead], _ source: any SeriesSource, _ budget: Budget
    ) async throws(PromQLError) -> [SeriesSet] {
        let results: [Result<SeriesSet, PromQLError>?] = await withTaskGroup { group in
            var results = [Result<SeriesSet, PromQLError>?](repeating: nil, count: reads.count)
            for (place, read) in reads.enumerated() {
                group.addTask { (place, await Self.read(read, source)) }
            }
            for await (place, result) in group { results[place] = result }
            return results
        }
        var sets: [SeriesSet] = []
        for case let result? in results {
            let set = try result.get()
            try budget.hold(set.sampleCount)
            sets.append(set)
        }
        return sets
    }

    private static func read(
        _ read: SeriesRead, _ source: any SeriesSource
    ) async -> Result<SeriesSet, PromQLError> {
        let range =
            Timestamp(
                milliseconds: read.range.lowerBound)...Timestamp(
                milliseconds: read.range.upperBound)
        do throws(SourceError) {
            let start = ContinuousClock.now
            var set = SeriesSet(
                try await source.series(matching: read.matchers, in: range),
                tellsResets: read.tellsResets)
            set.time = ContinuousClock.now - start
            return .success(set)
        } catch {
            switch error {
            case .cancelled: return .failure(.cancelled(stage: "query execution"))
            case .tooMuch: return .failure(.tooManySamples(stage: "query execution"))
            case .unavailable: return .failure(.source(reason: error.description))
            }
        }
    }
}

/// Lets so many queries in at a time, in the order in which they came.
actor QueryGate {
    private var free: Int
    private var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    private var nextID = 0

    init(limit: Int) { free = limit }

    /// Waits for a place; throws where the one who asked has gone.
    func enter() async throws(PromQLError) {
        if free > 0 {
            free -= 1
            return
        }
        let id = nextID
        nextID += 1
        let isIn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: false)
                } else {
                    waiting.append((id, continuation))
                }
            }
        } onCancel: {
            Task { await self.giveUp(id) }
        }
        if !isIn { throw .cancelled(stage: "query queue") }
    }

    /// Gives the place to the next.
    func leave() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().continuation.resume(returning: true)
        }
    }

    private func giveUp(_ id: Int) {
        guard let place = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: place).continuation.resume(returning: false)
    }
}

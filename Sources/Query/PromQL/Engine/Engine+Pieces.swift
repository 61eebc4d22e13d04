public import Model

/// Takes series as they become ready, in the order of the whole answer; says whether more of them
/// are wanted.
public typealias SeriesPieces = @Sendable ([MatrixSeries]) async throws -> Bool

extension Engine {
    /// What `text` yields from `start` to `end`, every `step`, handed to `pieces` bit by bit; what
    /// comes back has the remarks and the costs, and no series.
    ///
    /// Where each series of the answer comes of one that was read, such as in
    /// `rate(x[5m]) * 8`, the first piece is there before the last series is evaluated; other
    /// answers are one piece. What cannot be asked or read throws before the first piece; a query
    /// that takes too long may throw after some. The time that `pieces` takes is not the query's,
    /// and others are answered meanwhile. An error that it throws cancels the query.
    public func query(
        _ text: String, from start: Timestamp, through end: Timestamp, step: TimeSpan,
        source: any SeriesSource, options: QueryOptions = QueryOptions(),
        pieces: @escaping SeriesPieces
    ) async throws(PromQLError) -> QueryResult {
        let expression = try Parser(self.options.language).expression(text)
        var question = try question(expression, text, start, end, step, options)
        question.takesPieces = true
        return try await run(question, source, pieces: pieces)
    }
}

extension Evaluator {
    /// About how many values a piece has; the first one is small, so that it is there soon.
    private static let (firstSize, size) = (20_000, 400_000)

    /// Hands out what a plan yields over a range, ordered by labels, until no more is wanted.
    mutating func answer(
        _ plan: Plan, inPieces handOut: ([MatrixSeries]) async throws(PromQLError) -> Bool
    ) async throws(PromQLError) {
        guard let rows = plan.rows, isDistinct(rows) else {
            let whole = try await answer(plan, isRange: true)
            guard case .matrix(let series) = whole.sorted(isRange: true) else {
                preconditionFailure("BUG: a range query yields series over time")
            }
            if !series.isEmpty { _ = try await handOut(series) }
            return
        }
        // The next ones are at the end, so that those which are done can go.
        var waiting = SeriesSet.ordered(sets[rows.read].series, withoutName: rows.dropsName)
        sets[rows.read] = SeriesSet([])
        let held = budget.held
        var size = Self.firstSize
        while !waiting.isEmpty {
            let count = min(waiting.count, max(64, size / max(1, plan.steps.count)))
            sets[rows.read] = SeriesSet(waiting.suffix(count).reversed())
            waiting.removeLast(count)
            guard case .matrix(let series) = try await answer(plan, isRange: true) else {
                preconditionFailure("BUG: a range query yields series over time")
            }
            budget.settle(at: held)
            if !series.isEmpty, try await !handOut(series) { return }
            size = Self.size
        }
    }

    /// Whether no two series of the answer can have the same labels.
    private func isDistinct(_ rows: PlanRows) -> Bool {
        !rows.dropsName || sets[rows.read].hasOneName
    }
}

/// A plan that makes each series of its answer of one that is read.
struct PlanRows: Equatable {
    /// The read.
    let read: Int
    /// Whether the metric's name is dropped on the way.
    let dropsName: Bool
}

extension Plan {
    /// Whether and how each series of the answer comes of one that is read.
    var rows: PlanRows? {
        switch kind {
        case .select(let selection): PlanRows(read: selection.read, dropsName: false)
        case .negate(let inner): inner.rows?.droppingName(true)
        case .invariant(let inner): inner.rows
        case .vectorAndScalar(let parts):
            parts.scalar.readsNothing
                ? parts.vector.rows?.droppingName(parts.dropsName)
                : nil
        case .window(let window): window.rows
        case .call(let function, let arguments, _): Self.rows(function, arguments)
        case .number, .string, .samples, .scalars, .vectors, .aggregate: nil
        }
    }

    private static func rows(_ function: Function, _ arguments: [Plan]) -> PlanRows? {
        let isOfElements =
            switch function {
            case .clamp, .clampMin, .clampMax, .round: true
            default:
                ElementFunctions.change(function) != nil || ElementFunctions.date(function) != nil
            }
        guard isOfElements, let first = arguments.first,
            arguments.dropFirst().allSatisfy(\.readsNothing)
        else { return nil }
        return first.rows?.droppingName(true)
    }

    /// Whether it is the same whatever the source has.
    fileprivate var readsNothing: Bool {
        selections.isEmpty && parts.allSatisfy(\.readsNothing)
    }
}

extension VectorScalar {
    fileprivate var dropsName: Bool {
        isBool
            || ElementOperation(operation: operation, isBool: false, position: .none).changesMetric
    }
}

extension WindowPlan {
    fileprivate var rows: PlanRows? {
        guard function != .absentOverTime, scalars.allSatisfy(\.readsNothing) else { return nil }
        let keepsName = function == .lastOverTime || function == .firstOverTime
        return switch input.origin {
        case .selection(let selection): PlanRows(read: selection.read, dropsName: !keepsName)
        case .subquery(let inner, _): inner.rows?.droppingName(!keepsName)
        }
    }
}

extension PlanRows {
    fileprivate func droppingName(_ drops: Bool) -> PlanRows {
        PlanRows(read: read, dropsName: dropsName || drops)
    }
}

extension SeriesSet {
    /// `series` by the labels that the answer shows, the last one first.
    fileprivate static func ordered(_ series: [Series], withoutName: Bool) -> [Series] {
        guard withoutName else { return series.sorted { $1.labels < $0.labels } }
        return series.map { ($0.labels.withoutMetadata, $0) }.sorted { $1.0 < $0.0 }
            .map(\.1)
    }
}

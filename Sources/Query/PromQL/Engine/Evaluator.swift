import Model

/// Evaluates a plan over series that were read: each part once, over all of its steps.
struct Evaluator {
    let options: EngineOptions
    /// How old a sample may be, in milliseconds.
    let lookback: Int64
    let budget: Budget
    /// The series of the plan's reads.
    var sets: [SeriesSet]
    /// What was asked for, and what came.
    let reads: [ReadCost]
    /// The remarks so far.
    var annotations = Annotations()
    /// What each part cost, by its number; empty unless that was asked for.
    var costs: [Int: Cost] = [:]
    let explains: Bool
    /// The text of the query.
    let query: String

    /// What a part cost.
    struct Cost: Sendable {
        var time = Duration.zero
        var series = 0
        var samples = 0
        var bytes = 0
        var method = ""
    }

    /// What a read asked for and brought.
    struct ReadCost: Sendable {
        let matchers: [Matcher]
        let span: TimeSpan
        let series: Int
        let samples: Int
        let time: Duration
    }

    init(
        options: EngineOptions, lookback: TimeSpan, budget: Budget, sets: [SeriesSet],
        reads: [SeriesRead], explains: Bool, query: String
    ) {
        self.options = options
        self.lookback = lookback.milliseconds
        self.budget = budget
        self.sets = sets
        self.reads = zip(reads, sets).map { read, set in
            ReadCost(
                matchers: read.matchers,
                span: TimeSpan(
                    milliseconds: read.range.upperBound - read.range.lowerBound + 1),
                series: set.series.count, samples: set.sampleCount, time: set.time)
        }
        self.explains = explains
        self.query = query
    }

    /// What `plan` yields at its steps.
    mutating func value(of plan: Plan) async throws(PromQLError) -> Value {
        let before = budget.held
        let start = ContinuousClock.now
        let value = try await evaluate(plan)
        // The parts below are gone, and what they made of the series is here.
        if case .vector(let table) = value { budget.settle(at: before + table.heldCount) }
        guard explains else { return value }
        // What is evaluated in pieces adds up.
        var cost = costs[plan.id] ?? Cost()
        cost.time += ContinuousClock.now - start
        switch value {
        case .vector(let table):
            cost.series += table.count
            cost.samples += table.sampleCount
            cost.bytes += table.bytes
        case .scalar(let column):
            cost.samples += column.count
            cost.bytes += column.count * MemoryLayout<Double>.stride
        case .string: break
        }
        costs[plan.id] = cost
        return value
    }

    /// The table that `plan`, a vector, yields.
    mutating func table(of plan: Plan) async throws(PromQLError) -> Table {
        guard case .vector(let table) = try await value(of: plan) else {
            preconditionFailure("BUG: a part that is no vector was evaluated as one")
        }
        return table
    }

    /// The numbers that `plan`, a scalar, yields.
    mutating func scalar(of plan: Plan) async throws(PromQLError) -> ScalarColumn {
        guard case .scalar(let column) = try await value(of: plan) else {
            preconditionFailure("BUG: a part that is no scalar was evaluated as one")
        }
        return column
    }

    private mutating func evaluate(_ plan: Plan) async throws(PromQLError) -> Value {
        try budget.check()
        guard plan.steps.count > 0 else { return Self.nothing(plan) }
        switch plan.kind {
        case .number(let value): return .scalar(.constant(value))
        case .string(let text): return .string(text)
        case .select(let selection):
            return .vector(
                try await select(selection, at: plan.steps, position: plan.position))
        case .samples:
            preconditionFailure("BUG: samples of a range were asked for as a vector")
        case .negate(let inner): return try await negate(inner)
        case .invariant(let inner): return try await spread(inner, over: plan.steps)
        case .scalars(let operation, let left, let right):
            return .scalar(try await scalars(operation, left, right, steps: plan.steps.count))
        case .vectorAndScalar(let parts):
            return .vector(try await vectorAndScalar(parts, position: plan.position))
        case .vectors(let operation, let left, let right, let matching, let isBool):
            return .vector(
                try await vectors(
                    VectorOperation(
                        operation: operation, matching: matching, isBool: isBool,
                        position: plan.position), left, right))
        case .aggregate(let aggregate):
            return .vector(try await self.aggregate(aggregate, plan))
        case .window(let window): return .vector(try await self.window(window, plan))
        case .call(let function, let arguments, let selection):
            return try await call(function, arguments, selection, plan)
        }
    }

    /// What a part yields that is evaluated at no step at all.
    private static func nothing(_ plan: Plan) -> Value {
        switch plan.type {
        case .scalar: .scalar(.steps([]))
        case .string: .string("")
        default: .vector(Table(steps: 0))
        }
    }

    private mutating func negate(_ inner: Plan) async throws(PromQLError) -> Value {
        switch try await value(of: inner) {
        case .scalar(let column): return .scalar(column.map { -$0 })
        case .string(let text): return .string(text)
        case .vector(var table):
            for place in table.values.indices where !table.values[place].isAbsent {
                table.values[place] = -table.values[place]
            }
            for (row, column) in table.histograms {
                table.histograms[row] = column.map { $0?.scaled(by: -1) }
            }
            for row in table.isNameDropped.indices { table.isNameDropped[row] = true }
            return .vector(try unique(table))
        }
    }

    /// The same at every step.
    private mutating func spread(_ inner: Plan, over steps: Steps) async throws(PromQLError)
        -> Value
    {
        switch try await value(of: inner) {
        case .scalar(let column): return .scalar(.constant(column.first))
        case .string(let text): return .string(text)
        case .vector(let once):
            try budget.hold(once.count * (steps.count - 1))
            var table = Table(steps: steps.count)
            table.reserve(once.count)
            for row in 0..<once.count {
                table.append(
                    once.labels[row], isNameDropped: once.isNameDropped[row],
                    repeatElement(once.values[row], count: steps.count),
                    histograms: once.histograms[row].map {
                        [FloatHistogram?](repeating: $0[0], count: steps.count)
                    })
            }
            return .vector(table)
        }
    }

    /// `table` as it may be passed on: rows that show the same labels are one, and must not have
    /// values at the same step.
    ///
    /// Where names are dropped at the end only, labels that are alike may still differ by name.
    func unique(_ table: Table) throws(PromQLError) -> Table {
        if options.delaysNameRemoval || table.hasOneName { return table }
        return try merged(table)
    }

    /// `table` with one row for all that show the same labels.
    func merged(_ table: Table) throws(PromQLError) -> Table {
        guard table.count > 1 else { return table }
        var keys = LabelKeys(expecting: table.count)
        var target: [Int] = []
        target.reserveCapacity(table.count)
        for row in 0..<table.count {
            let subset = LabelSubset.all.droppingMetadata(table.isNameDropped[row])
            target.append(keys.number(of: table.labels[row], subset))
        }
        guard keys.count < table.count else { return table }
        var result = Table(steps: table.steps)
        result.reserve(keys.count)
        for row in 0..<table.count {
            if target[row] == result.count {
                result.append(row: row, of: table)
            } else {
                try result.merge(row: row, of: table, into: target[row])
            }
        }
        return result
    }

    /// The labels that tell a row from others.
    func subset(_ subset: LabelSubset, of table: Table, row: Int) -> LabelSubset {
        options.delaysNameRemoval ? subset : subset.droppingMetadata(table.isNameDropped[row])
    }

    /// The labels of a row that others see: with the name, where names are dropped at the end.
    func labels(of table: Table, row: Int) -> Labels {
        options.delaysNameRemoval ? table.labels[row] : table.shownLabels(row)
    }
}

extension Table {
    /// Whether the rows differ by more than the labels that are dropped with the name.
    var hasOneName: Bool {
        guard let first = labels.first else { return true }
        let name = first.metric
        let (type, unit) = (first["__type__"], first["__unit__"])
        return labels.allSatisfy {
            $0.metric.hasSameBytes(as: name) && $0["__type__"].hasSameBytes(as: type)
                && $0["__unit__"].hasSameBytes(as: unit)
        }
    }

    /// Adds the values of a row of `other` to a row that has none at the same steps.
    fileprivate mutating func merge(
        row: Int, of other: Table, into target: Int
    ) throws(PromQLError) {
        for step in 0..<steps where other.isPresent(row, step) {
            if isPresent(target, step) {
                throw .execution("vector cannot contain metrics with the same labelset")
            }
            values[target * steps + step] = other.values[row * steps + step]
            if let histogram = other.histogram(row, step) {
                var column =
                    histograms[target] ?? [FloatHistogram?](repeating: nil, count: steps)
                column[step] = histogram
                histograms[target] = column
            }
        }
    }
}

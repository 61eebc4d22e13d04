import Model

/// Turns an expression into a plan: what is evaluated when, and which series that asks for.
struct PlanBuilder {
    /// When the whole query is evaluated.
    let times: QueryTimes
    /// How old a sample may be, in milliseconds.
    let lookback: Int64
    /// The step of subqueries that name none, in milliseconds.
    let subqueryStep: Int64

    /// Whether nothing is asked of histograms here but their count and sum.
    ///
    /// Prometheus leaves out the buckets then, and looks for resets while it still sees them: its
    /// remarks on resets that contradict each other depend on it, and so do ours.
    private var tellsResets = false

    private(set) var reads: [SeriesRead] = []
    private(set) var count = 0

    init(times: QueryTimes, lookback: TimeSpan, subqueryStep: TimeSpan) {
        self.times = times
        self.lookback = lookback.milliseconds
        self.subqueryStep = max(1, subqueryStep.milliseconds)
    }

    /// The plan of `expression`, evaluated at `steps`.
    mutating func plan(_ expression: Expression, at steps: Steps) throws(PromQLError) -> Plan {
        let id = count
        count += 1
        let outer = tellsResets
        defer { tellsResets = outer }
        tellsResets = expression.tellsResets ?? outer
        let kind: Plan.Kind
        switch expression.kind {
        case .parentheses(let inner):
            count -= 1
            return try plan(inner, at: steps)
        case .number(let value, _): kind = .number(value)
        case .string(let text): kind = .string(text)
        case .vector(let selector): kind = .select(selection(selector, at: steps))
        case .matrix, .subquery: kind = .samples(try range(expression, at: steps))
        case .unary(.plus, let inner):
            count -= 1
            return try plan(inner, at: steps)
        case .unary(.minus, let inner): kind = .negate(try plan(inner, at: steps))
        case .stepInvariant(let inner):
            if steps.count <= 1 {
                count -= 1
                return try plan(inner, at: steps)
            }
            kind = .invariant(try plan(inner, at: steps.first))
        case .binary(let binary): kind = try self.binary(binary, at: steps)
        case .aggregate(let aggregation): kind = try aggregate(aggregation, at: steps)
        case .call(let call): kind = try self.call(call, at: steps)
        }
        return Plan(id: id, source: expression, steps: steps, kind: kind)
    }

    private mutating func binary(_ binary: Binary, at steps: Steps) throws(PromQLError) -> Plan.Kind
    {
        let left = try plan(binary.left, at: steps)
        let right = try plan(binary.right, at: steps)
        switch (left.type, right.type) {
        case (.scalar, .scalar): return .scalars(binary.operation, left, right)
        case (.scalar, _):
            return .vectorAndScalar(
                VectorScalar(
                    operation: binary.operation, vector: right, scalar: left, isSwapped: true,
                    isBool: binary.isBool))
        case (_, .scalar):
            return .vectorAndScalar(
                VectorScalar(
                    operation: binary.operation, vector: left, scalar: right, isSwapped: false,
                    isBool: binary.isBool))
        default:
            return .vectors(
                binary.operation, left, right, binary.matching ?? VectorMatching(),
                isBool: binary.isBool)
        }
    }

    private mutating func aggregate(
        _ aggregation: Aggregation, at steps: Steps
    ) throws(PromQLError) -> Plan.Kind {
        var parameter: Plan?
        if let written = aggregation.parameter { parameter = try plan(written, at: steps) }
        let input = try plan(aggregation.expression, at: steps)
        return .aggregate(
            AggregatePlan(
                operation: aggregation.operation, input: input, parameter: parameter,
                grouping: aggregation.grouping, isWithout: aggregation.isWithout))
    }

    private mutating func call(_ call: Call, at steps: Steps) throws(PromQLError) -> Plan.Kind {
        switch call.function {
        case .pi: return .number(.pi)
        case .start: return .number(Double(times.start.milliseconds) / 1000)
        case .end: return .number(Double(times.end.milliseconds) / 1000)
        case .step: return .number(times.step.seconds)
        case .range:
            return .number(
                Double(times.end.milliseconds - times.start.milliseconds) / 1000)
        case .timestamp, .startTimestamp:
            if case .vector(let selector) = call.arguments[0].unwrapped.kind {
                return .call(call.function, [], selection(selector, at: steps))
            }
        case .info: return try info(call, at: steps)
        default: break
        }
        guard let place = call.arguments.firstIndex(where: { $0.type == .matrix }) else {
            var arguments: [Plan] = []
            for argument in call.arguments { arguments.append(try plan(argument, at: steps)) }
            return .call(call.function, arguments, nil)
        }
        let argument = call.arguments[place]
        let input = try range(argument, at: steps)
        var scalars: [Plan] = []
        for (index, other) in call.arguments.enumerated() where index != place {
            scalars.append(try plan(other, at: steps))
        }
        try checkExtent(of: input, in: call.function)
        var matchers: [Matcher] = []
        if case .matrix(let selector) = argument.unwrapped.kind {
            matchers = selector.selector.matchers
        }
        return .window(
            WindowPlan(
                function: call.function, input: input, scalars: scalars, matchers: matchers))
    }

    /// Functions that cannot do with samples outside of the range refuse them.
    private func checkExtent(of input: RangeInput, in function: Function) throws(PromQLError) {
        let allowed: [Function]
        switch input.extent {
        case .plain: return
        case .anchored: allowed = [.changes, .delta, .increase, .rate, .resets]
        case .smoothed: allowed = [.delta, .increase, .rate]
        }
        guard !allowed.contains(function) else { return }
        throw .execution(
            "\(input.extent.rawValue) modifier can only be used with: "
                + allowed.map(\.rawValue).joined(separator: ", ") + " - not with "
                + function.rawValue)
    }

    /// What `info` looks up: it sees the info series when its argument sees its own.
    private mutating func info(_ call: Call, at steps: Steps) throws(PromQLError) -> Plan.Kind {
        let input = try plan(call.arguments[0], at: steps)
        let reference = Self.innermostReference(call.arguments[0], seenFrom: Reference(offset: 0))
        var matchers: [Matcher] = []
        if call.arguments.count > 1, case .vector(let selector) = call.arguments[1].unwrapped.kind {
            matchers = selector.matchers
        }
        let wanted = InfoLabels.matchersOfSeries(matchers)
        let read = addRead(
            SeriesRead(
                matchers: wanted, range: instants(of: reference ?? Reference(offset: 0), at: steps))
        )
        return .call(
            .info, [input],
            Selection(
                read: read, matchers: matchers, reference: reference ?? Reference(offset: 0),
                extent: .plain))
    }

    /// When the first selector in `expression` looks, through all subqueries around it.
    private static func innermostReference(
        _ expression: Expression, seenFrom outer: Reference
    ) -> Reference? {
        switch expression.kind {
        case .vector(let selector): return outer.then(Self.reference(selector.modifiers))
        case .matrix(let matrix): return outer.then(Self.reference(matrix.selector.modifiers))
        case .subquery(let subquery):
            return innermostReference(
                subquery.expression, seenFrom: outer.then(Self.reference(subquery.modifiers)))
        default:
            for child in expression.children {
                if let found = innermostReference(child, seenFrom: outer) { return found }
            }
            return nil
        }
    }

    // MARK: Selectors

    private static func reference(_ modifiers: TimeModifiers) -> Reference {
        var reference = Reference(offset: modifiers.offset.span.milliseconds)
        if case .time(let time) = modifiers.at { reference.at = time.milliseconds }
        return reference
    }

    private func resolved(_ modifiers: TimeModifiers) -> Reference {
        var reference = Self.reference(modifiers)
        switch modifiers.at {
        case .start: reference.at = times.start.milliseconds
        case .end: reference.at = times.end.milliseconds
        case .time, nil: break
        }
        return reference
    }

    private func instants(of reference: Reference, at steps: Steps) -> ClosedRange<Int64> {
        let span = reference.span(over: steps)
        return
            (span.lowerBound - lookback + 1)...max(
                span.lowerBound - lookback + 1, span.upperBound)
    }

    private mutating func selection(_ selector: VectorSelector, at steps: Steps) -> Selection {
        let reference = resolved(selector.modifiers)
        var range = instants(of: reference, at: steps)
        if selector.extent == .smoothed {
            range = range.lowerBound...(range.upperBound + lookback)
        }
        let read = addRead(
            SeriesRead(matchers: selector.matchers, range: range, tellsResets: tellsResets))
        return Selection(
            read: read, matchers: selector.matchers, reference: reference, extent: selector.extent)
    }

    private mutating func range(
        _ expression: Expression, at steps: Steps
    ) throws(PromQLError) -> RangeInput {
        switch expression.kind {
        case .parentheses(let inner), .stepInvariant(let inner):
            return try range(inner, at: steps)
        case .matrix(let matrix):
            return RangeInput(
                origin: .selection(selection(matrix, at: steps)),
                length: matrix.range.span.milliseconds, position: expression.position)
        case .subquery(let subquery):
            return try self.subquery(subquery, at: steps, position: expression.position)
        default: preconditionFailure("BUG: a range was asked of an expression that has none")
        }
    }

    private mutating func selection(_ matrix: MatrixSelector, at steps: Steps) -> Selection {
        let reference = resolved(matrix.selector.modifiers)
        let span = reference.span(over: steps)
        var lower = span.lowerBound - matrix.range.span.milliseconds + 1
        var upper = span.upperBound
        switch matrix.selector.extent {
        case .plain: break
        case .anchored: lower -= lookback
        case .smoothed:
            lower -= lookback
            upper += lookback
        }
        let read = addRead(
            SeriesRead(
                matchers: matrix.selector.matchers, range: lower...max(lower, upper),
                tellsResets: tellsResets))
        return Selection(
            read: read, matchers: matrix.selector.matchers, reference: reference,
            extent: matrix.selector.extent)
    }

    private mutating func subquery(
        _ subquery: Subquery, at steps: Steps, position: PositionRange
    ) throws(PromQLError) -> RangeInput {
        let outer = tellsResets
        defer { tellsResets = outer }
        tellsResets = false
        let reference = resolved(subquery.modifiers)
        let length = subquery.range.span.milliseconds
        var interval = subquery.step?.span.milliseconds ?? 0
        if interval <= 0 { interval = subqueryStep }
        let span = reference.span(over: steps)
        // The first multiple of the interval behind the oldest instant of the first range.
        var start = interval * ((span.lowerBound - length) / interval)
        if start <= span.lowerBound - length { start += interval }
        let inner = Steps(from: start, through: span.upperBound, every: interval)
        let plan = try plan(subquery.expression, at: inner)
        return RangeInput(
            origin: .subquery(plan, reference), length: length, position: position)
    }

    /// The number of a read that has all that `read` asks for.
    private mutating func addRead(_ read: SeriesRead) -> Int {
        for (index, known) in reads.enumerated()
        where known.matchers == read.matchers && known.tellsResets == read.tellsResets
            && known.range.overlaps(read.range)
        {
            let lower = min(known.range.lowerBound, read.range.lowerBound)
            reads[index].range = lower...max(known.range.upperBound, read.range.upperBound)
            return index
        }
        reads.append(read)
        return reads.count - 1
    }
}

extension Reference {
    init(offset: Int64) {
        at = nil
        self.offset = offset
    }

    /// What `inner` looks at where this is its now.
    func then(_ inner: Reference) -> Reference {
        if inner.at != nil { return inner }
        return Reference(at: at, offset: offset + inner.offset)
    }
}

extension Expression {
    /// Whether it asks histograms for their count and sum only, or for their buckets; `nil` where
    /// that depends on what is around it.
    fileprivate var tellsResets: Bool? {
        switch kind {
        case .call(let call):
            switch call.function {
            case .histogramCount, .histogramSum, .histogramAvg: true
            case .histogramQuantile, .histogramQuantiles, .histogramFraction: false
            default: nil
            }
        case .binary(let binary):
            binary.operation == .trimUpper || binary.operation == .trimLower ? false : nil
        default: nil
        }
    }
}

import Glibc
public import Model

/// When a query is evaluated: what `@`, `step()` and `range()` refer to.
public struct QueryTimes: Sendable, Hashable {
    /// The first instant.
    public var start: Timestamp
    /// The last instant; `start` for an instant query.
    public var end: Timestamp
    /// The distance of the instants; zero for an instant query.
    public var step: TimeSpan

    /// From `start` to `end`.
    public init(from start: Timestamp, to end: Timestamp, step: TimeSpan) {
        self.start = start
        self.end = end
        self.step = step
    }
}

extension Expression {
    /// The expression ready to be evaluated at `times`.
    ///
    /// All durations are calculated, `@ start()` and `@ end()` are times, and what yields the same
    /// at every step is wrapped in `stepInvariant`.
    public func prepared(for times: QueryTimes) throws(PromQLError) -> Expression {
        var (expression, isInvariant) = try Preparation(times: times).prepared(self)
        if isInvariant { expression = expression.wrappedAsInvariant }
        return expression
    }

    fileprivate var wrappedAsInvariant: Expression {
        switch unwrapped.kind {
        case .number, .string: self
        default: Expression(.stepInvariant(self), at: position)
        }
    }
}

private struct Preparation {
    let times: QueryTimes

    /// The prepared expression, and whether it yields the same at every step.
    func prepared(_ expression: Expression) throws(PromQLError) -> (Expression, Bool) {
        var result = expression
        switch expression.kind {
        case .number, .string: return (expression, true)
        case .vector(var selector):
            try prepare(&selector.modifiers)
            result.kind = .vector(selector)
            return (result, selector.modifiers.at != nil)
        case .matrix(var matrix):
            try prepare(&matrix.selector.modifiers)
            matrix.range = try span(matrix.range, mayBeNegative: false)
            result.kind = .matrix(matrix)
            return (result, matrix.selector.modifiers.at != nil)
        case .subquery(var subquery):
            try prepare(&subquery.modifiers)
            subquery.range = try span(subquery.range, mayBeNegative: false)
            if let step = subquery.step {
                subquery.step = try span(step, mayBeNegative: false)
            }
            subquery.expression = try wrapped(subquery.expression)
            result.kind = .subquery(subquery)
            return (result, subquery.modifiers.at != nil)
        case .call(var call):
            let arguments = try all(call.arguments)
            let isInvariant = call.function.isTimeless && arguments.allSatisfy(\.1)
            call.arguments = isInvariant ? arguments.map(\.0) : arguments.map(Self.wrapped)
            result.kind = .call(call)
            return (result, isInvariant)
        case .unary(let sign, let inner):
            let (inner, isInvariant) = try prepared(inner)
            result.kind = .unary(sign, inner)
            return (result, isInvariant)
        case .parentheses(let inner):
            let (inner, isInvariant) = try prepared(inner)
            result.kind = .parentheses(inner)
            return (result, isInvariant)
        case .binary(var binary):
            let operands = try all([binary.left, binary.right])
            let isInvariant = operands.allSatisfy(\.1)
            let ready = isInvariant ? operands.map(\.0) : operands.map(Self.wrapped)
            binary.left = ready[0]
            binary.right = ready[1]
            result.kind = .binary(binary)
            return (result, isInvariant)
        case .aggregate(var aggregation):
            let parts = try all(
                [aggregation.expression] + (aggregation.parameter.map { [$0] } ?? []))
            let isInvariant = parts.allSatisfy(\.1)
            let ready = isInvariant ? parts.map(\.0) : parts.map(Self.wrapped)
            aggregation.expression = ready[0]
            if ready.count > 1 { aggregation.parameter = ready[1] }
            result.kind = .aggregate(aggregation)
            return (result, isInvariant)
        case .stepInvariant(let inner): return try prepared(inner)
        }
    }

    private func all(_ list: [Expression]) throws(PromQLError) -> [(Expression, Bool)] {
        var prepared: [(Expression, Bool)] = []
        for expression in list { prepared.append(try self.prepared(expression)) }
        return prepared
    }

    private func wrapped(_ expression: Expression) throws(PromQLError) -> Expression {
        Self.wrapped(try prepared(expression))
    }

    private static func wrapped(_ prepared: (Expression, Bool)) -> Expression {
        prepared.1 ? prepared.0.wrappedAsInvariant : prepared.0
    }

    private func prepare(_ modifiers: inout TimeModifiers) throws(PromQLError) {
        modifiers.offset = try span(modifiers.offset, mayBeNegative: true)
        switch modifiers.at {
        case .start: modifiers.at = .time(times.start)
        case .end: modifiers.at = .time(times.end)
        case .time, nil: break
        }
    }

    private func span(
        _ term: DurationTerm, mayBeNegative: Bool
    ) throws(PromQLError) -> DurationTerm {
        guard case .expression(let expression) = term else { return term }
        let seconds = try value(expression)
        guard mayBeNegative || seconds > 0 else {
            throw fault(expression, "duration must be greater than 0")
        }
        guard seconds.magnitude < 0x1p63 / 1e9 else {
            throw fault(expression, "duration is out of range")
        }
        return .span(TimeSpan(milliseconds: Int64(saturating: seconds * 1000)))
    }

    private func value(_ expression: DurationExpression) throws(PromQLError) -> Double {
        switch expression.kind {
        case .number(let value, _): return value
        case .step: return times.step.seconds
        case .range: return TimeSpan(from: times.start, to: times.end).seconds
        case .unary(let sign, let inner):
            return try sign == .minus ? -value(inner) : value(inner)
        case .minimum(let left, let right): return Double.minimum(try value(left), try value(right))
        case .maximum(let left, let right): return Double.maximum(try value(left), try value(right))
        case .parentheses(let inner): return try value(inner)
        case .binary(let operation, let left, let right):
            let (left, right) = (try value(left), try value(right))
            switch operation {
            case .add: return left + right
            case .subtract: return left - right
            case .multiply: return left * right
            case .divide:
                if right == 0 { throw fault(expression, "division by zero") }
                return left / right
            case .modulo:
                if right == 0 { throw fault(expression, "modulo by zero") }
                return left.truncatingRemainder(dividingBy: right)
            default: return pow(left, right)
            }
        }
    }

    private func fault(_ expression: DurationExpression, _ message: String) -> PromQLError {
        .execution("\(expression.position.start):\(expression.position.end): \(message)")
    }
}

extension TimeSpan {
    fileprivate init(from start: Timestamp, to end: Timestamp) {
        self.init(
            milliseconds: end.milliseconds.subtractingReportingOverflow(start.milliseconds)
                .partialValue)
    }
}

extension Function {
    /// Whether it yields the same whenever it is asked, given the same arguments.
    var isTimeless: Bool {
        switch self {
        case .daysInMonth, .dayOfMonth, .dayOfWeek, .dayOfYear, .hour, .minute, .month, .year,
            .predictLinear, .time, .timestamp, .startTimestamp, .info:
            false
        default: true
        }
    }
}

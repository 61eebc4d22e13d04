import Model

extension ExpressionReader {
    private static let durations = "number, duration, step(), or range()"

    /// A range behind `expression`: a matrix selector, or a subquery where a colon follows.
    mutating func ranged(_ expression: Expression) throws(ParseFault) -> Expression {
        let outer = context
        defer { context = outer }
        let first = try take()
        let range = try positiveDuration(in: "subquery or range selector", Self.durations)
        if try take(.colon) != nil {
            var step: DurationTerm?
            if try peek().kind != .rightBracket {
                step = try positiveDuration(
                    in: "subquery selector",
                    "number, duration, step(), range(), or \"]\"")
            }
            guard let last = try take(.rightBracket) else {
                throw try unexpected(in: "subquery selector", expected: "\"]\"")
            }
            return Expression(
                .subquery(Subquery(expression, range: range, step: step)),
                at: expression.position.through(last.position))
        }
        guard let last = try take(.rightBracket) else {
            throw try unexpected(in: "subquery or range", expected: "\":\" or \"]\"")
        }
        let brackets = first.position.through(last.position)
        guard case .vector(let selector) = expression.kind else {
            throw fault(brackets, "ranges only allowed for vector selectors")
        }
        guard selector.modifiers.offset == .zero else {
            throw fault(brackets, "no offset modifiers allowed before range")
        }
        guard selector.modifiers.at == nil else {
            throw fault(brackets, "no @ modifiers allowed before range")
        }
        return Expression(
            .matrix(MatrixSelector(selector, at: expression.position, range: range)),
            at: expression.position.through(last.position))
    }

    private mutating func positiveDuration(
        in place: String, _ expected: String
    ) throws(ParseFault) -> DurationTerm {
        context = Context(place: place, expected: expected)
        let duration = try duration(1)
        if case .number(let seconds, _) = duration.kind, seconds <= 0 {
            throw fault(duration.position, "duration must be greater than 0")
        }
        return term(duration)
    }

    /// What stands behind `offset`, and the byte behind it.
    ///
    /// Without parentheses that is one number or call, with its sign: `offset 5m + 1` adds to the
    /// value, not to the offset.
    mutating func offsetDuration() throws(ParseFault) -> (DurationTerm, Int) {
        let outer = context
        context = Context(place: "offset", expected: Self.durations)
        defer { context = outer }
        var sign: Token?
        if case .binary(let operation) = try peek().kind,
            operation == .add || operation == .subtract
        {
            sign = try take()
        }
        var duration = try durationOperand()
        if let sign { duration = try signed(sign, duration) }
        return (term(duration), lexer.at)
    }

    private func term(_ duration: DurationExpression) -> DurationTerm {
        guard case .number(let seconds, _) = duration.kind else { return .expression(duration) }
        // In two steps, as Prometheus does: to nanoseconds, and what is less than a millisecond
        // is cut off.
        let nanoseconds = (seconds * 1e9).rounded(.toNearestOrAwayFromZero)
        return .span(TimeSpan(milliseconds: Int64(saturating: nanoseconds) / 1_000_000))
    }

    /// A calculation whose operators bind at least as tightly as `precedence` says.
    private mutating func duration(_ precedence: Int) throws(ParseFault) -> DurationExpression {
        try descend()
        var links = 0
        var left: DurationExpression
        if case .binary(let sign) = try peek().kind, sign == .add || sign == .subtract {
            let token = try take()
            left = try signed(token, try duration(BinaryOperator.power.precedence))
        } else {
            left = try durationOperand()
        }
        while case .binary(let operation) = try peek().kind, operation.isDurationOperator,
            operation.precedence >= precedence
        {
            try descend()
            links += 1
            let token = try take()
            try requireDurationExpressions(left.position)
            let right = try duration(operation == .power ? 6 : operation.precedence + 1)
            if case .number(0, _) = right.kind {
                if operation == .divide { throw fault(token.position, "division by zero") }
                if operation == .modulo { throw fault(token.position, "modulo by zero") }
            }
            left = DurationExpression(
                .binary(operation, left, right), at: left.position.through(right.position))
        }
        ascend(by: links + 1)
        return left
    }

    private func signed(
        _ sign: Token, _ operand: DurationExpression
    ) throws(ParseFault) -> DurationExpression {
        let position = sign.position.through(operand.position)
        let isMinus = sign.kind == .binary(.subtract)
        if case .number(let value, let isDuration) = operand.kind {
            return DurationExpression(
                .number(isMinus ? -value : value, isDuration: isDuration), at: position)
        }
        return isMinus ? DurationExpression(.unary(.minus, operand), at: position) : operand
    }

    private mutating func durationOperand() throws(ParseFault) -> DurationExpression {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            let (value, isDuration) = try number()
            guard value.magnitude <= 0x1p63 / 1e9 else {
                throw fault(token.position, "duration out of range")
            }
            return DurationExpression(.number(value, isDuration: isDuration), at: token.position)
        case .preprocessor(.step), .preprocessor(.range):
            try take()
            _ = try expect(.leftParenthesis)
            let position = token.position.through(try expect(.rightParenthesis).position)
            try requireDurationExpressions(position)
            return DurationExpression(
                token.kind == .preprocessor(.step) ? .step : .range, at: position)
        case .preprocessor(.minOf), .preprocessor(.maxOf):
            try take()
            _ = try expect(.leftParenthesis)
            let left = try duration(1)
            _ = try expect(.comma)
            let right = try duration(1)
            let position = token.position.through(try expect(.rightParenthesis).position)
            try requireDurationExpressions(position)
            return DurationExpression(
                token.kind == .preprocessor(.minOf) ? .minimum(left, right) : .maximum(left, right),
                at: position)
        case .leftParenthesis:
            try take()
            let inner = try duration(1)
            let last = try expect(.rightParenthesis)
            try requireDurationExpressions(inner.position)
            return DurationExpression(
                .parentheses(inner), at: token.position.through(last.position))
        default: throw try unexpected()
        }
    }

    private func requireDurationExpressions(_ position: PositionRange) throws(ParseFault) {
        guard options.durationExpressions else {
            throw fault(position, "experimental duration expression is not enabled")
        }
    }
}

extension BinaryOperator {
    /// Whether durations may be calculated with it.
    var isDurationOperator: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide, .modulo, .power: true
        default: false
        }
    }
}

extension Int64 {
    /// The nearest number to `value`; zero for what is none.
    init(saturating value: Double) {
        if value.isNaN {
            self = 0
        } else if value >= 0x1p63 {
            self = .max
        } else if value < -0x1p63 {
            self = .min
        } else {
            self = Int64(value)
        }
    }
}

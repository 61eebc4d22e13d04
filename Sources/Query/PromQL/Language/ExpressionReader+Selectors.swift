import Model
import RE2

extension ExpressionReader {
    /// A selector, whose name may have been read.
    mutating func selectorExpression(named name: Token? = nil) throws(ParseFault) -> Expression {
        let (selector, position) = try vectorSelector(named: name)
        return Expression(.vector(selector), at: position)
    }

    /// A selector and its position.
    mutating func vectorSelector(
        named known: Token? = nil
    ) throws(ParseFault) -> (VectorSelector, PositionRange) {
        var name = known
        if name == nil, try peek().kind.canNameMetric { name = try take() }
        var matchers: [Matcher] = []
        var position = name?.position
        if try peek().kind == .leftBrace {
            let braces = try braces(into: &matchers)
            position = position.map { $0.through(braces) } ?? braces
        }
        guard let position else { throw try unexpected() }
        guard let name else { return (VectorSelector(matchers: matchers), position) }
        let text = lexer.text(of: name)
        matchers.append(Matcher(LabelName.metric, equals: text))
        return (VectorSelector(name: text, matchers: matchers), position)
    }

    private mutating func braces(
        into matchers: inout [Matcher]
    ) throws(ParseFault) -> PositionRange {
        let first = try take()
        while true {
            if let last = try take(.rightBrace) { return first.position.through(last.position) }
            matchers.append(try matcher())
            if try take(.comma) == nil, try peek().kind != .rightBrace {
                throw try unexpected(in: "label matching", expected: "\",\" or \"}\"")
            }
        }
    }

    private mutating func matcher() throws(ParseFault) -> Matcher {
        let place = "label matching"
        let token = try peek()
        guard token.kind == .identifier || token.kind == .string else {
            throw try unexpected(in: place, expected: "identifier or \"}\"")
        }
        try take()
        let isQuoted = token.kind == .string
        let name = isQuoted ? unquoted(token) : lexer.text(of: token)
        guard let operation = try matchOperator() else {
            if isQuoted { return Matcher(LabelName.metric, equals: name) }
            throw try unexpected(in: place, expected: "label matching operator")
        }
        let value = try peek()
        guard value.kind == .string else { throw try unexpected(in: place, expected: "string") }
        try take()
        let text = unquoted(value)
        do {
            return try Matcher(name, operation, text)
        } catch {
            throw fault(token.position.through(value.position), error.asGoSaysIt)
        }
    }

    private mutating func matchOperator() throws(ParseFault) -> Matcher.Operator? {
        let operation: Matcher.Operator? =
            switch try peek().kind {
            case .equal: .equal
            case .binary(.notEqual): .notEqual
            case .matches: .matches
            case .notMatches: .notMatches
            default: nil
            }
        if operation != nil { try take() }
        return operation
    }

    // MARK: What stands behind an expression

    /// `expression` with the ranges and modifiers that stand behind it.
    mutating func modified(_ expression: Expression) throws(ParseFault) -> Expression {
        var expression = expression
        var links = 0
        while true {
            switch try peek().kind {
            case .leftBracket:
                try descend()
                links += 1
                expression = try ranged(expression)
            case .keyword(.offset):
                try take()
                try offset(&expression)
            case .at:
                try take()
                try at(&expression)
            case .keyword(.anchored):
                try take()
                try extend(&expression, .anchored)
            case .keyword(.smoothed):
                try take()
                try extend(&expression, .smoothed)
            default:
                ascend(by: links)
                return expression
            }
        }
    }

    private mutating func offset(_ expression: inout Expression) throws(ParseFault) {
        let (term, end) = try offsetDuration()
        try modify(&expression, end, called: "offset modifier") {
            modifiers, position throws(ParseFault) in
            guard modifiers.offset == .zero else {
                throw ParseFault(position, "offset may not be set multiple times", in: lexer.query)
            }
            modifiers.offset = term
        }
    }

    private mutating func at(_ expression: inout Expression) throws(ParseFault) {
        let outer = context
        context = Context(place: "@", expected: "timestamp")
        defer { context = outer }
        let time: AtModifier
        if case .preprocessor(let word) = try peek().kind, word == .start || word == .end {
            try take()
            _ = try expect(.leftParenthesis)
            _ = try expect(.rightParenthesis)
            time = word == .start ? .start : .end
        } else {
            let seconds = try signedNumber()
            guard seconds.magnitude < 0x1p63 else {
                throw fault(
                    expression.position,
                    "timestamp out of bounds for @ modifier: \(NumberText.sixPlaces(seconds))")
            }
            let milliseconds = (seconds * 1000).rounded(.toNearestOrAwayFromZero)
            time = .time(Timestamp(milliseconds: Int64(saturating: milliseconds)))
        }
        let end = lexer.at
        try modify(&expression, end, called: "@ modifier") {
            modifiers, position throws(ParseFault) in
            guard modifiers.at == nil else {
                throw ParseFault(
                    position, "@ <timestamp> may not be set multiple times", in: lexer.query)
            }
            modifiers.at = time
        }
    }

    private func modify(
        _ expression: inout Expression, _ end: Int, called name: String,
        _ change: (inout TimeModifiers, PositionRange) throws(ParseFault) -> Void
    ) throws(ParseFault) {
        switch expression.kind {
        case .vector(var selector):
            try change(&selector.modifiers, expression.position)
            expression.kind = .vector(selector)
        case .matrix(var matrix):
            try change(&matrix.selector.modifiers, expression.position)
            expression.kind = .matrix(matrix)
        case .subquery(var subquery):
            try change(&subquery.modifiers, expression.position)
            expression.kind = .subquery(subquery)
        default:
            throw fault(
                expression.position,
                "\(name) must be preceded by an instant vector selector or range vector selector "
                    + "or a subquery")
        }
        expression.position.end = end
    }

    private func extend(
        _ expression: inout Expression, _ extent: RangeExtent
    ) throws(ParseFault) {
        let name = extent.rawValue
        let position = expression.position
        guard options.extendedRangeSelectors else {
            throw fault(position, "\(name) modifier is experimental and not enabled")
        }
        let known: RangeExtent
        switch expression.kind {
        case .vector(var selector):
            known = selector.extent
            selector.extent = extent
            expression.kind = .vector(selector)
        case .matrix(var matrix):
            known = matrix.selector.extent
            matrix.selector.extent = extent
            expression.kind = .matrix(matrix)
        case .subquery:
            throw fault(position, "\(name) modifier is not supported for subqueries")
        default: throw fault(position, "\(name) modifier not implemented")
        }
        if known != .plain, known != extent {
            throw fault(position, "anchored and smoothed modifiers cannot be used together")
        }
    }
}

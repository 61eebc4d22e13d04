import Model

extension ExpressionReader {
    /// What stands behind an operator: how elements are matched, and the right operand.
    mutating func binary(
        _ left: Expression, _ operation: BinaryOperator, _ precedence: Int
    ) throws(ParseFault) -> Expression {
        let isBool = try take(.keyword(.bool)) != nil
        var matching = VectorMatching()
        if let word = try takeKeyword(.on, .ignoring) {
            matching.isOn = word == .on
            matching.labels = try groupingLabels()
            if let side = try takeKeyword(.groupLeft, .groupRight) {
                matching.cardinality = side == .groupLeft ? .manyToOne : .oneToMany
                if try peek().kind == .leftParenthesis { matching.include = try groupingLabels() }
            }
        }
        try fill(&matching)
        let right = try expression(precedence)
        let position = left.position.through(right.position)
        if !options.fillModifiers, matching.fillLeft != nil || matching.fillRight != nil {
            throw fault(position, "binop fill modifiers are experimental and not enabled")
        }
        return Expression(
            .binary(Binary(operation, left, right, isBool: isBool, matching: matching)),
            at: position)
    }

    private mutating func fill(_ matching: inout VectorMatching) throws(ParseFault) {
        switch try takeKeyword(.fill, .fillLeft, .fillRight) {
        case .fill:
            matching.fillLeft = try fillValue()
            matching.fillRight = matching.fillLeft
        case .fillLeft:
            matching.fillLeft = try fillValue()
            if try takeKeyword(.fillRight) != nil { matching.fillRight = try fillValue() }
        case .fillRight:
            matching.fillRight = try fillValue()
            if try takeKeyword(.fillLeft) != nil { matching.fillLeft = try fillValue() }
        default: break
        }
    }

    private mutating func fillValue() throws(ParseFault) -> Double {
        _ = try expect(.leftParenthesis)
        let value = try signedNumber()
        _ = try expect(.rightParenthesis)
        return value
    }

    private mutating func takeKeyword(
        _ words: Token.Keyword...
    ) throws(ParseFault) -> Token.Keyword? {
        guard case .keyword(let word) = try peek().kind, words.contains(word) else { return nil }
        try take()
        return word
    }

    /// An aggregation whose name has been read.
    mutating func aggregation(
        _ operation: AggregateOperator, _ name: Token
    ) throws(ParseFault) -> Expression {
        let outer = context
        context = Context(place: "aggregation")
        defer { context = outer }
        var grouping = try groupingClause()
        var (arguments, end) = try arguments()
        if grouping == nil, let clause = try groupingClause() {
            grouping = clause
            end = clause.end
        }
        let position = name.position.through(end)
        guard !arguments.isEmpty else {
            throw fault(position, "no arguments for aggregate expression provided")
        }
        if operation.isExperimental, !options.experimentalFunctions {
            throw fault(
                position,
                "\(operation.rawValue)() is experimental and must be enabled with "
                    + "--enable-feature=promql-experimental-functions")
        }
        let wanted = operation.hasParameter ? 2 : 1
        guard arguments.count == wanted else {
            throw fault(
                position,
                "wrong number of arguments for aggregate expression provided, "
                    + "expected \(wanted), got \(arguments.count)")
        }
        let parameter = operation.hasParameter ? arguments.removeFirst() : nil
        let aggregation = Aggregation(
            operation, arguments[0], parameter: parameter, grouping: grouping?.labels ?? [],
            isWithout: grouping?.isWithout ?? false)
        return Expression(.aggregate(aggregation), at: position)
    }

    private struct Grouping {
        var labels: [String]
        var isWithout: Bool
        var end: PositionRange
    }

    private mutating func groupingClause() throws(ParseFault) -> Grouping? {
        guard let word = try takeKeyword(.by, .without) else { return nil }
        let labels = try groupingLabels()
        let end = PositionRange(lexer.at - 1, lexer.at)
        return Grouping(labels: labels, isWithout: word == .without, end: end)
    }

    /// Label names in parentheses; the closing one is the last token that has been read.
    private mutating func groupingLabels() throws(ParseFault) -> [String] {
        let place = "grouping opts"
        guard try take(.leftParenthesis) != nil else {
            throw try unexpected(in: place, expected: "\"(\"")
        }
        var labels: [String] = []
        while try take(.rightParenthesis) == nil {
            let token = try peek()
            switch token.kind {
            case .string: labels.append(unquoted(token))
            case _ where token.kind.canNameLabel: labels.append(lexer.text(of: token))
            default: throw try unexpected(in: place, expected: "label")
            }
            if labels.last == "" {
                throw fault(token.position, "invalid label name for grouping: \"\"")
            }
            try take()
            if try take(.comma) == nil, try peek().kind != .rightParenthesis {
                throw try unexpected(in: place, expected: "\",\" or \")\"")
            }
        }
        return labels
    }
}

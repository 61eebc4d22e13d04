import Model

/// Reads tokens into a tree, by precedence.
struct ExpressionReader {
    let options: LanguageOptions
    var lexer: Lexer
    /// The token ahead, if it has been looked at.
    ///
    /// Tokens are cut when they are needed and no sooner: a fault of what stands before comes first.
    private var ahead: Token?
    private var depth = 0
    /// What messages say of where they are, for tokens that fit nowhere.
    var context = Context.none

    /// Where a token is not understood, as messages say it.
    struct Context {
        var place = ""
        var expected = ""
        static let none = Context()
    }

    init(_ query: String, _ options: LanguageOptions) {
        lexer = Lexer(query)
        self.options = options
    }

    // MARK: Tokens

    mutating func peek() throws(ParseFault) -> Token {
        if let ahead { return ahead }
        let token = try lexer.next()
        ahead = token
        return token
    }

    @discardableResult
    mutating func take() throws(ParseFault) -> Token {
        let token = try peek()
        ahead = nil
        return token
    }

    mutating func take(_ kind: Token.Kind) throws(ParseFault) -> Token? {
        try peek().kind == kind ? try take() : nil
    }

    mutating func expect(_ kind: Token.Kind) throws(ParseFault) -> Token {
        guard let token = try take(kind) else { throw try unexpected() }
        return token
    }

    func fault(_ position: PositionRange, _ message: String) -> ParseFault {
        ParseFault(position, message, in: lexer.query)
    }

    /// The token ahead fits nowhere.
    mutating func unexpected() throws(ParseFault) -> ParseFault { try unexpected(context) }

    mutating func unexpected(
        in place: String, expected: String = ""
    ) throws(ParseFault) -> ParseFault {
        try unexpected(Context(place: place, expected: expected))
    }

    private mutating func unexpected(_ context: Context) throws(ParseFault) -> ParseFault {
        let token = try peek()
        var message = "unexpected \(token.kind.description(lexer.text(of: token)))"
        if !context.place.isEmpty { message += " in \(context.place)" }
        if !context.expected.isEmpty { message += ", expected \(context.expected)" }
        return fault(token.position, message)
    }

    /// One level deeper; a fault where that is too deep.
    mutating func descend() throws(ParseFault) {
        depth += 1
        guard depth <= Parser.maximumDepth else {
            throw fault(
                try peek().position,
                "expression is nested too deeply, at most \(Parser.maximumDepth) levels are read")
        }
    }

    mutating func ascend(by levels: Int = 1) { depth -= levels }

    // MARK: Expressions

    mutating func readAll() throws(ParseFault) -> Expression {
        if try peek().kind == .end {
            throw fault(PositionRange(0, 0), "no expression found in input")
        }
        let expression = try expression()
        guard try peek().kind == .end else { throw try unexpected() }
        return expression
    }

    mutating func readSelector() throws(ParseFault) -> VectorSelector {
        let (selector, _) = try vectorSelector()
        guard try peek().kind == .end else { throw try unexpected() }
        return selector
    }

    /// An expression whose operators bind at least as tightly as `precedence` says.
    mutating func expression(_ precedence: Int = 1) throws(ParseFault) -> Expression {
        try descend()
        var left = try operand()
        var links = 0
        while case .binary(let operation) = try peek().kind, operation.precedence >= precedence {
            // A chain of operators is a tree that grows by a level with each.
            try descend()
            links += 1
            try take()
            let isRight = operation == .power
            left = try binary(left, operation, isRight ? 6 : operation.precedence + 1)
        }
        ascend(by: links + 1)
        return left
    }

    private mutating func operand() throws(ParseFault) -> Expression {
        guard case .binary(let sign) = try peek().kind, sign == .add || sign == .subtract else {
            return try modified(try primary())
        }
        let token = try take()
        // A sign binds as tightly as `*`: only `^` comes before it.
        let operand = try expression(BinaryOperator.power.precedence)
        let position = token.position.through(operand.position)
        if case .number(let value, let isDuration) = operand.kind {
            return Expression(
                .number(sign == .subtract ? -value : value, isDuration: isDuration), at: position)
        }
        return Expression(.unary(sign == .add ? .plus : .minus, operand), at: position)
    }

    private mutating func primary() throws(ParseFault) -> Expression {
        let token = try peek()
        switch token.kind {
        case .number, .duration:
            let (value, isDuration) = try number()
            return Expression(.number(value, isDuration: isDuration), at: token.position)
        case .string:
            try take()
            return Expression(.string(unquoted(token)), at: token.position)
        case .leftParenthesis:
            try take()
            let inner = try expression()
            let last = try expect(.rightParenthesis)
            return Expression(.parentheses(inner), at: token.position.through(last.position))
        case .identifier, .preprocessor:
            try take()
            return try peek().kind == .leftParenthesis
                ? try call(token) : try selectorExpression(named: token)
        case .aggregator(let operation):
            try take()
            return switch try peek().kind {
            case .leftParenthesis, .keyword(.by), .keyword(.without):
                try aggregation(operation, token)
            default: try selectorExpression(named: token)
            }
        default:
            guard token.kind == .leftBrace || token.kind.canNameMetric else {
                throw try unexpected()
            }
            return try selectorExpression()
        }
    }

    private mutating func call(_ name: Token) throws(ParseFault) -> Expression {
        let (arguments, end) = try arguments()
        let text = lexer.text(of: name)
        guard let function = Function(rawValue: text) else {
            throw fault(name.position, "unknown function with name \(quoted(text))")
        }
        guard !function.signature.isExperimental || options.experimentalFunctions else {
            throw fault(name.position, "function \(quoted(text)) is not enabled")
        }
        return Expression(.call(Call(function, arguments)), at: name.position.through(end))
    }

    /// What stands between parentheses, and the closing one's position.
    mutating func arguments() throws(ParseFault) -> ([Expression], PositionRange) {
        _ = try expect(.leftParenthesis)
        if let last = try take(.rightParenthesis) { return ([], last.position) }
        var arguments = [try expression()]
        while let comma = try take(.comma) {
            guard try peek().kind.canBegin else {
                throw fault(
                    comma.position, "trailing commas not allowed in function call args")
            }
            arguments.append(try expression())
        }
        return (arguments, try expect(.rightParenthesis).position)
    }
}

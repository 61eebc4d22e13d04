/// A word of the language, and where it stands.
struct Token {
    /// What words there are.
    enum Kind: Equatable {
        case end, identifier, metricIdentifier, number, duration, string
        case leftParenthesis, rightParenthesis, leftBrace, rightBrace, leftBracket, rightBracket
        case comma, colon, equal, matches, notMatches, at
        case binary(BinaryOperator)
        case aggregator(AggregateOperator)
        case keyword(Keyword)
        case preprocessor(Preprocessor)
    }

    /// Words that say how something is done.
    enum Keyword: String, CaseIterable {
        case offset, smoothed, anchored, by, without, on, ignoring, bool
        case groupLeft = "group_left"
        case groupRight = "group_right"
        case fill
        case fillLeft = "fill_left"
        case fillRight = "fill_right"
    }

    /// Words that stand for something of the query itself; functions too.
    enum Preprocessor: String, CaseIterable {
        case start, end, step, range
        case minOf = "min_of"
        case maxOf = "max_of"
    }

    var kind: Kind
    var position: PositionRange
}

extension Token.Kind {
    /// The word that `text`, in lower case, is; `nil` where it is a mere name.
    static func word(_ text: String) -> Token.Kind? { words[text] }

    private static let words: [String: Token.Kind] = {
        var words: [String: Token.Kind] = ["inf": .number, "nan": .number]
        for operation in [BinaryOperator.and, .or, .unless, .atan2] {
            words[operation.rawValue] = .binary(operation)
        }
        for operation in AggregateOperator.allCases {
            words[operation.rawValue] = .aggregator(operation)
        }
        for keyword in Token.Keyword.allCases { words[keyword.rawValue] = .keyword(keyword) }
        for word in Token.Preprocessor.allCases { words[word.rawValue] = .preprocessor(word) }
        return words
    }()

    /// Whether a metric may have this word as its name.
    var canNameMetric: Bool {
        switch self {
        case .identifier, .metricIdentifier, .aggregator, .preprocessor: true
        case .binary(let operation): operation.isSetOperator
        case .keyword(let keyword):
            switch keyword {
            case .offset, .smoothed, .anchored, .by, .without: true
            default: false
            }
        default: false
        }
    }

    /// Whether an expression may begin with it.
    var canBegin: Bool {
        switch self {
        case .number, .duration, .string, .leftParenthesis, .leftBrace, .binary(.add),
            .binary(.subtract):
            true
        default: canNameMetric
        }
    }

    /// Whether a label may have this word as its name.
    var canNameLabel: Bool {
        switch self {
        case .binary(.atan2), .keyword: true
        default: canNameMetric
        }
    }

    /// How messages call it, with its `text`.
    func description(_ text: String) -> String {
        switch self {
        case .end: "end of input"
        case .identifier: "identifier \(quoted(text))"
        case .metricIdentifier: "metric identifier \(quoted(text))"
        case .number: "number \(shortened(text))"
        case .duration: "duration \(shortened(text))"
        case .string: "string \(shortened(text))"
        case .matches, .notMatches, .at, .binary: "<op:\(text)>"
        case .aggregator: "<aggr:\(text)>"
        case .keyword: "<\(text)>"
        case .preprocessor, .leftParenthesis, .rightParenthesis, .leftBrace, .rightBrace,
            .leftBracket, .rightBracket, .comma, .colon, .equal:
            shortened(text)
        }
    }

    private func shortened(_ text: String) -> String {
        guard text.utf8.count > 10 else { return quoted(text) }
        return quoted(String(String.UnicodeScalarView(text.unicodeScalars.prefix(10)))) + "..."
    }
}

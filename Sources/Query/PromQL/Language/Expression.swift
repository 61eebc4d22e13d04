public import Model

/// An expression: what stands there, and where in the text.
///
/// No tree is higher than `Parser.maximumDepth`, so that to walk one by recursion is safe.
public struct Expression: Sendable, Hashable {
    /// What stands there.
    public var kind: Kind
    /// The bytes that it was read from.
    public var position: PositionRange

    /// An expression read from `position`.
    public init(_ kind: Kind, at position: PositionRange = .none) {
        self.kind = kind
        self.position = position
    }

    /// What can stand where an expression is asked for.
    public indirect enum Kind: Sendable, Hashable {
        /// A number; `isDuration` where it was written as one, as in `1h30m`.
        case number(Double, isDuration: Bool)
        /// A text in quotes.
        case string(String)
        /// A selector of series.
        case vector(VectorSelector)
        /// A selector with a range: `up[5m]`.
        case matrix(MatrixSelector)
        /// An expression over a range: `rate(up[5m])[1h:1m]`.
        case subquery(Subquery)
        /// A function's call.
        case call(Call)
        /// A sign before an operand.
        case unary(UnaryOperator, Expression)
        /// Two operands.
        case binary(Binary)
        /// An aggregation.
        case aggregate(Aggregation)
        /// Parentheses, kept so that the text can be written again.
        case parentheses(Expression)
        /// What yields the same at every step; the parser makes none, `prepared` does.
        case stepInvariant(Expression)
    }

    /// What it yields.
    public var type: ValueType {
        switch kind {
        case .number: .scalar
        case .string: .string
        case .vector, .aggregate: .vector
        case .matrix, .subquery: .matrix
        case .call(let call): call.function.signature.returns
        case .unary(_, let inner), .parentheses(let inner), .stepInvariant(let inner): inner.type
        case .binary(let binary):
            binary.left.type == .scalar && binary.right.type == .scalar ? .scalar : .vector
        }
    }

    /// The same without parentheses and step-invariant wrappers around it.
    public var unwrapped: Expression {
        switch kind {
        case .parentheses(let inner), .stepInvariant(let inner): inner.unwrapped
        default: self
        }
    }

    /// The expressions directly below it, in the order of the text.
    public var children: [Expression] {
        switch kind {
        case .number, .string, .vector, .matrix: []
        case .subquery(let subquery): [subquery.expression]
        case .call(let call): call.arguments
        case .unary(_, let inner), .parentheses(let inner), .stepInvariant(let inner): [inner]
        case .binary(let binary): [binary.left, binary.right]
        case .aggregate(let aggregation):
            (aggregation.parameter.map { [$0] } ?? []) + [aggregation.expression]
        }
    }
}

/// A selector of series at an instant.
public struct VectorSelector: Sendable, Hashable {
    /// The metric's name where it was written before the braces, otherwise empty.
    public var name: String
    /// All conditions, the one on the name among them (as the last, where `name` is not empty).
    public var matchers: [Matcher]
    /// How far back, and at which time, as written.
    public var modifiers: TimeModifiers
    /// What is done at the ends of a range: `anchored` or `smoothed`.
    public var extent: RangeExtent
    /// Whether it may select everything: the second argument of `info`.
    public var mayBeEmpty: Bool

    /// A selector without modifiers.
    public init(name: String = "", matchers: [Matcher]) {
        self.name = name
        self.matchers = matchers
        modifiers = TimeModifiers()
        extent = .plain
        mayBeEmpty = false
    }
}

/// What is done with samples at the ends of a range.
public enum RangeExtent: String, Sendable, Hashable {
    /// Samples of the range and no other.
    case plain
    /// The range begins with the last sample at or before its start.
    case anchored
    /// The values at both ends are interpolated.
    case smoothed
}

/// `offset` and `@`, which selectors and subqueries may have.
public struct TimeModifiers: Sendable, Hashable {
    /// How far back; negative for the future.
    public var offset: DurationTerm
    /// The time instead of the query's own.
    public var at: AtModifier?

    /// Neither offset nor `@`.
    public init(offset: DurationTerm = .zero, at: AtModifier? = nil) {
        self.offset = offset
        self.at = at
    }
}

/// The time that `@` names.
public enum AtModifier: Sendable, Hashable {
    /// An instant.
    case time(Timestamp)
    /// The query's start; `prepared` makes a time of it.
    case start
    /// The query's end; `prepared` makes a time of it.
    case end
}

/// A selector of series over a range.
public struct MatrixSelector: Sendable, Hashable {
    /// The selector, with the modifiers that stand behind the range.
    public var selector: VectorSelector
    /// The bytes of the selector alone.
    public var selectorPosition: PositionRange
    /// How far the range reaches back; the oldest instant itself does not belong to it.
    public var range: DurationTerm

    /// `selector` over `range`.
    public init(_ selector: VectorSelector, at position: PositionRange, range: DurationTerm) {
        self.selector = selector
        selectorPosition = position
        self.range = range
    }
}

/// An expression evaluated at many instants of a range.
public struct Subquery: Sendable, Hashable {
    /// What is evaluated.
    public var expression: Expression
    /// How far the range reaches back.
    public var range: DurationTerm
    /// The distance of the instants; `nil` for the default, the evaluation interval.
    public var step: DurationTerm?
    /// `offset` and `@`.
    public var modifiers: TimeModifiers

    /// A subquery without modifiers.
    public init(_ expression: Expression, range: DurationTerm, step: DurationTerm?) {
        self.expression = expression
        self.range = range
        self.step = step
        modifiers = TimeModifiers()
    }
}

/// A function with its arguments.
public struct Call: Sendable, Hashable {
    /// Which function.
    public var function: Function
    /// What it is given; `timestamp()` and its like may have fewer than the signature names.
    public var arguments: [Expression]

    /// A call.
    public init(_ function: Function, _ arguments: [Expression]) {
        self.function = function
        self.arguments = arguments
    }
}

/// An operator that stands before its operand.
public enum UnaryOperator: String, Sendable, Hashable {
    /// Changes nothing.
    case plus = "+"
    /// Changes the sign.
    case minus = "-"
}

/// An aggregation of a vector's elements by labels.
public struct Aggregation: Sendable, Hashable {
    /// What is done with the elements of a group.
    public var operation: AggregateOperator
    /// What is aggregated.
    public var expression: Expression
    /// The number or text that some operators ask for.
    public var parameter: Expression?
    /// The labels of `by` or `without`.
    public var grouping: [String]
    /// Whether groups are made without the labels of `grouping`.
    public var isWithout: Bool

    /// An aggregation into one group, unless `grouping` says otherwise.
    public init(
        _ operation: AggregateOperator, _ expression: Expression, parameter: Expression? = nil,
        grouping: [String] = [], isWithout: Bool = false
    ) {
        self.operation = operation
        self.expression = expression
        self.parameter = parameter
        self.grouping = grouping
        self.isWithout = isWithout
    }
}

/// What an aggregation does.
public enum AggregateOperator: String, Sendable, Hashable, CaseIterable {
    case avg, bottomk, count, group, limitk, max, min, quantile, stddev, stdvar, sum, topk
    case countValues = "count_values"
    case limitRatio = "limit_ratio"

    /// Whether it asks for a parameter.
    public var hasParameter: Bool {
        switch self {
        case .bottomk, .topk, .limitk, .limitRatio, .quantile, .countValues: true
        default: false
        }
    }

    /// Whether it has to be enabled.
    public var isExperimental: Bool { self == .limitk || self == .limitRatio }
}

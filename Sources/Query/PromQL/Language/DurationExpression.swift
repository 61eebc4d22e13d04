public import Model

/// A duration as written: a number or a calculation.
public enum DurationTerm: Sendable, Hashable {
    /// A length of time; what `prepared` makes of all terms.
    case span(TimeSpan)
    /// A calculation, which may depend on the query's range and step.
    case expression(DurationExpression)

    /// No time at all.
    public static let zero = DurationTerm.span(.zero)

    /// The length; zero for a calculation that `prepared` has not done yet.
    public var span: TimeSpan {
        switch self {
        case .span(let span): span
        case .expression: .zero
        }
    }
}

/// A calculation with durations: `[5m + step()]`.
public struct DurationExpression: Sendable, Hashable {
    /// What stands there.
    public var kind: Kind
    /// The bytes that it was read from.
    public var position: PositionRange

    /// An expression read from `position`.
    public init(_ kind: Kind, at position: PositionRange) {
        self.kind = kind
        self.position = position
    }

    /// What can stand in a calculation.
    public indirect enum Kind: Sendable, Hashable {
        /// Seconds; `isDuration` where they were written as in `1h30m`.
        case number(Double, isDuration: Bool)
        /// The query's step: `step()`.
        case step
        /// The query's length: `range()`.
        case range
        /// A sign before an operand.
        case unary(UnaryOperator, DurationExpression)
        /// Two operands; only `+ - * / % ^`.
        case binary(BinaryOperator, DurationExpression, DurationExpression)
        /// The smaller of two: `min_of(a, b)`.
        case minimum(DurationExpression, DurationExpression)
        /// The greater of two: `max_of(a, b)`.
        case maximum(DurationExpression, DurationExpression)
        /// Parentheses, kept so that the text can be written again.
        case parentheses(DurationExpression)
    }
}

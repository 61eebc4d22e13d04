import Model

/// A part of an expression, with everything that is known before series are read.
struct Plan: Sendable {
    /// Its number, counted from zero over the whole expression.
    let id: Int
    /// What was written, for explanations and positions.
    let source: Expression
    /// When it is evaluated.
    let steps: Steps
    /// What is done.
    let kind: Kind

    /// The bytes that it was read from.
    var position: PositionRange { source.position }

    indirect enum Kind: Sendable {
        case number(Double)
        case string(String)
        /// The newest values of series.
        case select(Selection)
        /// The samples of series in a range: only a whole instant query may be that.
        case samples(RangeInput)
        /// The change of sign.
        case negate(Plan)
        /// Evaluated once, and the same at every step.
        case invariant(Plan)
        case scalars(BinaryOperator, Plan, Plan)
        case vectorAndScalar(VectorScalar)
        case vectors(BinaryOperator, Plan, Plan, VectorMatching, isBool: Bool)
        case aggregate(AggregatePlan)
        /// A function of samples in a range.
        case window(WindowPlan)
        /// Any other function.
        case call(Function, [Plan], Selection?)
    }

    /// The parts below it.
    var parts: [Plan] {
        switch kind {
        case .number, .string, .select: []
        case .samples(let input): input.parts
        case .negate(let inner), .invariant(let inner): [inner]
        case .scalars(_, let left, let right), .vectors(_, let left, let right, _, _):
            [left, right]
        case .vectorAndScalar(let parts): [parts.vector, parts.scalar]
        case .aggregate(let aggregate):
            (aggregate.parameter.map { [$0] } ?? []) + [aggregate.input]
        case .window(let window): window.input.parts + window.scalars
        case .call(_, let arguments, _): arguments
        }
    }

    /// What it yields.
    var type: ValueType { source.type }
}

/// A selector with its modifiers resolved.
struct Selection: Sendable {
    /// The number of the read that has its series.
    var read: Int
    /// The conditions, as they were written.
    var matchers: [Matcher]
    /// When it looks.
    var reference: Reference
    /// What is done at the ends of a range.
    var extent: RangeExtent
}

/// The samples that a function of a range is given.
struct RangeInput: Sendable {
    /// Where the samples come from.
    indirect enum Origin: Sendable {
        case selection(Selection)
        /// An expression, evaluated at steps of its own.
        case subquery(Plan, Reference)
    }

    /// Where the samples come from.
    var origin: Origin
    /// How far the range reaches back, in milliseconds.
    var length: Int64
    /// The bytes of the argument.
    var position: PositionRange

    /// When it looks.
    var reference: Reference {
        switch origin {
        case .selection(let selection): selection.reference
        case .subquery(_, let reference): reference
        }
    }

    /// What is done at the ends of the range.
    var extent: RangeExtent {
        if case .selection(let selection) = origin { selection.extent } else { .plain }
    }

    /// The parts below it.
    var parts: [Plan] {
        if case .subquery(let plan, _) = origin { [plan] } else { [] }
    }
}

/// A function of samples in a range.
struct WindowPlan: Sendable {
    var function: Function
    var input: RangeInput
    /// The other arguments, in their order.
    var scalars: [Plan]
    /// The matchers that `absent_over_time` makes its labels of.
    var matchers: [Matcher]
}

/// An operator between a vector and a scalar.
struct VectorScalar: Sendable {
    var operation: BinaryOperator
    var vector: Plan
    var scalar: Plan
    /// Whether the scalar stood on the left.
    var isSwapped: Bool
    var isBool: Bool
}

/// An aggregation.
struct AggregatePlan: Sendable {
    var operation: AggregateOperator
    var input: Plan
    var parameter: Plan?
    var grouping: [String]
    var isWithout: Bool
}

/// What is read from the source, once for all selectors that ask for the same.
struct SeriesRead: Sendable {
    var matchers: [Matcher]
    /// The first and the last instant in milliseconds, both among it.
    var range: ClosedRange<Int64>
    /// Whether histograms of which nothing is known are compared, each with the one before.
    var tellsResets = false
}

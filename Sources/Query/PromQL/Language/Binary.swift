/// Two operands and what is between them.
public struct Binary: Sendable, Hashable {
    /// What is done.
    public var operation: BinaryOperator
    /// The operand before the operator.
    public var left: Expression
    /// The operand behind it.
    public var right: Expression
    /// Whether a comparison yields 0 and 1 instead of filtering.
    public var isBool: Bool
    /// How elements find each other; `nil` unless both operands are vectors.
    public var matching: VectorMatching?

    /// An operation.
    public init(
        _ operation: BinaryOperator, _ left: Expression, _ right: Expression, isBool: Bool = false,
        matching: VectorMatching? = nil
    ) {
        self.operation = operation
        self.left = left
        self.right = right
        self.isBool = isBool
        self.matching = matching
    }
}

/// An operator between two operands.
public enum BinaryOperator: String, Sendable, Hashable, CaseIterable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case power = "^"
    case atan2
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case and
    case or
    case unless
    /// Keeps what of a histogram lies below a value.
    case trimUpper = "</"
    /// Keeps what of a histogram lies above a value.
    case trimLower = ">/"

    /// Whether it compares.
    public var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }

    /// Whether it combines sets of elements: `and`, `or`, `unless`.
    public var isSetOperator: Bool {
        switch self {
        case .and, .or, .unless: true
        default: false
        }
    }

    /// How tightly it binds: operators of a higher number first.
    public var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .atan2: 5
        case .trimUpper, .trimLower: 3
        case .power: 6
        }
    }
}

/// How the elements of two vectors find each other.
public struct VectorMatching: Sendable, Hashable {
    /// How many of one side may meet how many of the other.
    public enum Cardinality: String, Sendable, Hashable {
        case oneToOne = "one-to-one"
        /// `group_left`.
        case manyToOne = "many-to-one"
        /// `group_right`.
        case oneToMany = "one-to-many"
        /// The set operators.
        case manyToMany = "many-to-many"
    }

    /// How many of one side may meet how many of the other.
    public var cardinality: Cardinality
    /// The labels of `on` or `ignoring`.
    public var labels: [String]
    /// Whether `labels` are those of `on`.
    public var isOn: Bool
    /// The labels that `group_left` or `group_right` takes from the one side.
    public var include: [String]
    /// What stands for an element that is missing on the left.
    public var fillLeft: Double?
    /// What stands for an element that is missing on the right.
    public var fillRight: Double?

    /// Matching on all labels, one to one.
    public init(
        _ cardinality: Cardinality = .oneToOne, labels: [String] = [], isOn: Bool = false,
        include: [String] = [], fillLeft: Double? = nil, fillRight: Double? = nil
    ) {
        self.cardinality = cardinality
        self.labels = labels
        self.isOn = isOn
        self.include = include
        self.fillLeft = fillLeft
        self.fillRight = fillRight
    }
}

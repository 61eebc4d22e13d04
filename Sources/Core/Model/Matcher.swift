public import RE2

/// A condition on one label.
public struct Matcher: Sendable, CustomStringConvertible {
    /// How the value is compared.
    public enum Operator: String, Sendable, CaseIterable {
        /// The value is this text.
        case equal = "="
        /// The value is not this text.
        case notEqual = "!="
        /// All of the value matches this expression.
        case matches = "=~"
        /// The value does not match this expression as a whole.
        case notMatches = "!~"
    }

    /// The label's name.
    public let name: String
    /// How its value is compared.
    public let operation: Operator
    /// The text or the expression that it is compared with.
    public let value: String
    /// The compiled expression, where `operation` asks for one.
    public let pattern: Pattern?

    /// A condition; throws where `value` should be an expression and is none.
    public init(_ name: String, _ operation: Operator, _ value: String) throws(PatternError) {
        self.name = name
        self.operation = operation
        self.value = value
        pattern =
            switch operation {
            case .equal, .notEqual: nil
            case .matches, .notMatches: try Pattern(value)
            }
    }

    /// The condition that a label has just this value.
    public init(_ name: String, equals value: String) {
        self.name = name
        self.value = value
        operation = .equal
        pattern = nil
    }

    /// Whether a label with this value fits; an absent label has the empty value.
    public func accepts(_ value: String) -> Bool {
        switch operation {
        case .equal: value.hasSameBytes(as: self.value)
        case .notEqual: !value.hasSameBytes(as: self.value)
        case .matches: pattern?.matches(value) ?? false
        case .notMatches: !(pattern?.matches(value) ?? true)
        }
    }

    /// Whether a series without the label fits.
    public var acceptsAbsence: Bool { accepts("") }

    /// The matcher as PromQL writes it.
    public var description: String {
        let isLegacy = NameScheme.legacy.allows(labelName: name)
        return (isLegacy ? name : Labels.quoted(name)) + operation.rawValue + Labels.quoted(value)
    }
}

extension Matcher: Hashable {
    /// Whether both ask the same.
    public static func == (left: Matcher, right: Matcher) -> Bool {
        left.operation == right.operation && left.name.hasSameBytes(as: right.name)
            && left.value.hasSameBytes(as: right.value)
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(operation)
        hasher.combine(Label(name, value))
    }
}

extension [Matcher] {
    /// Whether `labels` fit every condition.
    public func accept(_ labels: Labels) -> Bool { allSatisfy { $0.accepts(labels[$0.name]) } }
}

// RE2: regular expressions in linear time, as Prometheus reads them.
// In: an expression, a subject. Out: whether all of the subject matches, and what the groups held.
// Start at `Pattern`. Knows nothing of labels.

/// Why an expression was refused.
public enum PatternError: Error, Equatable, CustomStringConvertible {
    /// RE2's own reason.
    case invalid(expression: String, reason: String)

    /// A sentence for the person who wrote the expression.
    public var description: String {
        switch self {
        case .invalid(let expression, let reason):
            "cannot use the regular expression \"\(expression)\": \(reason)"
        }
    }
}

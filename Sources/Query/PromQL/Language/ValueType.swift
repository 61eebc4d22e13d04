/// What an expression yields.
public enum ValueType: String, Sendable, Hashable {
    /// Nothing: what a statement yields.
    case none
    /// One number for each instant.
    case scalar
    /// One value for each series.
    case vector
    /// The values of each series within a range.
    case matrix
    /// A text.
    case string

    /// The name in error texts: `instant vector`.
    public var name: String {
        switch self {
        case .none: "none"
        case .scalar: "scalar"
        case .vector: "instant vector"
        case .matrix: "range vector"
        case .string: "string"
        }
    }
}

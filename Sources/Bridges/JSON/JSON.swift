// JSON: bytes to a tree of values, by jansson.
// In: bytes of one JSON text. Out: a `JSONValue`, or an error that names line and column.
// Start at `JSONReader`. What is missing reads as `null`, as Go reads it; who needs a member asks
// with `at`, whose error names the path. Knows no format. Imports: CJansson.

/// Why there is no value.
public enum JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The bytes are no JSON; `reason` is the parser's.
    case syntax(line: Int, column: Int, reason: String)
    /// There are more bytes than are read.
    case tooLarge(bytes: Int, limit: Int)
    /// Lists and objects lie too deep inside one another.
    case tooDeep(line: Int, column: Int, limit: Int)
    /// A member that has to be there is not.
    case missing(path: String)
    /// A member is not of the kind that it has to be.
    case mismatch(path: String, wanted: String, found: String)

    /// Where, and what is wrong.
    public var description: String {
        switch self {
        case .syntax(let line, let column, let reason):
            "line \(line), column \(column): this is no JSON: \(reason)"
        case .tooLarge(let bytes, let limit):
            "the JSON has \(bytes) bytes, over the limit of \(limit)"
        case .tooDeep(let line, let column, let limit):
            "line \(line), column \(column): lists and objects lie deeper than \(limit)"
        case .missing(let path): "\(path) is missing"
        case .mismatch(let path, let wanted, let found): "\(path) is \(found), not \(wanted)"
        }
    }
}

/// How much JSON is read before the reader gives up.
public struct JSONLimits: Sendable {
    /// The most bytes of one text.
    public var bytes = 256 << 20
    /// The most lists and objects inside one another; jansson itself reads no more than 2,048.
    public var depth = 200

    /// Room for the answer of any server that a person runs.
    public init() {}
}

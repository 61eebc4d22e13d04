// Model: the words of the domain, as values that are valid once they exist.
// Labels and names, matchers, times and spans, sizes, samples, metadata, target groups, secrets.
// Start at `Labels`. Knows nothing of HTTP or the database. Imports: RE2.

public import RE2

/// Why a text is not what it claims to be.
public enum ModelError: Error, Equatable, CustomStringConvertible {
    /// Not a duration, such as `1.5h`.
    case duration(String)
    /// A duration beyond what fits, such as `300y`.
    case durationTooLong(String)
    /// Not a size in bytes, such as `12XB`.
    case size(String)
    /// Not a series selector; `at` is the byte where reading stopped.
    case selector(String, at: Int, expected: String)
    /// A matcher whose regular expression was refused.
    case pattern(PatternError)
    /// A file that should hold a secret and cannot be read.
    case secretFile(path: String, reason: String)

    /// A sentence: what is wrong, and what is accepted.
    public var description: String {
        switch self {
        case .duration(let text):
            "\"\(text)\" is not a duration; write whole numbers with units, such as 30s or 1h30m"
        case .durationTooLong(let text):
            "the duration \"\(text)\" is too long; at most about 292 years fit"
        case .size(let text):
            "\"\(text)\" is not a size; write a number with a unit, such as 512MB or 1GB"
        case .selector(let text, let at, let expected):
            "cannot read the selector \(text) at character \(at + 1): expected \(expected)"
        case .pattern(let error): error.description
        case .secretFile(let path, let reason):
            "cannot read the secret in \(path): \(reason); check the path and its permissions"
        }
    }
}

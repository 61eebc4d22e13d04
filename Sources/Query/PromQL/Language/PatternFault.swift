import RE2

extension PatternError {
    /// The reason in the words of Go's parser, which Prometheus shows.
    var asGoSaysIt: String {
        guard case .invalid(let expression, let reason) = self else { return description }
        // RE2 says `missing ): (a`: what is wrong, and often where.
        let words = Self.words.first { reason.utf8.starts(with: $0.ours.utf8) }
        guard let words else { return "error parsing regexp: \(reason)" }
        var rest = reason.dropFirst(words.ours.count)
        if rest.hasPrefix(": ") { rest = rest.dropFirst(2) }
        return "error parsing regexp: \(words.theirs): `\(rest.isEmpty ? expression[...] : rest)`"
    }

    private static let words: [(ours: String, theirs: String)] = [
        ("invalid escape sequence", "invalid escape sequence"),
        ("invalid character class range", "invalid character class range"),
        ("invalid character class", "invalid character class"),
        ("missing ]", "missing closing ]"),
        ("missing )", "missing closing )"),
        ("unexpected )", "unexpected )"),
        ("trailing \\", "trailing backslash at end of expression"),
        ("no argument for repetition operator", "missing argument to repetition operator"),
        ("invalid repetition size", "invalid repeat count"),
        ("bad repetition operator", "invalid nested repetition operator"),
        ("invalid perl operator", "invalid or unsupported Perl syntax"),
        ("invalid UTF-8", "invalid UTF-8"),
        ("invalid named capture group", "invalid named capture"),
    ]
}

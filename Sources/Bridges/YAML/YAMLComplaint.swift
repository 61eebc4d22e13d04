/// One thing that is wrong in a file, or worth knowing: where, what, and what to do.
public struct YAMLComplaint: Sendable, Hashable, CustomStringConvertible {
    /// How bad it is.
    public enum Severity: Sendable { case error, warning }

    /// An error keeps the file from being used; a warning does not.
    public let severity: Severity
    /// The file, as it was named.
    public let file: String
    /// Where in the file.
    public let mark: YAMLMark
    /// What is wrong.
    public let problem: String
    /// What to do.
    public let remedy: String
    /// The line of the file, secrets hidden; empty where there is none.
    public let source: String

    /// A complaint about `file`.
    public init(
        _ severity: Severity, file: String, mark: YAMLMark, problem: String, remedy: String,
        source: String
    ) {
        self.severity = severity
        self.file = file
        self.mark = mark
        self.problem = problem
        self.remedy = remedy
        self.source = Self.hidingSecrets(in: source)
    }

    /// `file:line:column: what is wrong; what to do`.
    public var description: String {
        "\(file):\(mark.line):\(mark.column): \(problem)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }

    /// The description, then the line and a caret below the place.
    public var excerpt: String {
        guard !source.isEmpty else { return description }
        let line = Array(source)
        guard mark.column <= line.count + 1 else { return "\(description)\n  \(source)" }
        // A window around the place, for lines that no terminal holds.
        let first = mark.column > 120 ? mark.column - 60 : 0
        let shown = line[min(first, line.count)..<min(line.count, first + 160)]
        let margin = shown.prefix(mark.column - 1 - first).map { $0 == "\t" ? "\t" : " " }
        return "\(description)\n  \(String(shown))\n  \(margin.joined())^"
    }

    /// A text for a sentence: its beginning, on one line, without a password inside a URL.
    public static func short(_ text: String) -> String {
        let line = text.split(separator: "\n", omittingEmptySubsequences: false).first ?? ""
        let shown = line.count > 60 ? line.prefix(60) + "…" : line
        return hidingPassword(in: String(shown))
    }

    private static let secretWords = [
        "password", "secret", "credentials", "token", "access_key", "private", "passphrase",
        "authorization", "basic_auth",
    ]

    // What a misspelt name was probably meant to be.
    private static let secretNames = [
        "password", "secret", "credentials", "token", "bearer_token", "client_secret",
        "secret_key", "authorization", "basic_auth",
    ]

    /// Whether a field of this name holds what nobody else may read.
    static func isSecret(_ name: some StringProtocol) -> Bool {
        let name = name.lowercased()
        guard !name.hasSuffix("_file"), !name.hasSuffix("_url"), !name.hasSuffix("_configs") else {
            return false
        }
        return name == "key" || secretWords.contains { name.contains($0) }
    }

    private static func hidingSecrets(in line: String) -> String {
        guard let colon = line.firstIndex(of: ":") else { return line }
        let name = line[..<colon].drop { " \t-\"'{[".contains($0) }
        let isNearSecret = Nearest.name(to: String(name), among: secretNames) != nil
        if isSecret(name) || isNearSecret || name.contains("BEGIN ") {
            return line[...colon] + " <secret>"
        }
        // A flow map on one line may hold a secret further on.
        if line.contains("{"), secretWords.contains(where: { line.lowercased().contains($0) }) {
            return line[...colon] + " <secret>"
        }
        return hidingPassword(in: line)
    }

    /// `http://user:word@host` without the word.
    public static func hidingPassword(in text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { !"/?# \"'".contains($0) }
        guard let at = authority.lastIndex(of: "@"),
            let colon = authority[..<at].firstIndex(of: ":")
        else { return text }
        return text[..<colon] + ":<secret>" + text[at...]
    }
}

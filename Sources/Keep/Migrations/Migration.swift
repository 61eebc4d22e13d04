/// One file of `migrations/`: `NNNN_what_it_does.sql`.
public struct Migration: Hashable, Sendable {
    /// The file's name.
    public let file: String
    /// What it runs.
    public let sql: String

    /// A migration from a file's name and text.
    public init(file: String, sql: String) {
        self.file = file
        self.sql = sql
    }

    /// The number at the front of the name; 0 if there is none.
    public var number: Int { Int(file.prefix { $0 != "_" }) ?? 0 }

    /// The name without number and ending, in words.
    public var title: String {
        let name = file.drop { $0 != "_" }.dropFirst()
        return String(
            (name.hasSuffix(".sql") ? name.dropLast(4) : name).map { $0 == "_" ? " " : $0 })
    }
}

/// What migrations a database has and lacks.
public struct MigrationReport: Equatable, Sendable {
    /// One migration and what became of it.
    public struct Step: Equatable, Sendable {
        /// What it is.
        public let migration: Migration
        /// When it was applied, in microseconds since 1970; `nil` if it is not.
        public let appliedAt: Int64?
        /// Whether it was this very run that applied it.
        public let isNew: Bool
    }

    /// The database, without secrets.
    public let server: String
    /// All migrations that this program knows, in order.
    public let steps: [Step]

    /// The highest number that is applied; 0 for an untouched database.
    public var version: Int { steps.last { $0.appliedAt != nil }?.migration.number ?? 0 }

    /// What is still to be applied.
    public var pending: [Migration] { steps.filter { $0.appliedAt == nil }.map(\.migration) }

    /// What this run applied.
    public var applied: [Migration] { steps.filter(\.isNew).map(\.migration) }
}

extension MigrationReport: CustomStringConvertible {
    /// A line for each migration, for a terminal.
    public var description: String {
        var lines = ["database \(server): at migration \(version) of \(steps.count)"]
        for step in steps {
            let state = step.isNew ? "applied now" : step.appliedAt != nil ? "applied" : "pending"
            lines.append("  \(step.migration.file)  \(state)")
        }
        return lines.joined(separator: "\n")
    }
}

// YAML: text to nodes that know where they stand, nodes to values by tables of fields.
// In: bytes of a file. Out: a value, and every complaint about it in one run, each with its place.
// Start at `YAMLReader`, then `YAMLTable`: one list of fields decodes, prints back, documents
// (`YAMLReference`) and describes to editors (`YAMLSchema`). Knows no setting. Imports: CYAML.

/// Why a file gave no nodes at all.
public enum YAMLError: Error, Sendable, CustomStringConvertible {
    /// The file could not be read; `reason` is the system's.
    case unreadable(file: String, reason: String)
    /// What was read is not YAML, or more of it than is bearable.
    case refused(YAMLComplaint)

    /// Where, what is wrong, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file): cannot be read: \(reason); check the path and its permissions"
        case .refused(let complaint): complaint.description
        }
    }
}

/// How much YAML is read before a reader gives up.
public struct YAMLLimits: Sendable {
    /// The most bytes of one file.
    public var bytes = 64 << 20
    /// The most blocks inside one another.
    public var depth = 100
    /// The most values, each counted as often as an alias repeats it.
    public var values = 4_000_000

    /// Room for any configuration that a person or a generator writes.
    public init() {}
}

public import Model

/// The groups of all jobs at one instant.
public struct TargetSnapshot: Sendable {
    /// The groups of each job; a job without targets has none.
    public let groups: [String: [TargetGroup]]
    /// A number for each job, another one whenever its groups are not the same any more.
    ///
    /// Who has seen a job's number needs not look at its groups again. Numbers only grow, also over
    /// jobs that went and came back.
    public let versions: [String: UInt64]

    /// Groups with their numbers.
    public init(groups: [String: [TargetGroup]], versions: [String: UInt64]) {
        self.groups = groups
        self.versions = versions
    }
}

/// How a source of targets does.
public struct SourceState: Sendable, Hashable {
    /// The jobs that it finds targets for, sorted.
    public var jobs: [String] = []
    /// The kind, as `http`.
    public let kind: String
    /// What tells it from others of its kind: a URL, paths; never a secret.
    public let place: String
    /// When it last had an answer.
    public var lastSuccess: Timestamp?
    /// What went wrong last, where nothing has gone right since.
    public var lastError: String?
    /// When it went wrong.
    public var lastErrorTime: Timestamp?
    /// Whether it has said anything yet.
    public var hasSpoken = false
    /// How many groups it has found.
    public var groupCount = 0
    /// How many targets are in them.
    public var targetCount = 0

    init(kind: String, place: String) { (self.kind, self.place) = (kind, place) }
}

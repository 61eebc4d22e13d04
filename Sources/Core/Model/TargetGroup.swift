/// Addresses and labels that one source of targets found together.
public struct TargetGroup: Sendable, Hashable {
    /// Where the group comes from; a newer group of the same source replaces an older one.
    public let source: String
    /// One label set a target, with at least `__address__`.
    public let targets: [Labels]
    /// Labels of all its targets; a target's own come first.
    public let labels: Labels

    /// A group of these targets.
    public init(source: String, targets: [Labels], labels: Labels = Labels()) {
        self.source = source
        self.targets = targets
        self.labels = labels
    }
}

public import Model

/// One configured source of targets.
///
/// Each is run once for all jobs whose settings are the same. A source that fails says so through
/// `TargetUpdates.failed` and goes on trying; what it found before stays.
public protocol TargetSource: Sendable {
    /// Works until its task is cancelled; hands in what it finds.
    func run(_ updates: TargetUpdates) async
}

/// Where a source hands in what it finds.
public struct TargetUpdates: Sendable {
    /// What a source has to say.
    public enum Event: Sendable, Hashable {
        /// These groups are all there are.
        case replaced([TargetGroup])
        /// This group is new or another; without targets it is gone.
        case updated(TargetGroup)
        /// The source was asked, and nothing has changed.
        case succeeded
        /// What another event says, while some part of the source still fails.
        indirect case partly(Event, reason: String)
        /// The source could not be asked, or not understood.
        case failed(reason: String)
    }

    private let take: @Sendable (Event) -> Void

    /// Hands every event to `take`, which must be quick: a source calls it for each group.
    public init(_ take: @escaping @Sendable (Event) -> Void) { self.take = take }

    /// These groups are all that the source has now; the source succeeded.
    public func replace(_ groups: [TargetGroup]) { take(.replaced(groups)) }

    /// This group came, or replaces the one of the same `source`; the source succeeded.
    ///
    /// Without targets the group is gone.
    public func update(_ group: TargetGroup) { take(.updated(group)) }

    /// The source was asked, and nothing has changed.
    public func succeeded() { take(.succeeded) }

    /// The same place for a source of which a part still fails: what is handed in there counts, and
    /// the source goes on failing for `reason`.
    public func partly(failing reason: String) -> TargetUpdates {
        TargetUpdates { [take] event in take(.partly(event, reason: reason)) }
    }

    /// The source failed; `reason` is shown to people and must hold no secret.
    public func failed(reason: String) { take(.failed(reason: reason)) }
}

public import Model

/// The targets of one job, made of the groups that were found last.
///
/// Groups that stay as they were are not looked at again, so that a change costs what has changed.
public struct JobTargets: Sendable {
    /// A target that was found and cannot be scraped.
    public struct Failure: Sendable, Hashable {
        /// What was found.
        public let found: FoundTarget
        /// The group that it was in.
        public let source: String
        /// Why it cannot be scraped.
        public let fault: TargetFault
    }

    /// What the job makes of what is found.
    public let rules: TargetRules
    /// The targets to scrape, in the order of discovery, each once.
    public private(set) var active: [ScrapeTarget] = []
    /// Those that a rule dropped; no more of them than `keep_dropped_targets` allows.
    public private(set) var dropped: [FoundTarget] = []
    /// How many were dropped, kept or not.
    public private(set) var droppedCount = 0
    /// Those that cannot be scraped.
    public private(set) var failures: [Failure] = []

    private struct Made {
        let group: TargetGroup
        var active: [ScrapeTarget] = []
        var dropped: [FoundTarget] = []
        var failures: [Failure] = []
    }

    private var made: [String: Made] = [:]

    // How many targets are made before others get their turn: a millisecond or two.
    private static let turn = 500

    /// No targets yet, to be made by `rules`.
    public init(_ rules: TargetRules) { self.rules = rules }

    /// The same targets as `old` at first, where both make the same of what is found.
    public init(_ rules: TargetRules, after old: JobTargets?) {
        self.rules = rules
        guard let old, old.rules.makesSame(as: rules) else { return }
        (active, dropped, droppedCount) = (old.active, old.dropped, old.droppedCount)
        (failures, made) = (old.failures, old.made)
    }

    /// Why nothing of the job may be scraped, as Prometheus says it: more targets than
    /// `target_limit`.
    public var limitFault: String? {
        guard rules.targetLimit > 0, active.count > rules.targetLimit else { return nil }
        return "target_limit exceeded (number of targets: \(active.count), "
            + "limit: \(rules.targetLimit))"
    }

    /// Makes targets of `groups`, which are all there are now.
    ///
    /// Gives way to other tasks every now and then, so that many targets hold nobody up.
    public mutating func update(_ groups: [TargetGroup]) async {
        var next: [String: Made] = [:]
        next.reserveCapacity(groups.count)
        for group in groups {
            if let known = made[group.source], known.group == group {
                next[group.source] = known
            } else {
                next[group.source] = await make(group)
            }
        }
        made = next
        await collect(groups)
    }

    private func make(_ group: TargetGroup) async -> Made {
        var made = Made(group: group)
        made.active.reserveCapacity(group.targets.count)
        let shared = rules.shared(group.labels)
        for (index, own) in group.targets.enumerated() {
            if index % Self.turn == Self.turn - 1 { await Task.yield() }
            let found = FoundTarget(own: own, group: group.labels)
            switch rules.outcome(of: found, shared: shared) {
            case .target(let target): made.active.append(target)
            case .dropped: made.dropped.append(found)
            case .failed(let fault):
                made.failures.append(Failure(found: found, source: group.source, fault: fault))
            }
        }
        return made
    }

    private mutating func collect(_ groups: [TargetGroup]) async {
        let parts = groups.compactMap { made[$0.source] }
        let limit = rules.keptDroppedTargets
        failures = parts.flatMap(\.failures)
        droppedCount = parts.reduce(0) { $0 + $1.dropped.count }
        dropped = Array(
            parts.lazy.flatMap(\.dropped).prefix(limit == 0 ? droppedCount : limit))
        let count = parts.reduce(0) { $0 + $1.active.count }
        var sieve = TargetSieve(capacity: count)
        active = []
        active.reserveCapacity(count)
        for part in parts {
            for target in part.active where sieve.takes(target, after: active) {
                active.append(target)
                if active.count % (4 * Self.turn) == 0 { await Task.yield() }
            }
        }
    }
}

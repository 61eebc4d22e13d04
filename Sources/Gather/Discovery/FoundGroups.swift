import Model

/// The groups that one source has found, and how it does.
struct FoundGroups: Sendable {
    private(set) var state: SourceState

    private var bySource: [String: TargetGroup] = [:]
    private var ordered: [TargetGroup]?

    /// What stands before the names of its groups, so that no other source has the same.
    private let prefix: String

    init(_ config: SourceConfig, id: Int) {
        state = SourceState(kind: config.kind, place: config.place)
        prefix = "\(config.kind)#\(id)/"
    }

    /// Whether it has said anything yet, be it that it failed.
    var hasSpoken: Bool { state.hasSpoken }

    var jobs: [String] {
        get { state.jobs }
        set { state.jobs = newValue }
    }

    /// The groups that have targets, sorted by their names.
    mutating func all() -> [TargetGroup] {
        if let ordered { return ordered }
        let all = bySource.values.sorted { $0.source.isBytewiseLess(than: $1.source) }
        ordered = all
        return all
    }

    /// Takes what the source says; whether its groups are others now.
    mutating func take(_ event: TargetUpdates.Event, at now: Timestamp) -> Bool {
        state.hasSpoken = true
        switch event {
        case .failed(let reason):
            (state.lastError, state.lastErrorTime) = (reason, now)
            return false
        case .partly(let event, let reason):
            let hasChanged = takeGroups(of: event)
            (state.lastError, state.lastErrorTime) = (reason, now)
            return hasChanged
        case .replaced, .updated, .succeeded:
            state.lastSuccess = now
            (state.lastError, state.lastErrorTime) = (nil, nil)
            return takeGroups(of: event)
        }
    }

    private mutating func takeGroups(of event: TargetUpdates.Event) -> Bool {
        switch event {
        case .replaced(let groups): replace(groups)
        case .updated(let group): update(group)
        case .partly(let event, _): takeGroups(of: event)
        case .succeeded, .failed: false
        }
    }

    private mutating func replace(_ groups: [TargetGroup]) -> Bool {
        var next: [String: TargetGroup] = [:]
        next.reserveCapacity(groups.count)
        var hasChanged = false
        for group in groups where !group.targets.isEmpty {
            let group = named(group)
            // What stays keeps its storage, so that others see at a glance that it stayed.
            if let known = bySource[group.source], known == group {
                next[group.source] = known
            } else {
                next[group.source] = group
                hasChanged = true
            }
        }
        guard hasChanged || next.count != bySource.count else { return false }
        bySource = next
        ordered = nil
        state.groupCount = next.count
        state.targetCount = next.values.reduce(0) { $0 + $1.targets.count }
        return true
    }

    private mutating func update(_ group: TargetGroup) -> Bool {
        let group = named(group)
        let known = bySource[group.source]
        guard known.map({ $0 != group }) ?? !group.targets.isEmpty else { return false }
        bySource[group.source] = group.targets.isEmpty ? nil : group
        ordered = nil
        state.groupCount = bySource.count
        state.targetCount += group.targets.count - (known?.targets.count ?? 0)
        return true
    }

    private func named(_ group: TargetGroup) -> TargetGroup {
        TargetGroup(source: prefix + group.source, targets: group.targets, labels: group.labels)
    }
}

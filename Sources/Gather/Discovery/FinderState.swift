import Configuration
import Model

/// Which sources there are, what they have found, and when that is handed on; no clock, no task.
struct FinderState: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A source that has to be started or stopped.
    struct Step: Sendable, Equatable {
        let id: Int
        let config: SourceConfig
    }

    private struct Job {
        var sources: [Int]
        var groups: [TargetGroup] = []
        var version: UInt64
        var hasChanged = true
        /// Until when the old groups stay while new sources have not spoken yet.
        var heldUntil: Instant?
    }

    /// How far two changes are apart when they are handed on.
    let pause: Duration
    /// How long a change waits for others that come with it.
    let gathering: Duration

    private var jobs: [String: Job] = [:]
    private var sources: [Int: FoundGroups] = [:]
    private var ids: [SourceConfig: Int] = [:]
    private var lastID = 0
    private var lastVersion: UInt64 = 0
    private var lastHandedOn: Instant?
    private var firstChange: Instant?
    private var isHurried = false

    init(pause: Duration, gathering: Duration) {
        self.pause = pause
        self.gathering = gathering
    }

    // MARK: Configuration

    /// The jobs from now on; which sources have to be started and stopped for that.
    mutating func apply(
        _ settings: [String: DiscoveryConfig], at now: Instant
    ) -> (start: [Step], stop: [Step]) {
        var start: [Step] = []
        var wanted: [Int: [String]] = [:]
        var next: [String: Job] = [:]
        for (name, discovery) in settings {
            var mine: [Int] = []
            for config in SourceConfig.all(of: discovery) {
                let id = ids[config] ?? begin(config, &start)
                if !mine.contains(id) { mine.append(id) }
            }
            for id in mine { wanted[id, default: []].append(name) }
            next[name] = job(name, sources: mine, at: now)
        }
        var stop: [Step] = []
        for (config, id) in ids where wanted[id] == nil {
            stop.append(Step(id: id, config: config))
        }
        for step in stop {
            ids[step.config] = nil
            sources[step.id] = nil
        }
        for (id, names) in wanted { sources[id]?.jobs = names.sorted() }
        if !Set(jobs.keys).subtracting(next.keys).isEmpty { change(at: now, isHurried: true) }
        jobs = next
        return (start, stop)
    }

    private mutating func begin(_ config: SourceConfig, _ start: inout [Step]) -> Int {
        lastID += 1
        ids[config] = lastID
        sources[lastID] = FoundGroups(config, id: lastID)
        start.append(Step(id: lastID, config: config))
        return lastID
    }

    private mutating func job(_ name: String, sources mine: [Int], at now: Instant) -> Job {
        lastVersion += 1
        guard var job = jobs[name] else {
            change(at: now, isHurried: true)
            return Job(sources: mine, version: lastVersion)
        }
        if job.sources == mine { return job }
        // Nothing is lost while a source that is new asks for the first time.
        job.heldUntil = job.groups.isEmpty ? nil : now + pause
        job.sources = mine
        job.hasChanged = true
        change(at: now, isHurried: true)
        return job
    }

    // MARK: What sources say

    /// Takes what a source says; its state before and after, or `nil` where it has been stopped.
    mutating func take(
        _ event: TargetUpdates.Event, from id: Int, at now: Instant, wall: Timestamp
    ) -> (before: SourceState, after: SourceState)? {
        guard var source = sources[id] else { return nil }
        // Taken out meanwhile, so that its groups are changed in place.
        sources[id] = nil
        let before = source.state
        let isFirst = !source.hasSpoken
        let hasChanged = source.take(event, at: wall)
        let names = source.jobs
        let after = source.state
        sources[id] = source
        if hasChanged || isFirst {
            for name in names { jobs[name]?.hasChanged = true }
            change(at: now, isHurried: isFirst)
        }
        return (before, after)
    }

    private mutating func change(at now: Instant, isHurried: Bool) {
        if firstChange == nil { firstChange = now }
        if isHurried { self.isHurried = true }
    }

    // MARK: Handing on

    /// When the next snapshot is due; `nil` where nothing has changed.
    func due(at now: Instant) -> Instant? {
        guard let firstChange else {
            return jobs.values.compactMap { $0.hasChanged ? $0.heldUntil : nil }.min()
        }
        let soon = firstChange + gathering
        guard !isHurried, let lastHandedOn else { return soon }
        return max(soon, lastHandedOn + pause)
    }

    /// Everything as it is now; what has changed is handed on with it.
    mutating func snapshot(at now: Instant) -> TargetSnapshot {
        for name in Array(jobs.keys) { settle(name, at: now) }
        (firstChange, isHurried, lastHandedOn) = (nil, false, now)
        return TargetSnapshot(
            groups: jobs.mapValues(\.groups), versions: jobs.mapValues(\.version))
    }

    private mutating func settle(_ name: String, at now: Instant) {
        guard var job = jobs[name], job.hasChanged else { return }
        if let until = job.heldUntil, now < until,
            !job.sources.allSatisfy({ sources[$0]?.hasSpoken == true })
        {
            return
        }
        var groups: [TargetGroup] = []
        for id in job.sources { groups += sources[id]?.all() ?? [] }
        (job.groups, job.hasChanged, job.heldUntil) = (groups, false, nil)
        lastVersion += 1
        job.version = lastVersion
        jobs[name] = job
    }

    // MARK: For people

    /// How every source does, in the order in which they were made.
    var states: [SourceState] { sources.sorted { $0.key < $1.key }.map(\.value.state) }

    /// How many targets each job has now.
    var targetCounts: [String: Int] {
        jobs.mapValues { job in
            job.sources.reduce(0) { $0 + (sources[$1]?.state.targetCount ?? 0) }
        }
    }
}

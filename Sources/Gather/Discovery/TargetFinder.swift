public import Configuration
import Model
import Telemetry
import Threads

/// Runs the sources of all jobs, and hands on what they find in batches.
///
/// A source runs once, however many jobs ask for the same, and over a reload as long as its
/// settings stay. One that fails keeps its last good answer. Changes are handed on together, every
/// few seconds; the first answer of a source at once.
public final class TargetFinder: Sendable {
    private struct Shared {
        var state: FinderState
        /// Sources that `run` has to start.
        var waiting: [FinderState.Step] = []
        /// What ends a source that runs, or is about to.
        var stops: [Int: AsyncStream<Never>.Continuation] = [:]
        var stopSignals: [Int: AsyncStream<Never>] = [:]
    }

    /// What is found, whenever it changes; always all of it, for one reader.
    ///
    /// Only the newest is kept for a reader that does not keep up.
    public let snapshots: AsyncStream<TargetSnapshot>

    private let make: @Sendable (SourceConfig) -> any TargetSource
    private let log: Log
    private let throttle = LogThrottle()
    private let metrics: FinderMetrics
    private let shared: Locked<Shared>
    private let handedOn: AsyncStream<TargetSnapshot>.Continuation
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation
    private let starts: AsyncStream<Void>
    private let started: AsyncStream<Void>.Continuation

    /// A finder without jobs.
    ///
    /// `name` is what it finds targets for, as metrics say: `scrape` or `notify`. `pause` is how far
    /// two changes are apart when they are handed on.
    public convenience init(
        _ surroundings: SourceSurroundings, name: String = "scrape", pause: Duration = .seconds(5)
    ) {
        self.init(surroundings, name: name, pause: pause) { $0.source(surroundings) }
    }

    /// The same, with sources that `make` makes.
    init(
        _ surroundings: SourceSurroundings, name: String = "scrape", pause: Duration,
        make: @escaping @Sendable (SourceConfig) -> any TargetSource
    ) {
        self.make = make
        log = surroundings.log.module("discovery")
        metrics = FinderMetrics(surroundings.registry, name: name)
        let gathering = min(pause, .milliseconds(100))
        shared = Locked(Shared(state: FinderState(pause: pause, gathering: gathering)))
        (snapshots, handedOn) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (starts, started) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        metrics.watch(surroundings.registry) { [shared] in
            shared.withLock { ($0.state.targetCounts, $0.state.states) }
        }
    }

    /// The jobs from now on: sources whose settings are unchanged run on, others stop and start.
    public func apply(_ jobs: [String: DiscoveryConfig]) {
        shared.withLock { shared in
            let (start, stop) = shared.state.apply(jobs, at: .now)
            for step in stop {
                shared.stops.removeValue(forKey: step.id)?.finish()
                shared.stopSignals[step.id] = nil
                shared.waiting.removeAll { $0.id == step.id }
            }
            for step in start {
                let (signal, end) = AsyncStream.makeStream(of: Never.self)
                (shared.stops[step.id], shared.stopSignals[step.id]) = (end, signal)
            }
            shared.waiting += start
        }
        started.yield()
        changed.yield()
    }

    /// The jobs of a configuration from now on.
    public func apply(_ config: WeirConfig) {
        apply(
            Dictionary(
                config.scrapeConfigs.map { ($0.jobName, $0.discovery) },
                uniquingKeysWith: { first, _ in first }))
    }

    /// How every source does now.
    public var states: [SourceState] { shared.withLock { $0.state.states } }

    /// What is found now, also what is not handed on yet, for who asks once.
    ///
    /// It counts as handed on; whoever reads `snapshots` must not ask.
    public func snapshot() -> TargetSnapshot {
        shared.withLock { $0.state.snapshot(at: .now) }
    }

    /// Runs the sources until the task is cancelled; then `snapshots` ends.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.handOn() }
            for await _ in starts {
                let waiting = shared.withLock { shared in
                    let steps = shared.waiting.map { ($0, shared.stopSignals[$0.id]) }
                    shared.waiting = []
                    return steps
                }
                for case (let step, let stop?) in waiting {
                    group.addTask { await self.run(step, until: stop) }
                }
            }
            group.cancelAll()
        }
        handedOn.finish()
    }

    private func run(_ step: FinderState.Step, until stop: AsyncStream<Never>) async {
        let source = make(step.config)
        let updates = TargetUpdates { [weak self] event in self?.take(event, from: step) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await source.run(updates) }
            group.addTask { for await _ in stop {} }
            await group.next()
            group.cancelAll()
        }
    }

    private func take(_ event: TargetUpdates.Event, from step: FinderState.Step) {
        metrics.received.add()
        let states = shared.withLock {
            $0.state.take(event, from: step.id, at: .now, wall: WallClock.now)
        }
        guard let (before, after) = states else { return }
        changed.yield()
        if let reason = after.lastError {
            log.warn(
                throttled: throttle, key: "\(step.id)", "discovery failed",
                [
                    "kind": after.kind, "source": after.place,
                    "jobs": after.jobs.joined(separator: ","), "error": reason,
                    "kept_targets": "\(after.targetCount)",
                ])
        } else if before.lastError != nil {
            log.info(
                "discovery works again", ["kind": after.kind, "source": after.place])
        }
    }

    /// Hands on what has changed, whenever that is due.
    private func handOn() async {
        for await _ in changes {
            while !Task.isCancelled, let due = shared.withLock({ $0.state.due(at: .now) }) {
                let now = ContinuousClock.now
                if due <= now {
                    let snapshot = shared.withLock { $0.state.snapshot(at: now) }
                    if case .dropped = handedOn.yield(snapshot) { metrics.delayed.add() }
                    metrics.handedOn.add()
                } else {
                    // Not until it is due, since something may make it due sooner. Lost is only that
                    // the sleep was cut short, which ends the loop.
                    try? await Task.sleep(for: min(now.duration(to: due), .milliseconds(50)))
                }
            }
        }
    }
}

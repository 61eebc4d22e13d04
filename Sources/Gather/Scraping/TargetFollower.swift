import Configuration
import Discovery
import Telemetry

/// Makes targets of what discovery finds, one change after another, and hands them to the engine.
actor TargetFollower {
    /// What may change the targets of a job.
    enum Event: Sendable {
        case found(TargetSnapshot)
        case configured([ScrapeConfig])
    }

    /// What is made of what is found, by job.
    private(set) var jobs: [String: JobTargets] = [:]
    private var versions: [String: UInt64] = [:]
    private var latest: TargetSnapshot?
    private let engine: ScrapeEngine
    private let log: Log

    init(_ engine: ScrapeEngine, log: Log) { (self.engine, self.log) = (engine, log) }

    /// Takes one event over; to be called for one at a time.
    func take(_ event: Event) async {
        switch event {
        case .found(let snapshot):
            latest = snapshot
            for name in jobs.keys where versions[name] != snapshot.versions[name] {
                await update(name, snapshot)
            }
        case .configured(let configs):
            var next: [String: JobTargets] = [:]
            for config in configs {
                next[config.jobName] = JobTargets(
                    TargetRules(config), after: jobs[config.jobName])
            }
            jobs = next
            guard let latest else { return }
            // A job that is new there has its groups in the next snapshot.
            for name in jobs.keys where latest.versions[name] != nil {
                await update(name, latest)
            }
        }
    }

    private func update(_ name: String, _ snapshot: TargetSnapshot) async {
        guard var targets = jobs[name] else { return }
        await targets.update(snapshot.groups[name] ?? [])
        (jobs[name], versions[name]) = (targets, snapshot.versions[name])
        for failure in targets.failures.prefix(10) {
            log.warn(
                "a target that was found cannot be scraped",
                [
                    "job": name, "source": failure.source, "target": "\(failure.found.own)",
                    "error": failure.fault.description,
                ])
        }
        let count = targets.active.count
        let verdict = targets.limitFault.map { _ in
            ScrapeError.targetLimit(count: count, limit: targets.rules.targetLimit)
        }
        await engine.setTargets(targets.active, of: name, verdict: verdict)
    }
}

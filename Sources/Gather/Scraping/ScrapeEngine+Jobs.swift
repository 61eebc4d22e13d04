import Configuration
import Discovery
import Model

/// One job: what its targets share, and which they are.
final class ScrapePool {
    var job: JobSettings { didSet { rules = TargetRules(job.config) } }
    /// How discovery made targets of what it found.
    private(set) var rules: TargetRules
    let budget: SeriesBudget
    /// The targets that discovery has now.
    var keys: Set<ClockKey> = []
    /// Why none of them may be scraped, if so.
    var verdict: ScrapeError?

    init(_ job: JobSettings, budget: SeriesBudget) {
        (self.job, self.budget) = (job, budget)
        rules = TargetRules(job.config)
    }
}

// What the configuration and discovery say.
extension ScrapeEngine {
    /// Takes over a configuration; jobs that stay as they were notice nothing.
    func apply(_ jobs: [ScrapeConfig], profiles: [String: HTTPClientConfig], seriesBudget: Int) {
        let names = Set(jobs.map(\.jobName))
        for (name, pool) in pools where !names.contains(name) {
            for key in pool.keys { if let target = targets[key] { leave(target) } }
            pools[name] = nil
        }
        for config in jobs {
            guard let pool = pools[config.jobName] else {
                let job = JobSettings(config, profiles: profiles)
                // Kept over a job that went, whose targets may still be there.
                let budget = budgets[config.jobName] ?? SeriesBudget(limit: seriesBudget)
                budget.change(limit: seriesBudget)
                budgets[config.jobName] = budget
                pools[config.jobName] = ScrapePool(job, budget: budget)
                continue
            }
            pool.budget.change(limit: seriesBudget)
            guard pool.job.config != config || pool.job.profileConfigs != profiles else { continue }
            pool.job = JobSettings(config, profiles: profiles)
            for key in pool.keys {
                guard let target = targets[key] else { continue }
                change(target, to: .init(found: target.found, job: pool.job))
            }
        }
    }

    /// Takes over the targets of a job; those that stay go on as if nothing had happened.
    func setTargets(_ found: [ScrapeTarget], of job: String, verdict: ScrapeError?) {
        guard let pool = pools[job] else { return }
        var keys: Set<ClockKey> = []
        for one in found {
            let key = one.key(job: job)
            guard keys.insert(key).inserted else { continue }
            if let target = targets[key] {
                if target.leaving != nil { comeBack(target) }
                target.verdict = verdict
                let isSame = target.found == one && target.found.found == one.found
                if !isSame || target.job !== pool.job || target.pending != nil {
                    change(target, to: .init(found: one, job: pool.job))
                }
            } else {
                let target = LiveTarget(
                    one, key: key, pool.job, budget: pool.budget, spare: spare)
                target.verdict = verdict
                targets[key] = target
                plan(target)
            }
        }
        for key in pool.keys.subtracting(keys) {
            if let target = targets[key] { leave(target) }
        }
        (pool.keys, pool.verdict) = (keys, verdict)
    }

    /// Changes a target now, or after the scrape that is under way.
    func change(_ target: LiveTarget, to change: LiveTarget.Change) {
        guard target.scraping == nil else {
            target.pending = change
            return
        }
        target.pending = nil
        if target.take(change) { plan(target) }
    }
}

import Telemetry

/// What the writer counts.
struct WriterMetrics: Sendable {
    let samples: Counter
    let late: Counter
    let dropped: Counter
    let refused: Counter
    let commits: Counter
    let commitTime: Timing

    init(_ registry: MetricRegistry) {
        samples = registry.counter(
            "weir_storage_samples_total", "Places of samples written as hot rows.")
        late = registry.counter(
            "weir_storage_late_samples_total", "Samples written beside the ticks.")
        dropped = registry.counter(
            "weir_storage_dropped_samples_total",
            "Samples lost because the database was away or refused them.")
        refused = registry.counter(
            "weir_storage_refused_samples_total", "Samples at times that cannot be stored.")
        commits = registry.counter("weir_storage_commits_total", "Commits of samples.")
        commitTime = registry.timing(
            "weir_storage_commit_seconds", "How long writing and committing took.")
    }

    func count(_ outcome: TickTransaction.Outcome, after duration: Duration) {
        samples.add(outcome.samples)
        late.add(outcome.late)
        refused.add(outcome.refused)
        commits.add()
        commitTime.record(duration)
    }
}

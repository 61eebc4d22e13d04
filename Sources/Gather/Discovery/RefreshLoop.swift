import Model
import Telemetry

/// Asks a source of targets every so often: at once, and then at each interval.
///
/// For kinds whose answer is always the whole list. What `ask` throws is a failure; its
/// description is the reason.
struct RefreshLoop: Sendable {
    private let kind: String
    private let interval: Duration
    private let failures: Counter
    private let durations: Timing

    /// A loop for a source of `kind`, as `http`.
    init(kind: String, every interval: TimeSpan, _ surroundings: SourceSurroundings) {
        self.kind = kind
        self.interval = max(interval.duration, .milliseconds(1))
        let labels: Labels = ["mechanism": kind]
        failures = surroundings.registry.counter(
            "weir_sd_refresh_failures_total", "Questions to sources of targets that failed.",
            labels)
        durations = surroundings.registry.timing(
            "weir_sd_refresh_duration_seconds", "How long sources of targets took to answer.",
            labels)
    }

    /// Asks until the task is cancelled.
    func run(
        _ updates: TargetUpdates, ask: @Sendable () async throws -> [TargetGroup]
    ) async {
        while !Task.isCancelled {
            await askOnce(updates, ask: ask)
            // Lost is only that the sleep was cut short, which ends the loop.
            try? await Task.sleep(for: interval)
        }
    }

    /// Asks once, for sources that have other reasons to ask than time.
    func askOnce(
        _ updates: TargetUpdates, ask: @Sendable () async throws -> [TargetGroup]
    ) async {
        do {
            updates.replace(try await durations.measure(ask))
        } catch {
            guard !Task.isCancelled else { return }
            failures.add()
            updates.failed(reason: "\(error)")
        }
    }
}

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

    /// What came of asking.
    struct Answer: Sendable {
        /// All groups there are.
        var groups: [TargetGroup]
        /// Why some of them may be old.
        var fault: String?
    }

    /// Asks until the task is cancelled.
    func run(
        _ updates: TargetUpdates, ask: @Sendable () async throws -> [TargetGroup]
    ) async {
        await run(updates) { Answer(groups: try await ask()) }
    }

    /// The same, for answers that may be good in part.
    func run(_ updates: TargetUpdates, ask: @Sendable () async throws -> Answer) async {
        while !Task.isCancelled {
            await askOnce(updates, ask: ask)
            // Lost is only that the sleep was cut short, which ends the loop.
            try? await Task.sleep(for: interval)
        }
    }

    /// Asks at each interval and shortly after each of `reasons`, until the task is cancelled.
    func run(
        _ updates: TargetUpdates, also reasons: some AsyncSequence<Void, Never> & Sendable,
        settling: Duration,
        ask: @Sendable () async throws -> Answer
    ) async {
        let (turns, turn) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    turn.yield()
                    // Lost is only that the sleep was cut short, which ends the loop.
                    try? await Task.sleep(for: interval)
                }
            }
            group.addTask {
                for await _ in reasons {
                    // As above.
                    try? await Task.sleep(for: settling)
                    turn.yield()
                }
            }
            for await _ in turns { await askOnce(updates, ask: ask) }
            group.cancelAll()
        }
    }

    private func askOnce(
        _ updates: TargetUpdates, ask: @Sendable () async throws -> Answer
    ) async {
        do {
            let answer = try await durations.measure(ask)
            guard let fault = answer.fault else { return updates.replace(answer.groups) }
            failures.add()
            updates.partly(failing: fault).replace(answer.groups)
        } catch {
            guard !Task.isCancelled else { return }
            failures.add()
            updates.failed(reason: "\(error)")
        }
    }
}

import Discovery
import Model
import Testing
import Threads

/// Takes what a source hands in, and waits for what is expected of it.
final class Recorder: Sendable {
    private let events = Locked<[TargetUpdates.Event]>([])

    /// Where the source hands in.
    var updates: TargetUpdates {
        TargetUpdates { [events] event in events.withLock { $0.append(event) } }
    }

    /// All events so far, in their order.
    var all: [TargetUpdates.Event] { events.withLock { $0 } }

    /// The groups as they are after all events, sorted by source.
    var groups: [TargetGroup] {
        var groups: [String: TargetGroup] = [:]
        for event in all {
            switch event.unwrapped {
            case .replaced(let all):
                groups = [:]
                for group in all { groups[group.source] = group }
            case .updated(let group):
                groups[group.source] = group.targets.isEmpty ? nil : group
            case .succeeded, .failed, .partly: break
            }
        }
        return groups.values.sorted { $0.source < $1.source }
    }

    /// The reasons of all failures so far.
    var failures: [String] {
        all.compactMap { event in
            switch event {
            case .failed(let reason), .partly(_, let reason): reason
            default: nil
            }
        }
    }

    /// Waits until `condition` holds; where it never does, the test has failed.
    func expect(
        sourceLocation: SourceLocation = #_sourceLocation, _ condition: (Recorder) -> Bool
    ) async {
        // Lost is only that the sleep was cut short; what holds is looked at anyway.
        let holds = (try? await wait(until: condition)) ?? condition(self)
        if !holds {
            Issue.record("it never came, only \(all.suffix(5))", sourceLocation: sourceLocation)
        }
    }

    /// Waits until `condition` holds for what was recorded, or 20 seconds are over.
    func wait(until condition: (Recorder) -> Bool) async throws -> Bool {
        for _ in 0..<2_000 {
            if condition(self) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return condition(self)
    }
}

extension TargetSource {
    /// Runs the source while `body` looks at what it hands in.
    func recorded<Result: Sendable>(
        _ body: @Sendable (Recorder) async throws -> Result
    ) async throws -> Result {
        let recorder = Recorder()
        let task = Task { await run(recorder.updates) }
        defer { task.cancel() }
        let result = try await body(recorder)
        task.cancel()
        await task.value
        return result
    }
}

extension TargetUpdates.Event {
    /// What was handed in, whether or not a part of the source failed meanwhile.
    var unwrapped: TargetUpdates.Event {
        if case .partly(let event, _) = self { event.unwrapped } else { self }
    }
}

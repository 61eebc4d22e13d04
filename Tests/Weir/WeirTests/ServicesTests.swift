import Telemetry
import Testing
import Threads

@testable import Weir

private struct Part: Service {
    let name: String
    let events: Locked<[String]>
    var failure: String?
    var hangs = false

    func run(started: @escaping @Sendable () -> Void) async throws {
        if let failure { throw UsageError(failure) }
        events.withLock { $0.append("start \(name)") }
        started()
        let forever = AsyncStream<Void>.makeStream()
        await withTaskCancellationHandler {
            for await _ in forever.stream {}
            if hangs { try? await Task.detached { try await Task.sleep(for: .seconds(60)) }.value }
        } onCancel: {
            forever.continuation.finish()
        }
        events.withLock { $0.append("stop \(name)") }
    }
}

struct ServicesTests {
    private let events = Locked<[String]>([])

    private func services(_ parts: [Part], deadline: Duration = .seconds(30)) -> Services {
        Services(services: parts, deadline: deadline, log: .silent)
    }

    @Test func `a stop that comes during the start ends those that have started`() async throws {
        try await services([Part(name: "a", events: events), Part(name: "b", events: events)])
            .run(until: {})
        let seen = events.withLock { $0 }
        for part in ["a", "b"] where seen.contains("start \(part)") {
            #expect(seen.contains("stop \(part)"))
        }
        #expect(seen.last == "stop a")
    }

    @Test func `all is said to have started once the last part has`() async throws {
        let ready = AsyncStream<Void>.makeStream()
        try await services([Part(name: "a", events: events), Part(name: "b", events: events)]).run(
            until: {
                var iterator = ready.stream.makeAsyncIterator()
                await iterator.next()
            },
            allStarted: {
                events.withLock { $0.append("all") }
                ready.continuation.yield()
            })
        #expect(events.withLock { $0 } == ["start a", "start b", "all", "stop b", "stop a"])
    }

    @Test func `a part that cannot start ends the others, and its reason is told`() async {
        let parts = [
            Part(name: "a", events: events), Part(name: "b", events: events, failure: "no disk"),
            Part(name: "c", events: events),
        ]
        await #expect {
            try await services(parts).run(until: { try? await Task.sleep(for: .seconds(60)) })
        } throws: {
            "\($0)" == "b: no disk"
        }
        #expect(events.withLock { $0 } == ["start a", "stop a"])
    }

    @Test func `a part that does not stop is left behind at the deadline`() async throws {
        let parts = [
            Part(name: "a", events: events), Part(name: "b", events: events, hangs: true),
        ]
        let ready = AsyncStream<Void>.makeStream()
        try await services(parts, deadline: .milliseconds(20)).run(
            until: {
                var iterator = ready.stream.makeAsyncIterator()
                await iterator.next()
            }, allStarted: { ready.continuation.yield() })
        #expect(events.withLock { $0 } == ["start a", "start b"])
    }
}

import Telemetry
import Threads

/// A part of Weir that lasts.
protocol Service: Sendable {
    /// Its name in the log.
    var name: String { get }

    /// Works until its task is cancelled; calls `started` once it does its work.
    ///
    /// Throwing, or returning without having been cancelled, ends Weir.
    func run(started: @escaping @Sendable () -> Void) async throws
}

/// Starts services in their order and stops them in reverse, within a deadline.
struct Services {
    let services: [any Service]
    /// How long all of them together may take to stop.
    let deadline: Duration
    let log: Log

    /// Runs until `stop` returns or a service fails, and throws what the service threw.
    ///
    /// `allStarted` is called once every service does its work.
    func run(
        until stop: @escaping @Sendable () async -> Void,
        allStarted: @escaping @Sendable () async -> Void = {}
    ) async throws {
        let ends = AsyncStream<End>.makeStream()
        let stopper = Task {
            await stop()
            ends.continuation.yield(.asked)
        }
        defer { stopper.cancel() }
        var running: [Running] = []
        var iterator = ends.stream.makeAsyncIterator()
        var end: End?
        for service in services {
            running.append(start(service, tellingTo: ends.continuation))
            end = await iterator.next()
            guard case .started = end else { break }
            end = nil
        }
        if end == nil {
            await allStarted()
            end = await iterator.next()
        }
        await stopAll(running)
        if case .failed(let name, let error) = end {
            throw ServiceFailure(service: name, reason: error)
        }
    }

    private enum End: Sendable {
        case started
        case asked
        case failed(String, any Error)
    }

    private struct Running: Sendable {
        let name: String
        let task: Task<Void, Never>
    }

    private func start(
        _ service: any Service, tellingTo ends: AsyncStream<End>.Continuation
    ) -> Running {
        let task = Task {
            do {
                try await service.run { ends.yield(.started) }
                if !Task.isCancelled { ends.yield(.failed(service.name, EndedByItself())) }
            } catch {
                if !Task.isCancelled { ends.yield(.failed(service.name, error)) }
            }
        }
        return Running(name: service.name, task: task)
    }

    /// Cancels in reverse order, waiting for each; past the deadline the rest is left behind.
    private func stopAll(_ running: [Running]) async {
        let waiting = Locked(running.map(\.name))
        let stopping = Task {
            for one in running.reversed() {
                one.task.cancel()
                await one.task.value
                waiting.withLock { $0.removeAll { $0 == one.name } }
            }
        }
        await Self.first(of: stopping, or: deadline)
        let late = waiting.withLock { $0 }
        guard !late.isEmpty else { return }
        log.warn("stopped without waiting any longer", ["for": late.joined(separator: ", ")])
    }

    /// Returns when `task` has ended or `deadline` has passed, whichever is first.
    private static func first(of task: Task<Void, Never>, or deadline: Duration) async {
        let done = AsyncStream<Void>.makeStream()
        let timer = Task {
            // Cancelled means that the other was first; nothing is lost.
            try? await Task.sleep(for: deadline)
            done.continuation.yield()
        }
        let waiter = Task {
            await task.value
            done.continuation.yield()
        }
        var iterator = done.stream.makeAsyncIterator()
        await iterator.next()
        timer.cancel()
        waiter.cancel()
    }
}

/// A service that ended although nobody had asked it to.
struct EndedByItself: Error, CustomStringConvertible {
    var description: String { "it ended by itself" }
}

/// The failure of a service that ends Weir.
struct ServiceFailure: Error, CustomStringConvertible {
    let service: String
    let reason: any Error
    var description: String { "\(service): \(reason)" }
}

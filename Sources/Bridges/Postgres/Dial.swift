import Threads

/// One try to connect, on a thread of its own, so that nobody has to stay for its end.
///
/// libpq cannot be interrupted while it looks up a name or waits for a server that says nothing, and
/// only its blocking call goes through several hosts. So the thread is left to its `connect_timeout`,
/// and who waits may leave at any time.
final class Dial: Sendable {
    private struct State {
        var outcome: Result<Parcel, PostgresError>?
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Locked(State())

    init(_ options: PostgresOptions, through gate: ConnectGate) {
        WorkerThread.detached(name: "weir-pg-dial") { [self] in
            let outcome: Result<Parcel, PostgresError>
            do throws(PostgresError) {
                outcome = .success(Parcel(try gate.connect(options)))
            } catch {
                outcome = .failure(error)
            }
            let waiting = state.withLock { state in
                state.outcome = outcome
                return state.waiting
            }
            for one in waiting { one.finish() }
        }
    }

    /// Returns when the try has ended, or at once when the task is cancelled.
    func wait() async {
        let (end, waiter) = AsyncStream.makeStream(of: Void.self)
        let hasEnded = state.withLock { state in
            if state.outcome == nil { state.waiting.append(waiter) }
            return state.outcome != nil
        }
        if hasEnded { return }
        for await _ in end {}
    }

    /// The connection, for the first who asks; `nil` while there is none yet, or no longer.
    func take() throws(PostgresError) -> PostgresConnection? {
        try state.withLock { $0.outcome }?.get().take()
    }

    /// Whether the try has ended, well or not.
    var hasEnded: Bool { state.withLock { $0.outcome != nil } }
}

// Safe to share: the dialling thread puts the connection in before anybody else sees the parcel, and
// only the session that dialled takes it out, on its own thread.
private final class Parcel: @unchecked Sendable {
    private var connection: PostgresConnection?
    init(_ connection: consuming PostgresConnection) { self.connection = consume connection }
    func take() -> PostgresConnection? { connection.take() }
}

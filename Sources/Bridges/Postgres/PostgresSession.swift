import Threads

/// One connection on a thread of its own, for tasks that must not block.
///
/// It connects when it is first used, and again when the connection broke; after a failure it
/// refuses for a moment (`Backoff`) instead of hammering a server that is down.
public actor PostgresSession {
    private nonisolated let thread: ThreadExecutor
    private let options: PostgresOptions
    private let gate: ConnectGate
    private var connection: PostgresConnection?
    private var dial: Dial?
    private var wasConnected = false
    private var lastTicket: UInt64 = 0

    /// The session's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// A session that is not connected yet.
    public init(_ options: PostgresOptions, name: String = "weir-postgres") {
        self.init(options, name: name, gate: ConnectGate())
    }

    init(_ options: PostgresOptions, name: String, gate: ConnectGate) {
        thread = ThreadExecutor(name: name)
        self.options = options
        self.gate = gate
    }

    /// Runs `body` with the connection on the session's thread.
    ///
    /// If the task is cancelled the server is asked to stop, and `.cancelled` is thrown; a connection
    /// that is being made is not waited for. A transaction that `body` leaves open is rolled back.
    @discardableResult
    public func run<Value: Sendable>(
        _ body: @Sendable (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        if Task.isCancelled { throw .cancelled }
        let connection = try await takeConnection()
        let canceller = connection.canceller
        lastTicket += 1
        let ticket = lastTicket
        canceller?.begin(ticket)
        let outcome = await withTaskCancellationHandler {
            // A method of the actor: a closure that names no `self` would leave its thread.
            self.outcome(of: connection, body)
        } onCancel: {
            if let canceller { CancelThread.shared.cancel(canceller, ticket) }
        }
        let wasCancelled = canceller?.end() ?? false
        connection.rollBack()
        if connection.isUsable { self.connection = consume connection }
        do {
            return try outcome.get()
        } catch {
            throw wasCancelled && error.sqlState == "57014" ? .cancelled : error
        }
    }

    /// Ends the connection; the next `run` makes a new one.
    public func disconnect() {
        connection = nil
        dial = nil
    }

    private func outcome<Value>(
        of connection: borrowing PostgresConnection,
        _ body: (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) -> Result<Value, PostgresError> {
        do throws(PostgresError) {
            return .success(try body(connection))
        } catch {
            return .failure(error)
        }
    }

    private func takeConnection() async throws(PostgresError) -> PostgresConnection {
        while true {
            // Looked at anew after each wait: another task may have used the session meanwhile.
            if let standing = connection.take(), standing.handle.isAlive() { return standing }
            if Task.isCancelled { throw .cancelled }
            let dial = self.dial ?? Dial(options, through: gate)
            self.dial = dial
            await dial.wait()
            guard dial.hasEnded else { continue }
            if self.dial === dial { self.dial = nil }
            guard let connection = try dial.take() else { continue }
            if wasConnected { gate.countReconnect() }
            wasConnected = true
            return connection
        }
    }
}

/// The waits between tries to connect, shared by all sessions of a pool.
final class ConnectGate: Sendable {
    private struct State {
        var backoff = Backoff()
        var closedUntil: (instant: ContinuousClock.Instant, error: PostgresError)?
        var reconnects = 0
    }

    private let state = Locked(State())

    func connect(_ options: PostgresOptions) throws(PostgresError) -> PostgresConnection {
        let refusal = state.withLock { state in state.closedUntil }
        if let refusal, refusal.instant > .now { throw refusal.error }
        do throws(PostgresError) {
            let connection = try PostgresConnection(options)
            state.withLock { state in
                state.backoff.reset()
                state.closedUntil = nil
            }
            return connection
        } catch {
            state.withLock { state in
                let wait = state.backoff.next()
                state.closedUntil = (.now + wait, error)
            }
            throw error
        }
    }

    func countReconnect() { state.withLock { $0.reconnects += 1 } }

    /// How often a session lost its connection and got another.
    var reconnects: Int { state.withLock { $0.reconnects } }

    /// How long until the next try is allowed.
    var remaining: Duration {
        let until = state.withLock { $0.closedUntil?.instant }
        return max(.zero, until.map { ContinuousClock.now.duration(to: $0) } ?? .zero)
    }
}

/// Sends cancel requests: each is a connection of its own, and must not wait behind the
/// statement that it is to stop, nor hold a thread of the cooperative pool.
final class CancelThread: Sendable {
    static let shared = CancelThread()
    private let sender = Sender()

    private actor Sender {
        private nonisolated let thread = ThreadExecutor(name: "weir-pg-cancel")
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
        func cancel(_ canceller: PostgresCanceller, _ ticket: UInt64) -> Bool {
            canceller.cancel(ticket)
        }
    }

    func cancel(_ canceller: PostgresCanceller, _ ticket: UInt64) {
        Task { [sender] in
            // A request that comes before its statement does is lost, so it is sent again until
            // the work has ended.
            var backoff = Backoff(from: .milliseconds(20), to: .seconds(1))
            while await sender.cancel(canceller, ticket) {
                // Nobody cancels this task, so nothing cuts the wait short.
                try? await Task.sleep(for: backoff.next())
            }
        }
    }
}

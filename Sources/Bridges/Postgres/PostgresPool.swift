import Threads

/// How much a pool is used.
public struct PostgresPoolUse: Equatable, Sendable {
    /// How many wait for a session.
    public var waiting = 0
    /// How many sessions are lent.
    public var lent = 0
    /// How often a connection was lost and made again.
    public var reconnects = 0

    /// A pool that nobody has used yet.
    public init() {}
}

/// A few sessions, lent to one task at a time; who comes first is served first.
public actor PostgresPool {
    private let options: PostgresOptions
    private let size: Int
    private nonisolated let gate = ConnectGate()
    private var idle: [PostgresSession] = []
    private var made = 0
    private var waiting: [(id: UInt64, turn: CheckedContinuation<PostgresSession?, Never>)] = []
    private var lastWaiter: UInt64 = 0
    private var isClosed = false
    private nonisolated let count = Locked(PostgresPoolUse())

    /// A pool of at most `size` connections, made when they are needed.
    public init(_ options: PostgresOptions, size: Int = 4) {
        precondition(size > 0, "BUG: a pool of \(size) sessions")
        self.options = options
        self.size = size
    }

    /// What the pool connects to, without secrets.
    public nonisolated var server: String { options.server }

    /// How much it is used now.
    public nonisolated var use: PostgresPoolUse {
        var use = count.withLock { $0 }
        use.reconnects = gate.reconnects
        return use
    }

    /// Runs `body` with a connection, as `PostgresSession.run` does, as soon as one is free.
    @discardableResult
    public func run<Value: Sendable>(
        _ body: @Sendable (borrowing PostgresConnection) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let session = try await borrow()
        defer { giveBack(session) }
        return try await session.run(body)
    }

    /// Lends a session for several runs, such as those under one advisory lock.
    public func withSession<Value: Sendable>(
        _ body: @Sendable (PostgresSession) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let session = try await borrow()
        defer { giveBack(session) }
        return try await body(session)
    }

    /// Waits until the server lets somebody in, trying again for as long as `limit`.
    ///
    /// An error that no waiting mends, such as a wrong connection string, is thrown at once.
    public func waitUntilReachable(for limit: Duration) async throws(PostgresError) {
        let deadline = ContinuousClock.now + limit
        while true {
            do throws(PostgresError) {
                return try await run { connection throws(PostgresError) in
                    _ = try connection.run("SELECT 1")
                }
            } catch {
                guard error.isTransient, ContinuousClock.now < deadline else { throw error }
            }
            do {
                try await Task.sleep(for: max(.milliseconds(20), gate.remaining))
            } catch {
                throw .cancelled
            }
        }
    }

    /// Ends idle connections and turns away who waits or comes; what runs now ends by itself.
    public func close() {
        isClosed = true
        idle.removeAll()
        waiting.forEach { $0.turn.resume(returning: nil) }
        waiting.removeAll()
    }

    // MARK: Lending

    private func borrow() async throws(PostgresError) -> PostgresSession {
        let session = try await nextSession()
        count.withLock { $0.lent += 1 }
        return session
    }

    private func nextSession() async throws(PostgresError) -> PostgresSession {
        if isClosed { throw .closed }
        if let session = idle.popLast() { return session }
        if made < size {
            made += 1
            return PostgresSession(options, name: "weir-pg-\(made)", gate: gate)
        }
        lastWaiter += 1
        let id = lastWaiter
        count.withLock { $0.waiting += 1 }
        defer { count.withLock { $0.waiting -= 1 } }
        let session: PostgresSession? = await withTaskCancellationHandler {
            await withCheckedContinuation { (turn: CheckedContinuation<PostgresSession?, Never>) in
                if Task.isCancelled {
                    turn.resume(returning: nil)
                } else {
                    waiting.append((id, turn))
                }
            }
        } onCancel: {
            Task { await self.leave(id) }
        }
        guard let session else { throw isClosed ? .closed : .cancelled }
        return session
    }

    private func leave(_ id: UInt64) {
        guard let place = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: place).turn.resume(returning: nil)
    }

    private func giveBack(_ session: PostgresSession) {
        count.withLock { $0.lent -= 1 }
        if isClosed { return }
        if waiting.isEmpty {
            idle.append(session)
        } else {
            waiting.removeFirst().turn.resume(returning: session)
        }
    }
}

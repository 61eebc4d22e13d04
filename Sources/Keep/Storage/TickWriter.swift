public import Head
public import Model
public import Postgres
public import Telemetry
import Threads

/// Brings every tick of the head into PostgreSQL: many clocks in one commit, at least one a second.
///
/// While the database is away ticks wait in memory; past the bound the oldest are dropped, counted
/// and said in the log.
public final class TickWriter: TickLog {
    private struct State: Sendable {
        var queue: TickQueue
        /// All ticks up to this number are committed, or dropped.
        var committed: UInt64 = 0
        var dropped = 0
        var waiters: [(id: UInt64, until: UInt64, turn: CheckedContinuation<Bool, Never>)] = []
        var lastWaiter: UInt64 = 0
        var inWork = false
        /// Whether somebody else works on what is written, so that nothing is written meanwhile.
        var isHeld = false
    }

    private let state: Locked<State>
    private let ids: Locked<Identities>
    private let pool: PostgresPool
    private let log: Log
    private let throttle = LogThrottle()
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let metrics: WriterMetrics

    /// As much as one transaction takes.
    private static let batchBytes = 32 << 20

    /// A writer through `pool`, which keeps at most `byteLimit` in memory while it waits.
    public init(
        pool: PostgresPool, byteLimit: Int = 256 << 20, registry: MetricRegistry, log: Log
    ) {
        self.pool = pool
        self.log = log.module("storage")
        state = Locked(State(queue: TickQueue(byteLimit: byteLimit)))
        ids = Locked(Identities(run: Self.freshRun()))
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        metrics = WriterMetrics(registry)
        registry.collect { [weak self] in self?.gauges ?? [] }
    }

    /// A version 4 UUID, so that no two runs have the same.
    private static func freshRun() -> String {
        var random = SystemRandomNumberGenerator()
        let high = random.next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low = random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        func digits(_ number: UInt64) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }
        return digits(high) + digits(low)
    }

    // MARK: What the head tells

    /// Hears of a clock's name before its first tick.
    public func opened(_ clock: ClockID, as key: ClockKey, interval: TimeSpan?) {
        state.withLock { $0.queue.open(clock, key, interval) }
    }

    /// Puts `tick` into the queue; never refuses, and never waits.
    public func take(_ tick: Tick) throws(SinkError) {
        let (dropped, isMuch) = state.withLock { state in
            let dropped = state.queue.take(tick)
            state.dropped += dropped.count
            return (dropped, state.queue.byteCount > Self.batchBytes / 2)
        }
        if isMuch { wake.yield() }
        guard let oldest = dropped.first, let newest = dropped.last else { return }
        metrics.dropped.add(dropped.reduce(0) { $0 + $1.values.count + $1.loose.count })
        log.warn(
            throttled: throttle, key: "dropped",
            "samples dropped: the database is away and memory for them is full",
            ["from": "\(oldest.time)", "to": "\(newest.time)"])
    }

    /// Needs no answer: the clock's rows stay where they are.
    public func closed(_ clock: ClockID) {}

    /// Takes what is erased out of the ticks that wait.
    public func erased(
        _ clock: ClockID, series: Set<SeriesID>, places: [Placement],
        in range: ClosedRange<Timestamp>
    ) {
        state.withLock { $0.queue.erase(clock, series, places, in: range) }
    }

    /// Runs `body` while nothing is written; ticks wait in memory until it is through.
    ///
    /// Throws where what is being written now does not come to its end: the database is away.
    func whileNothingIsWritten(
        _ body: () async throws(SourceError) -> Void
    ) async throws(SourceError) {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let isHeld = state.withLock { state in
                guard !state.inWork, !state.isHeld else { return false }
                state.isHeld = true
                return true
            }
            if isHeld { break }
            guard ContinuousClock.now < deadline else {
                throw .unavailable(reason: "the database takes no samples")
            }
            do {
                try await Task.sleep(for: .milliseconds(5))
            } catch {
                throw .cancelled
            }
        }
        defer {
            state.withLock { $0.isHeld = false }
            wake.yield()
        }
        try await body()
    }

    /// Waits until all that was taken before is committed, however long the database is away.
    public func settle() async throws(SinkError) {
        let (id, droppedBefore) = state.withLock { state in
            state.lastWaiter += 1
            return (state.lastWaiter, state.dropped)
        }
        let isDone = await withTaskCancellationHandler {
            await withCheckedContinuation { (turn: CheckedContinuation<Bool, Never>) in
                let outcome: Bool? = state.withLock { state in
                    if state.committed >= state.queue.taken, !state.inWork, state.queue.isEmpty {
                        return true
                    }
                    if Task.isCancelled { return false }
                    state.waiters.append((id, state.queue.taken, turn))
                    return nil
                }
                if let outcome { turn.resume(returning: outcome) } else { wake.yield() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let place = state.waiters.firstIndex { $0.id == id }
                return place.map { state.waiters.remove(at: $0) }
            }
            waiter?.turn.resume(returning: false)
        }
        guard isDone else { throw .unavailable(reason: "waiting for the commit was cancelled") }
        guard state.withLock({ $0.dropped }) == droppedBefore else {
            throw .full(reason: "the database was away for longer than the memory for it lasts")
        }
    }

    // MARK: The work

    /// Writes until its task is cancelled, and then once more what waits.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [wake] in
                while !Task.isCancelled {
                    wake.yield()
                    // Cancelled means that the loop ends.
                    try? await Task.sleep(for: .milliseconds(500))
                }
                wake.finish()
            }
            for await _ in wakes { await drain() }
        }
        // The last ticks of those who stopped before; not for long where the database is away.
        await Task { await self.drain(tries: 3) }.value
    }

    private func drain(tries: Int = .max) async {
        var failures = 0
        while let batch = nextBatch() {
            var pending = batch
            var backoff = 0.05
            while true {
                do throws(PostgresError) {
                    try await write(&pending, isRepeated: failures > 0)
                    break
                } catch {
                    failures += 1
                    if !error.isTransient, error != .cancelled, error != .closed, failures > 3 {
                        giveUp(pending, error)
                        break
                    }
                    if failures >= tries || Task.isCancelled && tries == .max {
                        putBack(pending)
                        return
                    }
                    log.warn(
                        throttled: throttle, key: "retry", "cannot write samples",
                        ["error": error.description, "retry": "soon, nothing is lost yet"])
                }
                // Cancelled means one more try and then the end.
                try? await Task.sleep(for: .seconds(backoff))
                backoff = min(backoff * 2, 2)
            }
            finish(pending)
        }
    }

    private func nextBatch() -> TickQueue.Batch? {
        state.withLock { state in
            guard !state.queue.isEmpty, !state.isHeld else { return nil }
            state.inWork = true
            return state.queue.nextBatch(byteLimit: Self.batchBytes)
        }
    }

    private func write(
        _ batch: inout TickQueue.Batch, isRepeated: Bool
    ) async throws(PostgresError) {
        let began = ContinuousClock.now
        let (news, ticks) = (batch.news, batch.ticks)
        let outcome = try await pool.run { [ids] connection throws(PostgresError) in
            try ids.withLock { ids throws(PostgresError) in
                // Learned one by one: what a failed commit learned is there all the same.
                try ids.learn(news, ticks, connection)
                let transaction = TickTransaction(ids: ids, isRepeated: isRepeated)
                return try transaction.write(ticks, news.metadata, connection)
            }
        }
        metrics.count(outcome, after: ContinuousClock.now - began)
    }

    private func finish(_ batch: TickQueue.Batch) {
        let done = state.withLock { state in
            state.inWork = false
            state.committed = batch.last
            let done = state.waiters.filter { $0.until <= batch.last }
            state.waiters.removeAll { $0.until <= batch.last }
            return done.map(\.turn)
        }
        for turn in done { turn.resume(returning: true) }
    }

    private func putBack(_ batch: TickQueue.Batch) {
        state.withLock { state in
            state.inWork = false
            state.queue.putBack(batch)
        }
    }

    /// Drops a batch that the server refuses again and again, so that the next ones can go on.
    private func giveUp(_ batch: TickQueue.Batch, _ error: PostgresError) {
        let samples = batch.ticks.reduce(0) { $0 + $1.values.count + $1.loose.count }
        metrics.dropped.add(samples)
        state.withLock { $0.dropped += batch.ticks.count }
        log.error(
            "samples dropped: the database refuses them",
            ["samples": "\(samples)", "error": error.description])
    }

    private var gauges: [MetricFamily] {
        let (ticks, bytes) = state.withLock { ($0.queue.count, $0.queue.byteCount) }
        func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
            MetricFamily(
                name: name, metadata: MetricMetadata(type: .gauge, help: help),
                lines: [.init(value: Double(value))])
        }
        return [
            gauge("weir_storage_queue_ticks", "Scrapes that wait for the database.", ticks),
            gauge("weir_storage_queue_bytes", "What they take in memory.", bytes),
        ]
    }

    /// The database's number of a series of this run, if it has one yet.
    func number(of series: SeriesID) -> Int32? { ids.withLock { $0.series(series) } }
}

import Head
public import Model
import Spool
import Telemetry
import Threads

// What becomes of ticks while the database is away.
extension TickWriter {
    /// Whether nothing could be committed for so long although something waits.
    func isStuck(for patience: Duration) -> Bool {
        guard let since = state.withLock({ $0.stuckSince }) else { return false }
        return ContinuousClock.now - since >= patience
    }

    /// Brings what waits into the spool whenever the database is away for too long, or too much
    /// waits; until its task is cancelled.
    func shed() async {
        guard let (spool, _, patience) = spool.withLock({ $0 }) else { return }
        while !Task.isCancelled {
            // Cancelled means that the loop ends.
            try? await Task.sleep(for: .milliseconds(100))
            await spool.open()
            let isMuch = state.withLock { state in
                state.stuckSince != nil && state.queue.byteCount > state.queue.byteLimit / 2
            }
            if isMuch || isStuck(for: patience) { await spoolQueue(into: spool) }
            // Lost is nothing: what could not be synced is tried again.
            try? await spool.syncIfDue()
        }
    }

    /// Brings all that is left into the spool, as nobody will write it any more.
    func spoolRest() async {
        guard let (spool, _, _) = spool.withLock({ $0 }) else { return }
        await spool.open()
        if state.withLock({ $0.queue.count > 0 }) { await spoolQueue(into: spool) }
        await spool.close()
    }

    /// Leaves `batch`, which could not be written, to the spool where that has it.
    func handOver(_ batch: TickQueue.Batch) -> Bool {
        state.withLock { state in
            guard state.isShadowed else { return false }
            // It came before all that was spooled since.
            state.unlearned.follow(batch.news)
            return true
        }
    }

    /// Brings what is being written, and does not come to an end, into the spool too.
    private func shadow(into spool: TickSpool) async {
        let claimed = state.withLock { state -> TickQueue.Batch? in
            guard let batch = state.inWork, !state.isShadowed, !state.isDone, !batch.ticks.isEmpty
            else { return nil }
            state.isShadowed = true
            return batch
        }
        guard let batch = claimed else { return }
        do throws(SpoolError) {
            try await spool.note(batch.news)
            try await spool.store(batch, isLast: true)
            let done = state.withLock { $0.settle(upTo: batch.last) }
            for turn in done { turn.resume(returning: true) }
        } catch {
            sayFull(error)
            let isDone = state.withLock { state in
                state.isShadowed = false
                return state.isDone
            }
            // It was committed meanwhile, and not counted.
            if isDone {
                let samples = batch.ticks.reduce(0) { $0 + $1.sampleCount }
                tally.withLock { $0.committedLive += samples }
            }
        }
    }

    private func sayFull(_ error: SpoolError) {
        log.warn(
            throttled: throttle, key: "spool",
            "samples wait in memory alone: the spool cannot take them",
            ["error": error.description])
    }

    private func spoolQueue(into spool: TickSpool) async {
        await spool.open(makes: true)
        await shadow(into: spool)
        while let batch = takeOut() {
            do throws(SpoolError) {
                try await spool.note(batch.news)
                try await spool.store(batch, isLast: false)
                log.warn(
                    throttled: throttle, key: "spooled",
                    "the database is away: samples go to the spool",
                    ["ticks": "\(batch.ticks.count)"])
            } catch {
                state.withLock { $0.putBack(batch) }
                sayFull(error)
                return
            }
            let done = state.withLock { state in
                state.spooled = max(state.spooled, batch.last)
                var news = batch.news
                // It is told by the record alone.
                news.metadata = []
                news.follow(state.unlearned)
                state.unlearned = news
                // What is in work came before, and is not safe yet.
                let isSafe = state.inWork == nil || state.isShadowed
                return isSafe ? state.settle(upTo: batch.last) : []
            }
            for turn in done { turn.resume(returning: true) }
        }
    }

    /// The next batch for the spool; `nil` where no tick waits.
    private func takeOut() -> TickQueue.Batch? {
        state.withLock { state in
            guard state.queue.count > 0 else { return nil }
            return state.queue.nextBatch(byteLimit: Self.batchBytes / 2)
        }
    }

    /// What the spool holds, and how old the last commit is.
    var spoolGauges: [MetricFamily] {
        func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
            MetricFamily(
                name: name, metadata: MetricMetadata(type: .gauge, help: help),
                lines: [.init(value: value)])
        }
        var gauges: [MetricFamily] = []
        if let last = tally.withLock({ $0.lastCommit }) {
            gauges.append(
                gauge(
                    "weir_storage_last_commit_timestamp_seconds",
                    "When samples were committed last.", Double(last.milliseconds) / 1000))
        }
        guard let status = spool.withLock({ $0?.spool.status }) else { return gauges }
        return gauges + [
            gauge("weir_spool_bytes", "What the spool takes on disk.", Double(status.bytes)),
            gauge("weir_spool_segments", "The files of the spool.", Double(status.segments)),
            gauge("weir_spool_records", "Batches that wait in the spool.", Double(status.records)),
            gauge(
                "weir_spool_usable", "Whether the spool can be used.", status.fault == nil ? 1 : 0),
        ]
    }

    /// How far what came in is safe.
    public var safety: StoreSafety {
        let (ticks, bytes, stuck) = state.withLock { state in
            (state.queue.count, state.queue.byteCount, state.stuckSince)
        }
        let status = spool.withLock { $0?.spool.status }
        let counts = tally.withLock { $0 }
        return StoreSafety(
            lastCommit: counts.lastCommit, stuckFor: stuck.map { ContinuousClock.now - $0 },
            queuedTicks: ticks, queuedBytes: bytes, waitingInMemory: counts.waitingInMemory,
            waitingInSpool: counts.waitingInSpool, spoolBytes: status?.bytes ?? 0,
            spoolOldest: status?.oldest, spoolFault: status?.fault,
            lost: counts.lostFromMemory + counts.lostFromSpool)
    }
}

/// How far what came in is safe: in the database, on disk, or in memory alone.
public struct StoreSafety: Sendable {
    /// When samples were committed last in this run.
    public let lastCommit: Timestamp?
    /// For how long nothing could be committed although something waits.
    public let stuckFor: Duration?
    /// Scrapes that wait in memory.
    public let queuedTicks: Int
    /// What they take.
    public let queuedBytes: Int
    /// Samples in memory alone.
    public let waitingInMemory: Int
    /// Samples in the spool.
    public let waitingInSpool: Int
    /// What the spool takes on disk.
    public let spoolBytes: Int
    /// The earliest instant in the spool.
    public let spoolOldest: Timestamp?
    /// Why the spool cannot be used, if so.
    public let spoolFault: String?
    /// Samples of this run and of the spool that are gone.
    public let lost: Int
}

extension TickWriter.State {
    /// All up to `number` is safe; gives who waited for it.
    mutating func settle(upTo number: UInt64) -> [CheckedContinuation<Bool, Never>] {
        committed = max(committed, number)
        let done = waiters.filter { $0.until <= number }
        waiters.removeAll { $0.until <= number }
        return done.map(\.turn)
    }

    mutating func putBack(_ batch: TickQueue.Batch) { queue.putBack(batch) }
}

import Head
import Model
import Postgres
import Spool
import Telemetry
import Threads

/// Brings what lies in the spool into the database, oldest first, beside what comes in live.
///
/// It may do the same twice: a tick is told by its clock's key and its instant.
final class SpoolDrain: Sendable {
    private let spool: TickSpool
    private let pool: PostgresPool
    private let metrics: WriterMetrics
    private let log: Log
    private let throttle = LogThrottle()
    private let state = Locked(State())
    private let freshRun: @Sendable () -> String

    fileprivate struct State: Sendable {
        var knowledge: SpoolKnowledge?
        /// Whether the next batch is the first that is left of its file.
        var isAtStart = false
    }

    /// How often a batch that the server refuses is tried before it is set aside.
    private static let refusals = 20

    init(
        _ spool: TickSpool, pool: PostgresPool, metrics: WriterMetrics, log: Log,
        freshRun: @escaping @Sendable () -> String
    ) {
        (self.spool, self.pool, self.metrics, self.log) = (spool, pool, metrics, log)
        self.freshRun = freshRun
    }

    /// Works until its task is cancelled; `isAway` says whether to try at all.
    func run(isAway: @Sendable () -> Bool) async {
        await spool.open()
        var backoff = 0.25
        var refused = 0
        while !Task.isCancelled {
            if spool.status.isEmpty || isAway() {
                // Cancelled means that the loop ends.
                try? await Task.sleep(for: .milliseconds(250))
                continue
            }
            do {
                try await drain { refused = 0 }
                backoff = 0.25
            } catch let error as PostgresError {
                log.warn(
                    throttled: throttle, key: "drain", "cannot bring the spool into the database",
                    ["error": error.description, "retry": "soon, nothing is lost"])
                if case .server = error, !error.isTransient { refused += 1 } else { refused = 0 }
                // Lost: why the entry cannot be read; the next round meets it again.
                if refused >= Self.refusals, let entry = try? await spool.next() {
                    log.error(
                        "a batch of the spool is set aside: the database refuses it",
                        ["error": error.description])
                    await spool.refuse(entry)
                    refused = 0
                }
            } catch {
                log.warn(
                    throttled: throttle, key: "read", "cannot read the spool",
                    ["error": "\(error)"])
            }
            // Cancelled means that the loop ends.
            try? await Task.sleep(for: .seconds(backoff))
            backoff = min(backoff * 2, 2)
        }
    }

    /// Brings over what there is.
    private func drain(_ progress: () -> Void) async throws {
        let began = ContinuousClock.now
        var samples = 0
        while !Task.isCancelled, let entry = try await spool.next() {
            if state.withLock({ !$0.take(entry, freshRun) }) {
                // The file's own meanings are told from its beginning.
                await spool.rewind()
                continue
            }
            let lost = try await write(entry)
            await spool.finish(entry, lost: lost)
            samples += entry.record.note.samples
            progress()
        }
        if samples > 0 {
            log.info(
                "the spool is drained",
                ["samples": "\(samples)", "took": "\(ContinuousClock.now - began)"])
        }
    }

    /// Writes one batch; says how many of its samples nobody knows the series of.
    private func write(_ entry: TickSpool.Entry) async throws(PostgresError) -> Int {
        let began = ContinuousClock.now
        let ticks = entry.batch.ticks
        let (outcome, unknown) = try await pool.run { [state] connection throws(PostgresError) in
            try state.withLock { state throws(PostgresError) in
                guard var knowledge = state.knowledge else {
                    preconditionFailure("BUG: a batch that nobody looked at")
                }
                state.knowledge = nil
                defer { state.knowledge = knowledge }
                try knowledge.ids.learn(knowledge.pending, ticks, connection)
                knowledge.pending = TickQueue.News()
                let transaction = TickTransaction(ids: knowledge.ids, isRepeated: true)
                let outcome = try transaction.write(
                    ticks, entry.batch.news.metadata, connection)
                return (outcome, knowledge.unknownSamples(in: ticks))
            }
        }
        metrics.count(outcome, after: ContinuousClock.now - began)
        return outcome.refused + unknown
    }
}

extension SpoolDrain.State {
    /// Learns what `entry` tells; false where that contradicts what is known, or where the
    /// beginning of its file has to be read first.
    fileprivate mutating func take(_ entry: TickSpool.Entry, _ freshRun: () -> String) -> Bool {
        let news = entry.batch.news
        if knowledge?.run == entry.batch.run, knowledge?.take(news) == true {
            isAtStart = false
            return true
        }
        guard isAtStart else {
            (knowledge, isAtStart) = (nil, true)
            return false
        }
        var fresh = SpoolKnowledge(run: entry.batch.run, ids: Identities(run: freshRun()))
        // Where one batch contradicts itself, what it says last counts.
        if !fresh.take(news) { fresh.pending = news }
        (knowledge, isAtStart) = (fresh, false)
        return true
    }
}

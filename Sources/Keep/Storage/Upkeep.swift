import Head
import Model
import Postgres
import Telemetry
import Threads

/// Seals, merges and forgets when it is time to.
final class Upkeep: Sendable {
    private let pool: PostgresPool
    private let options: StoreOptions
    private let writer: TickWriter
    private let head: Head
    private let layers: LayeredSource
    private let log: Log
    private let now: @Sendable () -> Timestamp
    private let throttle = LogThrottle()
    private let metrics: Metrics
    private let closed = Locked(Timestamp.distantPast)

    private struct Metrics: Sendable {
        let seals: Counter
        let sealTime: Timing
        let merges: Counter
        let mergeTime: Timing
        let rollups: Counter
        let rollupTime: Timing
        let dropped: Counter
    }

    /// How often it looks whether something is due.
    private static let pause = Duration.seconds(15)
    private static let passesToForget = 40
    /// A merged day is merged again at the earliest after this, for late samples.
    private static let mergePause = TimeSpan.hours(6)

    init(
        pool: PostgresPool, options: StoreOptions, writer: TickWriter, head: Head,
        layers: LayeredSource, registry: MetricRegistry, log: Log,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.pool = pool
        self.options = options
        self.writer = writer
        self.head = head
        self.layers = layers
        self.log = log.module("storage")
        self.now = now
        metrics = Metrics(
            seals: registry.counter(
                "weir_storage_seals_total", "Hot partitions that became chunks."),
            sealTime: registry.timing("weir_storage_seal_seconds", "How long sealing took."),
            merges: registry.counter("weir_storage_merges_total", "Days merged."),
            mergeTime: registry.timing("weir_storage_merge_seconds", "How long merging took."),
            rollups: registry.counter("weir_storage_rollups_total", "Days rolled up."),
            rollupTime: registry.timing(
                "weir_storage_rollup_seconds", "How long rolling up a day took."),
            dropped: registry.counter(
                "weir_storage_dropped_days_total", "Days dropped by the retention."))
    }

    func run() async {
        var passes = 0
        while !Task.isCancelled {
            do throws(StorageError) {
                try await pass(forgets: passes % Self.passesToForget == 0)
                passes += 1
            } catch {
                log.warn(
                    throttled: throttle, key: "upkeep", "cannot seal, merge or forget now",
                    ["error": error.description, "retry": "in 15 s"])
            }
            // Cancelled means that the loop ends.
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Everything that is due now; forgetting looks at every day, and so it is done less often.
    func pass(forgets: Bool = true) async throws(StorageError) {
        do throws(PostgresError) {
            let instant = now()
            try await prepare(instant)
            try await seal(instant)
            try await merge(instant)
            try await rollUp()
            try await MetricViews.keep(pool, log)
            guard forgets else { return }
            try await Retention(pool: pool, options: options).apply(instant) { days in
                metrics.dropped.add(days.count)
                for day in days { log.info("a day is past its retention", ["day": "\(day)"]) }
            }
        } catch {
            throw .database(error)
        }
    }

    /// Makes the next partition before it is needed.
    private func prepare(_ instant: Timestamp) async throws(PostgresError) {
        let starts = [instant, instant + Partitions.hot].map {
            Partitions.start(of: $0, Partitions.hot)
        }
        try await pool.run { connection throws(PostgresError) in
            try connection.transaction { connection throws(PostgresError) in
                for start in starts { try TickTransaction.ensureHot(start, connection) }
            }
        }
    }

    private func seal(_ instant: Timestamp) async throws(PostgresError) {
        let end = Partitions.start(of: instant - options.grace, Partitions.hot)
        if end > closed.withLock({ $0 }) {
            // What is on its way belongs into the partition, not beside it.
            do throws(SinkError) {
                try await writer.settle()
            } catch {
                log.debug("sealing does not wait for what is lost", ["error": error.description])
            }
            try await pool.run { connection throws(PostgresError) in
                try Sealer.close(before: end, connection)
            }
            let began = ContinuousClock.now
            let outcome = try await pool.run { connection throws(PostgresError) in
                try Sealer.seal(connection)
            }
            guard let outcome else { return }
            if outcome.spans > 0 {
                let took = ContinuousClock.now - began
                metrics.seals.add(outcome.spans)
                metrics.sealTime.record(took)
                log.info(
                    "hot rows sealed",
                    [
                        "until": "\(end)", "chunks": "\(outcome.chunks)",
                        "ticks": "\(outcome.ticks)", "took": "\(took)",
                    ])
            }
            closed.withLock { $0 = end }
            layers.headForgot(before: end)
            for clock in head.clocks() { head.drop(clock.clock, before: end) }
        }
        // Memory forgets by itself what is older than it reaches, sealed or not.
        layers.headForgot(
            before: instant - TimeSpan(milliseconds: options.headSpan.milliseconds * 2 - 60_000))
        try await pool.run { connection throws(PostgresError) in
            try Sealer.dropSealed(connection)
        }
    }

    private func merge(_ instant: Timestamp) async throws(PostgresError) {
        let due = try await pool.run { connection throws(PostgresError) in
            try Self.due(instant, connection)
        }
        for day in due {
            let began = ContinuousClock.now
            let outcome = try await pool.run { connection throws(PostgresError) in
                try DayMerge.run(day, connection)
            }
            guard let outcome else { return }
            let took = ContinuousClock.now - began
            metrics.merges.add()
            metrics.mergeTime.record(took)
            log.info(
                "day merged",
                [
                    "day": "\(day)", "chunks": "\(outcome.after)", "before": "\(outcome.before)",
                    "late": "\(outcome.late)", "took": "\(took)",
                ])
        }
    }

    private func rollUp() async throws(PostgresError) {
        let work = DayRollup(rules: options.rollups)
        let due = try await pool.run { connection throws(PostgresError) in
            try work.due(connection)
        }
        for day in due {
            let began = ContinuousClock.now
            let count = try await pool.run { connection throws(PostgresError) in
                try work.run(day, connection)
            }
            guard let count else { return }
            let took = ContinuousClock.now - began
            metrics.rollups.add()
            metrics.rollupTime.record(took)
            log.info(
                "day rolled up", ["day": "\(day)", "rows": "\(count)", "took": "\(took)"])
        }
    }

    /// The days that are over and not merged, and those with late samples that were merged long ago.
    private static func due(
        _ instant: Timestamp, _ connection: borrowing PostgresConnection
    ) throws(PostgresError) -> [Timestamp] {
        let rows = try connection.query(
            """
            SELECT start FROM weir_data.span, weir_data.horizon
            WHERE kind = 'day' AND "end" <= sealed AND merged IS NULL
            UNION
            SELECT DISTINCT date_trunc('day', l.time, 'UTC') FROM weir_data.late l
            LEFT JOIN weir_data.span s
                ON s.kind = 'day' AND s.start = date_trunc('day', l.time, 'UTC')
            WHERE date_trunc('day', l.time, 'UTC') + interval '1 day'
                    <= (SELECT sealed FROM weir_data.horizon)
                AND coalesce(s.merged, '-infinity') < $1
            ORDER BY 1
            """, [.timestamp(microsecondsSince1970: (instant - mergePause).microseconds)])
        var days: [Timestamp] = []
        for row in 0..<rows.rowCount {
            guard let start = try rows.microsecondsSince1970(row, 0) else { continue }
            days.append(Timestamp(milliseconds: start / 1000))
        }
        return days
    }
}

public import Head
public import Model
public import Postgres
public import Telemetry
import Threads

/// Everything that is kept, as one place: samples go in, series come out.
///
/// New samples are in memory at once, in PostgreSQL within a second, sealed after two hours, and
/// merged after their day.
public final class Store: SampleSink, SeriesSource {
    /// What memory holds.
    public let head: Head
    /// What brings it into PostgreSQL.
    public let writer: TickWriter
    /// What PostgreSQL holds.
    public let history: History
    let layers: LayeredSource
    let pool: PostgresPool
    private let upkeep: Upkeep
    private let stored: StoredSeries

    /// A store in the database of `pool`, which has its tables; nothing works before `run()`.
    public init(
        pool: PostgresPool, options: StoreOptions = StoreOptions(), registry: MetricRegistry,
        log: Log, now: @escaping @Sendable () -> Timestamp = { WallClock.now }
    ) {
        self.pool = pool
        writer = TickWriter(
            pool: pool, byteLimit: options.queueBytes, hotSpan: options.hotSpan,
            registry: registry, log: log)
        head = Head(span: options.headSpan, registry: registry, log: writer, now: now)
        if let place = options.spool {
            writer.use(place) { [weak head] in head?.labels(of: $0) }
        }
        history = History(pool: pool, limits: options.limits)
        layers = LayeredSource(
            head: head, history: history, begins: now(), isShared: options.isShared)
        stored = StoredSeries(
            layers: layers,
            rollups: RollupSource(
                pool: pool, layers: layers, rules: options.rollups, limits: options.limits, now: now
            ))
        upkeep = Upkeep(
            pool: pool, options: options, writer: writer, head: head, layers: layers,
            registry: registry, log: log, now: now)
    }

    /// Writes, seals, merges and forgets until its task is cancelled; then it writes what waits.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.writer.run() }
            group.addTask { await self.head.run() }
            group.addTask { await self.upkeep.run() }
        }
    }

    /// The clock of `key`, in memory and in the database.
    public func open(
        _ key: ClockKey, interval: TimeSpan?
    ) async throws(SinkError) -> any SampleClock { try await head.open(key, interval: interval) }

    /// Returns once all that was taken before is committed.
    public func settle() async throws(SinkError) { try await head.settle() }

    /// What memory and database say together; rollups where a matcher on `__rollup__` asks for them.
    public func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        try await stored.series(matching: matchers, in: range)
    }

    /// The label sets that memory and database have.
    public func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [Labels] {
        try await stored.labelSets(matching: matchers, in: range, limit: limit)
    }

    /// The names of labels that memory and database have.
    public func labelNames(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        try await stored.labelNames(matching: matchers, in: range, limit: limit)
    }

    /// The values of a label that memory and database have.
    public func labelValues(
        of name: String, matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        try await stored.labelValues(of: name, matching: matchers, in: range, limit: limit)
    }

    /// The same, from memory alone and with a word on it while the database is away.
    public func hearing(_ hear: @escaping @Sendable (String) -> Void) -> any SeriesSource {
        stored.hearing(hear)
    }

    /// How far what came in is safe.
    public var safety: StoreSafety { writer.safety }

    /// Does at once what `run` does from time to time: seals, merges and forgets what is due.
    public func tidy() async throws(StorageError) { try await upkeep.pass() }
}

public import Model
public import Telemetry
import Threads

/// What every live series said in the last hours.
///
/// It takes batches as a `SampleSink` and answers as a `SeriesSource`. With a log each batch goes
/// there first, and leaves memory when `drop` says that it is safe; alone it forgets what is older
/// than its span.
public final class Head: SampleSink, Sendable {
    private struct Clocks {
        /// By number; `nil` where nothing is left of a clock.
        var all: [HeadClock?] = []
        var byKey: [ClockKey: HeadClock] = [:]
    }

    let store: HeadStore
    private let span: TimeSpan
    private let clocksHeld = Locked(Clocks())

    /// A head of nothing.
    ///
    /// - Parameters:
    ///   - span: How far back it reaches. With a log it reaches up to twice as far, while nobody
    ///     says that the oldest is safe.
    ///   - registry: Where its metrics are.
    ///   - log: What hears of every batch before it is taken.
    ///   - now: The time of day.
    public init(
        span: TimeSpan, registry: MetricRegistry, log: (any TickLog)? = nil,
        now: @escaping @Sendable () -> Timestamp = { WallClock.now }
    ) {
        self.span = span
        let longest = log == nil ? span : TimeSpan(milliseconds: span.milliseconds * 2)
        store = HeadStore(log: log, longest: longest, registry: registry, now: now)
        registry.collect { [weak self] in self?.ownMetrics() ?? [] }
    }

    /// The clock of `key`, new or known; what it said before is still there.
    public func open(
        _ key: ClockKey, interval: TimeSpan?
    ) async throws(SinkError) -> any SampleClock {
        clocksHeld.withLock { clocks in
            let number = UInt32(clocks.all.count)
            let clock =
                clocks.byKey[key]
                ?? HeadClock(id: ClockID(number: number), key: key, store: store)
            if clock.id.number == number {
                clocks.byKey[key] = clock
                clocks.all.append(clock)
            }
            // In here, so that `sweep` does not take it for one that is spent.
            clock.open(interval: interval)
            return clock
        }
    }

    /// Returns once the log has all that was taken before this call; at once without one.
    public func settle() async throws(SinkError) { try await store.log?.settle() }

    /// Sweeps every half minute, until its task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(30))
            } catch {
                return
            }
            sweep()
        }
    }

    /// Forgets what is older than memory reaches, of clocks that tick no more too, and then the
    /// clocks and the series of which nothing is left.
    public func sweep() {
        let oldest = store.now() - store.longest
        for clock in heldClocks {
            let hasOlder =
                clock.history.withLock { $0.times.first.map { $0 < oldest } ?? false }
                || clock.loose.withLock { !$0.isEmpty }
            guard hasOlder else { continue }
            clock.layout.withLock { clock.trim(&$0, before: oldest) }
        }
        forgetSpentClocks()
        _ = store.sweep()
    }

    private func forgetSpentClocks() {
        for clock in heldClocks where clock.isSpent {
            clocksHeld.withLock { clocks in
                guard clock.isSpent else { return }
                clocks.byKey[clock.key] = nil
                clocks.all[Int(clock.id.number)] = nil
            }
            store.types.withLock { $0.forget(clock.id.number) }
        }
    }

    /// The clocks by number.
    var clockSlots: [HeadClock?] { clocksHeld.withLock { $0.all } }

    var heldClocks: [HeadClock] { clockSlots.compactMap { $0 } }

    func heldClock(_ id: ClockID) -> HeadClock? {
        clocksHeld.withLock { clocks in
            id.number < clocks.all.count ? clocks.all[Int(id.number)] : nil
        }
    }

    private func ownMetrics() -> [MetricFamily] {
        let (series, labels, index) = store.table.withLock { ($0.count, $0.pairCount, $0.size) }
        let clocks = heldClocks
        let bytes = clocks.reduce(0) { $0 + $1.history.withLock { $0.size } }
        func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
            MetricFamily(
                name: name, metadata: MetricMetadata(type: .gauge, help: help),
                lines: [.init(value: Double(value))])
        }
        return [
            gauge("weir_head_series", "Series in memory.", series),
            gauge("weir_head_label_pairs", "Labels of series in memory, each once.", labels),
            gauge("weir_head_index_bytes", "What labels and their index take.", index),
            gauge("weir_head_clocks", "Targets, rule groups and senders in memory.", clocks.count),
            gauge("weir_head_sample_bytes", "What the samples in memory take.", bytes),
        ]
    }
}

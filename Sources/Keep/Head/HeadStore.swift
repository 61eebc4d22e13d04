import Model
import Telemetry
import Threads

/// What the clocks of a head share.
final class HeadStore: Sendable {
    let table = Locked(SeriesTable())
    let notes = Locked(Notes())
    let types = Locked(FamilyTypes())
    let log: (any TickLog)?
    /// How far back memory reaches at the most.
    let longest: TimeSpan
    let now: @Sendable () -> Timestamp
    let samplesTaken: Counter
    let samplesBeside: Counter
    let samplesTooOld: Counter
    /// Series that lost their last home, until `sweep` takes them out of the index.
    private let homeless = Locked<Set<UInt32>>([])

    init(
        log: (any TickLog)?, longest: TimeSpan, registry: MetricRegistry,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.log = log
        self.longest = longest
        self.now = now
        samplesTaken = registry.counter(
            "weir_head_samples_total", "Samples that the head took.")
        samplesBeside = registry.counter(
            "weir_head_loose_samples_total",
            "Samples with an instant of their own, late or out of order.")
        samplesTooOld = registry.counter(
            "weir_head_too_old_samples_total",
            "Samples older than memory reaches, which only the database keeps, if there is one.")
    }

    func addHomes(_ homes: [(series: UInt32, home: SeriesTable.Home)]) {
        guard !homes.isEmpty else { return }
        table.withLock { table in
            for (series, home) in homes { table.addHome(home, to: series) }
        }
    }

    func removeHomes(_ homes: [(series: UInt32, home: SeriesTable.Home)]) {
        guard !homes.isEmpty else { return }
        let left = table.withLock { table in
            homes.filter { table.removeHome($0.home, from: $0.series) }.map(\.series)
        }
        homeless.withLock { $0.formUnion(left) }
    }

    /// Takes series without a home out of the index; says how many.
    func sweep() -> Int {
        let waiting = homeless.withLock { waiting in
            let all = Array(waiting)
            waiting.removeAll()
            return all
        }
        guard !waiting.isEmpty else { return 0 }
        let gone = table.withLock { $0.remove(waiting) }
        notes.withLock { $0.forget(Set(gone)) }
        return gone.count
    }
}

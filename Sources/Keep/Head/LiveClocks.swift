public import Model
import Threads

/// What every clock said last, taken at one moment: what the newest samples are read from.
public struct LiveClocks: Sendable {
    struct Slot: Sendable {
        let clock: HeadClock
        let row: Row?
        let time: Timestamp?
        let version: LiveVersion
        let hasLoose: Bool
        let cadence: LiveCadence
    }

    /// By the clock's number.
    let slots: [Slot?]

    /// How many numbers of clocks there are.
    public var count: Int { slots.count }

    /// How far a clock had come; `nil` where there is no such clock.
    public func version(of clock: Int) -> LiveVersion? {
        clock < slots.count ? slots[clock]?.version : nil
    }

    /// When and how often a clock ticks; `nil` where there is no such clock.
    public func cadence(of clock: Int) -> LiveCadence? {
        clock < slots.count ? slots[clock]?.cadence : nil
    }

    /// Whether a clock may have said something at `oldest` or later.
    public func isSpeaking(_ clock: Int, since oldest: Timestamp) -> Bool {
        guard clock < slots.count, let slot = slots[clock] else { return false }
        return slot.hasLoose || slot.time.map { $0 >= oldest } ?? false
    }

    /// Whether a clock says things beside its ticks.
    public func hasLoose(_ clock: Int) -> Bool {
        clock < slots.count ? slots[clock]?.hasLoose ?? false : false
    }

    /// When a clock ticked last.
    public func time(of clock: Int) -> Timestamp? {
        clock < slots.count ? slots[clock]?.time : nil
    }
}

/// How far a clock has come: as long as it is the same, the clock said nothing new.
public struct LiveVersion: Sendable, Hashable {
    /// The tick behind the newest.
    let end: Int
    /// How much was said beside ticks.
    let loose: Int
}

/// When a clock ticks.
public struct LiveCadence: Sendable, Hashable {
    /// The time between its last two ticks, 0 before there are two.
    public let interval: Int64
    /// Where in that interval its ticks lie.
    public let phase: Int64
}

/// What the index of series looked like: as long as it is the same, the same series stand where
/// they stood, and nobody said anything else of their families.
public struct LiveIndexVersion: Sendable, Hashable {
    let moves: Int
    let generation: Int
    let notes: Int
}

extension Head {
    /// What every clock said last.
    public func liveClocks() -> LiveClocks {
        LiveClocks(
            slots: clockSlots.map { clock in
                guard let clock else { return nil }
                let (row, times, end) = clock.history.withLock {
                    ($0.newest, $0.times.suffix(2), $0.end)
                }
                let (version, hasLoose) = clock.loose.withLock { ($0.version, !$0.isEmpty) }
                let newest = times.last?.milliseconds ?? 0
                let interval = times.count < 2 ? 0 : newest - (times.first?.milliseconds ?? 0)
                return LiveClocks.Slot(
                    clock: clock, row: row, time: times.last,
                    version: LiveVersion(end: end, loose: version), hasLoose: hasLoose,
                    cadence: LiveCadence(
                        interval: interval, phase: interval > 0 ? newest % interval : 0))
            })
    }

    /// What the index looks like now.
    public var liveIndexVersion: LiveIndexVersion {
        let (moves, generation) = store.table.withLock { ($0.moves, $0.generation) }
        return LiveIndexVersion(
            moves: moves, generation: generation, notes: store.notes.withLock { $0.version })
    }

    /// What was said of families: the newest of each, and the types that the clocks for which
    /// `isAsked` holds say.
    public func liveFamilies(
        where isAsked: (Int) -> Bool
    ) -> (newest: [String: MetricMetadata], types: [String: Set<MetricType>]) {
        let newest = store.notes.withLock { $0.families.compactMapValues(\.last) }
        return (newest, store.types.withLock { $0.types { isAsked(Int($0)) } })
    }

    /// The newest exemplar of each series that has any.
    public func newestExemplars() -> [UInt32: PlacedExemplar] {
        store.notes.withLock { $0.newestExemplars() }
    }
}

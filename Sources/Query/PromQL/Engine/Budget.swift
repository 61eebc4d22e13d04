import Synchronization

/// What a query may still use: samples in memory, and time.
final class Budget: Sendable {
    private let limit: Int
    private let deadline: ContinuousClock.Instant
    private let current = Atomic<Int>(0)
    private let peak = Atomic<Int>(0)
    private let read = Atomic<Int>(0)

    /// So many samples at once, until `deadline`.
    init(samples limit: Int, until deadline: ContinuousClock.Instant) {
        self.limit = limit
        self.deadline = deadline
    }

    /// Samples that were looked at.
    var samplesLooked: Int { read.load(ordering: .relaxed) }
    /// The most that were in memory at once.
    var peakSamples: Int { peak.load(ordering: .relaxed) }

    /// Counts samples that were looked at.
    func look(at count: Int) { read.wrappingAdd(count, ordering: .relaxed) }

    /// Counts samples that are in memory now; throws where they are too many.
    func hold(_ count: Int) throws(PromQLError) {
        let now = current.wrappingAdd(count, ordering: .relaxed).newValue
        peak.max(now, ordering: .relaxed)
        if now > limit { throw .tooManySamples(stage: "query execution") }
    }

    /// Samples that are in memory now.
    var held: Int { current.load(ordering: .relaxed) }

    /// Says that so many are in memory now: what led to them has gone.
    func settle(at count: Int) { current.store(count, ordering: .relaxed) }

    /// Throws where the time is over or the one who asked has gone.
    func check(_ stage: String = "expression evaluation") throws(PromQLError) {
        if ContinuousClock.now >= deadline { throw .timedOut(stage: stage) }
        if Task.isCancelled { throw .cancelled(stage: stage) }
    }
}

import Synchronization

/// What a query may still use: samples in memory, and time.
final class Budget: Sendable {
    private let limit: Int
    private let deadline: ContinuousClock.Instant
    private let current = Atomic<Int>(0)
    private let peak = Atomic<Int>(0)
    private let read = Atomic<Int>(0)
    /// Nanoseconds that others took while this query waited for them.
    private let waited = Atomic<Int64>(0)
    private let isWaiting = Atomic<Bool>(false)

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

    // MARK: Time

    /// The time that is left; `nil` while the query waits for others, which costs it none.
    var timeLeft: Duration? {
        if isWaiting.load(ordering: .acquiring) { return nil }
        return deadline - .now + waitedTime
    }

    /// The time that others took.
    var waitedTime: Duration { .nanoseconds(waited.load(ordering: .relaxed)) }

    /// Throws where the time is over or the one who asked has gone.
    func check(_ stage: String = "expression evaluation") throws(PromQLError) {
        if ContinuousClock.now >= deadline + waitedTime { throw .timedOut(stage: stage) }
        if Task.isCancelled { throw .cancelled(stage: stage) }
    }

    /// Does `body`, whose time is not the query's.
    func waiting<Value>(
        _ body: () async throws(PromQLError) -> Value
    ) async throws(PromQLError) -> Value {
        let start = ContinuousClock.now
        isWaiting.store(true, ordering: .releasing)
        defer {
            let time = (ContinuousClock.now - start) / .nanoseconds(1)
            waited.wrappingAdd(Int64(time), ordering: .relaxed)
            isWaiting.store(false, ordering: .releasing)
        }
        return try await body()
    }
}

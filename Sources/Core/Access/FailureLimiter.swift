import Model

/// How many failed attempts each neighbour has left: a bucket that fills up again with time.
struct FailureLimiter: Sendable {
    private struct Bucket {
        var spent: Double
        var at: Timestamp
    }

    private let burst: Double
    private let refill: TimeSpan
    private let neighbourLimit: Int
    private var buckets: [IPAddress: Bucket] = [:]

    /// - Parameters:
    ///   - burst: How many attempts may fail at once.
    ///   - refill: How long it takes until one more may.
    ///   - neighbourLimit: How many neighbours are remembered; past it all are forgotten, so that
    ///     memory stays bounded.
    init(burst: Int, refill: TimeSpan, neighbourLimit: Int = 10_000) {
        self.burst = Double(burst)
        self.refill = refill
        self.neighbourLimit = neighbourLimit
    }

    /// Counts a failed attempt.
    mutating func noteFailure(from address: IPAddress, now: Timestamp) {
        let neighbour = address.neighbour
        if buckets[neighbour] == nil, buckets.count >= neighbourLimit { buckets.removeAll() }
        let spent = min(burst, spent(neighbour, now) + 1)
        buckets[neighbour] = Bucket(spent: spent, at: now)
    }

    /// How long `address` has to wait for its next attempt, or `nil` if it need not.
    func wait(for address: IPAddress, now: Timestamp) -> TimeSpan? {
        let over = spent(address.neighbour, now) - burst + 1
        guard over > 0 else { return nil }
        return TimeSpan(
            milliseconds: max(1, Int64((over * Double(refill.milliseconds)).rounded(.up))))
    }

    private func spent(_ neighbour: IPAddress, _ now: Timestamp) -> Double {
        guard let bucket = buckets[neighbour] else { return 0 }
        // A clock that was set back gives nothing back, and takes nothing.
        let passed = Double(max(0, now.milliseconds - bucket.at.milliseconds))
        return max(0, bucket.spent - passed / Double(refill.milliseconds))
    }
}

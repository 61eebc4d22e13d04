import Synchronization

/// A histogram of durations, in seconds.
public final class Timing: Sendable {
    /// The upper bounds of the buckets, in seconds.
    public static let bounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    // Counts of each bucket alone, the last for what is over every bound; summed up when read.
    private let buckets: [Counter] = (0...Timing.bounds.count).map { _ in Counter() }
    private let nanoseconds = Counter()

    /// A histogram of nothing.
    public init() {}

    /// Counts one duration.
    public func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let value = Double(seconds) + Double(attoseconds) / 1e18
        buckets[Timing.bounds.firstIndex { value <= $0 } ?? Timing.bounds.count].add()
        nanoseconds.add(max(0, Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)))
    }

    /// Runs `body` and counts how long it took, whether it threw or not.
    public func measure<Result, Failure: Error>(
        _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let start = ContinuousClock.now
        defer { record(ContinuousClock.now - start) }
        return try await body()
    }

    /// What has been counted: cumulated counts per bound, all of them, and the sum in seconds.
    public var snapshot: (cumulative: [UInt64], count: UInt64, sum: Double) {
        var total: UInt64 = 0
        var cumulative: [UInt64] = []
        for bucket in buckets {
            total += bucket.value
            cumulative.append(total)
        }
        cumulative.removeLast()
        return (cumulative, total, Double(nanoseconds.value) / 1e9)
    }
}

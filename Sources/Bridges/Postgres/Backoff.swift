/// How long to wait before the next try: longer each time, never the same for two that wait.
public struct Backoff: Sendable {
    private let shortest: Duration
    private let longest: Duration
    private var failures = 0

    /// Waits between `shortest` and `longest`, which bounds how late a return is noticed.
    public init(from shortest: Duration = .milliseconds(100), to longest: Duration = .seconds(2)) {
        self.shortest = shortest
        self.longest = longest
    }

    /// The wait after one more failure: between half and all of a bound that doubles.
    ///
    /// `jitter` is random, from 0 to 1.
    public mutating func next(jitter: Double = .random(in: 0...1)) -> Duration {
        let bound = min(longest, shortest * (1 << min(failures, 20)))
        failures += 1
        return bound * (0.5 + jitter / 2)
    }

    /// Forgets the failures.
    public mutating func reset() { failures = 0 }
}

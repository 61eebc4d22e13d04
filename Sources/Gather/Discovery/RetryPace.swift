/// How long to wait before the next try: longer each time, never the same for two that wait.
struct RetryPace: Sendable {
    private let shortest: Duration
    private let longest: Duration
    private var failures = 0

    /// Waits between half of `shortest` and all of `longest`.
    init(from shortest: Duration = .seconds(1), to longest: Duration = .seconds(30)) {
        self.shortest = shortest
        self.longest = longest
    }

    /// The wait after one more failure: between half and all of a bound that doubles.
    ///
    /// `jitter` is random, from 0 to 1.
    mutating func next(jitter: Double = .random(in: 0...1)) -> Duration {
        let bound = min(longest, shortest * (1 << min(failures, 20)))
        failures += 1
        return bound * (0.5 + jitter / 2)
    }

    /// Forgets the failures.
    mutating func reset() { failures = 0 }

    /// Waits after one more failure, or until the task is cancelled.
    mutating func pause() async {
        // Lost is only that the sleep was cut short; who calls looks at the task itself.
        try? await Task.sleep(for: next())
    }
}

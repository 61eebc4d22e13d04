/// The instants at which a part of an expression is evaluated: evenly spaced, oldest first.
struct Steps: Sendable, Hashable {
    /// The first instant, in milliseconds.
    let start: Int64
    /// Milliseconds from one to the next.
    let interval: Int64
    /// How many there are; may be zero.
    let count: Int

    /// The instants from `start` to `end`, which may be left out by the interval.
    init(from start: Int64, through end: Int64, every interval: Int64) {
        self.start = start
        self.interval = max(1, interval)
        count = end < start ? 0 : Int((end - start) / self.interval) + 1
    }

    /// One instant.
    static func one(_ time: Int64) -> Steps { Steps(from: time, through: time, every: 1) }

    /// The last instant; `start` where there is none.
    var last: Int64 { start + Int64(max(0, count - 1)) * interval }

    /// The instant at a place.
    @inline(__always)
    subscript(index: Int) -> Int64 { start + Int64(index) * interval }

    /// The first instant alone.
    var first: Steps { .one(start) }
}

/// When a selector or subquery looks, seen from each step: `@` and `offset` resolved.
struct Reference: Sendable, Hashable {
    /// The instant that `@` names.
    var at: Int64?
    /// How far back, in milliseconds.
    var offset: Int64

    /// The instant that is looked at from `step`.
    @inline(__always)
    func time(from step: Int64) -> Int64 { (at ?? step) &- offset }

    /// What is looked at over all of `steps`: first and last instant.
    func span(over steps: Steps) -> ClosedRange<Int64> {
        let first = time(from: steps.start)
        return first...max(first, time(from: steps.last))
    }
}

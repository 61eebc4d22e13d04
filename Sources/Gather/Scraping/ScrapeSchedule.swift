import Model

/// When a target is scraped: at fixed instants of the wall clock, the same on every replica.
///
/// The phase comes from the target's identity alone, so that targets spread over the interval and
/// a restart goes on where it stopped.
struct ScrapeSchedule: Sendable, Hashable {
    /// How far apart the ticks are, in milliseconds; at least 1.
    let interval: Int64
    /// The milliseconds of a tick since a multiple of the interval.
    let phase: Int64

    /// The schedule of whoever has this hash.
    init(interval: TimeSpan, hash: UInt64) {
        self.interval = max(1, interval.milliseconds)
        // A hash's low bits are as good as all of it, where it is mixed once more.
        let mixed = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        phase = Int64((mixed >> 16) % UInt64(self.interval))
    }

    /// The first tick after an instant, which is in nanoseconds since 1970.
    func tick(after nanoseconds: Int64) -> Timestamp {
        let now = nanoseconds.flooringDivision(by: 1_000_000)
        let since = (now - phase).flooringDivision(by: interval)
        return Timestamp(milliseconds: phase + (since + 1) * interval)
    }

    /// How many ticks lie after `first` and up to an instant.
    func ticks(after first: Timestamp, upTo nanoseconds: Int64) -> Int64 {
        let now = nanoseconds.flooringDivision(by: 1_000_000)
        return max(0, (now - first.milliseconds).flooringDivision(by: interval))
    }

    /// What a scrape's samples are stamped with: the planned tick where it began within 2 ms and
    /// 1 % of it, else the instant when it began.
    func timestamp(planned: Timestamp, began nanoseconds: Int64) -> Timestamp {
        let distance = abs(nanoseconds - planned.milliseconds * 1_000_000)
        let tolerance = min(2_000_000, interval * 10_000)
        guard distance > tolerance else { return planned }
        return Timestamp(milliseconds: nanoseconds.flooringDivision(by: 1_000_000))
    }
}

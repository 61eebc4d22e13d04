import Glibc

/// A moment of the monotonic clock, in nanoseconds.
typealias Instant = Int64

/// What the monotonic clock says now.
func monotonicNow() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(time.tv_sec) * 1_000_000_000 + Instant(time.tv_nsec)
}

extension Duration {
    /// Whole nanoseconds; a hundred years at most, so that sums with moments do not overflow.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return min(max(0, seconds), 3_155_760_000) * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}

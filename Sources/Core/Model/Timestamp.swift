/// An instant: milliseconds since the beginning of 1970, UTC.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970; negative before.
    public let milliseconds: Int64

    /// The instant `milliseconds` after the beginning of 1970.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Before every instant that is stored.
    public static let distantPast = Timestamp(milliseconds: .min)
    /// After every instant that is stored.
    public static let distantFuture = Timestamp(milliseconds: .max)

    /// Whether `left` comes first.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The instant `span` later; stops at the ends of what fits.
    public static func + (time: Timestamp, span: TimeSpan) -> Timestamp {
        let (sum, overflow) = time.milliseconds.addingReportingOverflow(span.milliseconds)
        guard overflow else { return Timestamp(milliseconds: sum) }
        return span.milliseconds < 0 ? .distantPast : .distantFuture
    }

    /// The instant `span` earlier; stops at the ends of what fits.
    public static func - (time: Timestamp, span: TimeSpan) -> Timestamp {
        time + TimeSpan(milliseconds: -span.milliseconds)
    }
}

import Glibc

/// The time of day, for what needs it as an argument.
public enum WallClock {
    /// The instant it is now.
    public static var now: Timestamp { Timestamp(milliseconds: nanoseconds / 1_000_000) }

    /// Nanoseconds since 1970.
    public static var nanoseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension Timestamp: CustomStringConvertible {
    /// The instant in UTC, as RFC 3339 writes it: `2026-01-02T03:04:05.678Z`.
    public var description: String {
        let days = milliseconds.flooringDivision(by: 86_400_000)
        let rest = milliseconds - days * 86_400_000
        let date = CivilDate(daysSince1970: days)
        return Self.padded(date.year, 4) + "-" + Self.padded(Int64(date.month), 2) + "-"
            + Self.padded(Int64(date.day), 2) + "T" + Self.padded(rest / 3_600_000, 2) + ":"
            + Self.padded(rest / 60_000 % 60, 2) + ":" + Self.padded(rest / 1000 % 60, 2) + "."
            + Self.padded(rest % 1000, 3) + "Z"
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value.magnitude)
        let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count))
        return (value < 0 ? "-" : "") + zeros + digits
    }
}

/// A day of the Gregorian calendar, reckoned without time zones.
public struct CivilDate: Sendable, Hashable {
    /// The year; 0 is the year before 1.
    public let year: Int64
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int

    /// The day `days` after 1970-01-01.
    ///
    /// Counts in eras of 400 years that begin on a 1 March, so that leap days come last.
    public init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooringDivision(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension Int64 {
    /// The quotient rounded towards the past, where `/` rounds towards zero.
    public func flooringDivision(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

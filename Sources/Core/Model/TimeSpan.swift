/// A length of time in milliseconds, read and written as Prometheus does: `1h30m`.
public struct TimeSpan: Sendable, Hashable, Comparable {
    /// The length in milliseconds.
    public let milliseconds: Int64

    /// A span of this length.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// A span of whole seconds.
    public static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count * 1000) }
    /// A span of whole minutes.
    public static func minutes(_ count: Int64) -> TimeSpan { .seconds(count * 60) }
    /// A span of whole hours.
    public static func hours(_ count: Int64) -> TimeSpan { .seconds(count * 3600) }
    /// A span of whole days of 24 hours.
    public static func days(_ count: Int64) -> TimeSpan { .seconds(count * 86_400) }
    /// No time at all.
    public static let zero = TimeSpan(milliseconds: 0)

    /// The length in seconds.
    public var seconds: Double { Double(milliseconds) / 1000 }
    /// The length for Swift's clocks.
    public var duration: Duration { .milliseconds(milliseconds) }

    /// Whether `left` is shorter.
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.milliseconds < right.milliseconds
    }

    private struct Unit {
        let name: String
        let milliseconds: Int64
        /// Written only where nothing smaller is left, as Prometheus does: weeks become days.
        var isWrittenAlone = false
    }

    // Largest first: the order in which they may stand, each once.
    private static let units = [
        Unit(name: "y", milliseconds: 31_536_000_000, isWrittenAlone: true),
        Unit(name: "w", milliseconds: 604_800_000, isWrittenAlone: true),
        Unit(name: "d", milliseconds: 86_400_000),
        Unit(name: "h", milliseconds: 3_600_000),
        Unit(name: "m", milliseconds: 60_000),
        Unit(name: "s", milliseconds: 1000),
        Unit(name: "ms", milliseconds: 1),
    ]

    // Prometheus counts in nanoseconds, so that this is all that it can hold.
    private static let longest = Int64.max / 1_000_000

    /// Reads whole numbers with units from years to milliseconds, each unit once and in falling
    /// order; `0` needs no unit.
    public init(_ text: String) throws(ModelError) {
        guard text != "0" else {
            self = .zero
            return
        }
        var rest = text.utf8[...]
        var allowed = Self.units[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { throw .duration(text) }
        while !rest.isEmpty {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            let name = rest.dropFirst(digits.count).prefix {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
            }
            guard !digits.isEmpty,
                let index = allowed.firstIndex(where: { $0.name.utf8.elementsEqual(name) })
            else { throw .duration(text) }
            guard let count = Int64(String(Substring(digits))) else { throw .durationTooLong(text) }
            let (part, tooLong) = count.multipliedReportingOverflow(by: allowed[index].milliseconds)
            let (sum, tooLongInAll) = total.addingReportingOverflow(part)
            guard !tooLong, !tooLongInAll, sum <= Self.longest else { throw .durationTooLong(text) }
            total = sum
            allowed = allowed[(index + 1)...]
            rest = rest.dropFirst(digits.count + name.count)
        }
        milliseconds = total
    }
}

extension TimeSpan: CustomStringConvertible {
    /// The span in Prometheus's form: `1m`, `1h30m`, `2w`, `15d`.
    public var description: String {
        guard milliseconds != 0 else { return "0s" }
        var rest = milliseconds.magnitude
        var text = milliseconds < 0 ? "-" : ""
        for unit in Self.units {
            let size = UInt64(unit.milliseconds)
            let count = rest / size
            guard count > 0, !unit.isWrittenAlone || rest % size == 0 else { continue }
            text += "\(count)\(unit.name)"
            rest -= count * size
        }
        return text
    }
}

// Head: what every live series said in the last hours, compressed, in memory.
// In: batches of clocks (`SampleSink`). Out: series (`SeriesSource`), windows for who seals them.
// Start at `TickLog` for what leaves, at `ClockWindow` for what is sealed. Knows no database.
// Imports: Model, RE2, Telemetry, Threads.

/// A clock of this process: what `ClockKey` names, as a small number.
public struct ClockID: Sendable, Hashable {
    /// The number, from 0; never used for another clock.
    public let number: UInt32

    /// The clock with this number.
    public init(number: UInt32) { self.number = number }
}

/// A label set of this process, whichever clocks speak of it, as a small number.
///
/// A number that is free again goes to another label set at the earliest when nothing that its
/// owner said is in memory any more; whoever keeps numbers hears of it in `Tick.introduced`.
public struct SeriesID: Sendable, Hashable {
    /// The number, from 0.
    public let number: UInt32

    /// The series with this number.
    public init(number: UInt32) { self.number = number }
}

/// What stands in a row where a series said nothing: a NaN of its own, told by its bits alone.
///
/// A sample that has these very bits is kept as the ordinary NaN.
public enum Absent {
    /// The bits.
    public static let bits: UInt64 = 0xfff4_5745_4952_0001
    /// The bits as a value.
    public static let value = Double(bitPattern: bits)
}

extension Double {
    /// Whether a series said nothing here.
    @inline(__always)
    public var isAbsent: Bool { bitPattern == Absent.bits }
}

public import Model

/// A clock and what memory holds of it.
public struct ClockStatus: Sendable {
    /// Its number.
    public let clock: ClockID
    /// What it is.
    public let key: ClockKey
    /// How often it ticks, where that is known.
    public let interval: TimeSpan?
    /// Whether somebody writes to it.
    public let isOpen: Bool
    /// The instants of the ticks in memory, from the oldest to the newest; `nil` where there is none.
    public let ticks: ClosedRange<Timestamp>?
    /// How many ticks are in memory.
    public let tickCount: Int
}

/// What one clock said at its ticks in a range of time: a snapshot that nothing changes any more.
///
/// Columns stay compressed until they are read, one by one.
public struct ClockWindow: Sendable {
    /// Whose ticks.
    public let clock: ClockID
    /// The ticks, oldest first.
    public let times: [Timestamp]
    /// The series that may have said something at them, each once.
    public let series: [SeriesID]
    /// Samples beside the ticks in the same range, by series and time, each instant once.
    public let loose: [LooseSample]
    /// Native histograms in the same range, by series and time.
    public let histograms: [PlacedHistogram]
    let columns: any WindowColumns

    /// Reads what the series at `index` of `series` said at each of `times` into `column`, `Absent`
    /// where it said nothing; `false` where it said nothing at all.
    ///
    /// `column` gets the length of `times`, and its old room is used again.
    public func read(_ index: Int, into column: inout [Double]) -> Bool {
        columns.read(index, into: &column)
    }
}

/// Where a window's columns come from.
protocol WindowColumns: Sendable {
    func read(_ index: Int, into column: inout [Double]) -> Bool
}

/// What whoever seals asks of the head.
public protocol WindowSource: Sendable {
    /// Every clock that has ticks in memory or a writer.
    func clocks() -> [ClockStatus]

    /// The ticks of `clock` from `start` and before `end`, as they are now; `nil` where it has none.
    ///
    /// Nobody waits for it, and it waits for nobody but for moments.
    func window(of clock: ClockID, from start: Timestamp, before end: Timestamp) -> ClockWindow?

    /// Everything that `clock` said before `end` is safe elsewhere, and may leave memory.
    ///
    /// It leaves at once for readers; series that say nothing any more leave the index.
    func drop(_ clock: ClockID, before end: Timestamp)

    /// The labels of `series`, or `nil` where the number means nothing any more.
    func labels(of series: SeriesID) -> Labels?
}

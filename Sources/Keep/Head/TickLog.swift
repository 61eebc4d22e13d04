public import Model

/// What hears of every batch as it enters the head, and keeps it longer than memory does.
///
/// The head calls on the writer's thread, for one clock in the order of its batches, for different
/// clocks at the same time: an implementation only puts what it gets into a queue.
public protocol TickLog: Sendable {
    /// A clock is written from now on; it may have been open before in this process.
    func opened(_ clock: ClockID, as key: ClockKey, interval: TimeSpan?)

    /// Takes `tick` whole; a throw means that the head takes nothing of it either.
    ///
    /// What a refused tick introduced and placed is told again with the next one.
    func take(_ tick: Tick) throws(SinkError)

    /// What these series said in `range` is to be forgotten: `places` is where in the rows of the
    /// clock they stand. It hears of each clock that is in memory.
    func erased(
        _ clock: ClockID, series: Set<SeriesID>, places: [Placement],
        in range: ClosedRange<Timestamp>)

    /// No more is written to the clock, until it is opened again.
    func closed(_ clock: ClockID)

    /// Returns once all that was taken before this call is safe.
    func settle() async throws(SinkError)
}

/// One batch as it entered the head: it is stored whole or not at all.
///
/// Most batches have rows alone. Rows go by tiles: at most `Tick.tileWidth` series that stand side
/// by side since each of them was placed there.
public struct Tick: Sendable {
    /// The most positions of a tile.
    public static let tileWidth = 128

    /// Whose it is.
    public var clock: ClockID
    /// The instant of all rows.
    public var time: Timestamp
    /// Whether there are rows; `false` for a batch whose instant is not after the one before, whose
    /// samples all stand in `loose`.
    public var isTick: Bool

    /// Numbers that this clock uses for the first time, or for other labels than before.
    public var introduced: [IntroducedSeries] = []
    /// Where series stand from this tick on.
    public var placed: [Placement] = []
    /// The tiles that have a row.
    public var tiles: [TileRow] = []
    /// The rows of `tiles`, one after the other; `Absent` where a position said nothing.
    public var values: [Double] = []
    /// Samples beside the rows: with an instant of their own, late or out of order.
    ///
    /// Among samples of one series and instant the one that was told last counts, and a loose one
    /// before a row's.
    public var loose: [LooseSample] = []

    /// Families whose type, unit or help is new.
    public var metadata: [FamilyMetadata] = []
    /// Exemplars.
    public var exemplars: [PlacedExemplar] = []
    /// Native histograms.
    public var histograms: [PlacedHistogram] = []

    /// A batch of nothing.
    public init(clock: ClockID, time: Timestamp, isTick: Bool) {
        self.clock = clock
        self.time = time
        self.isTick = isTick
    }
}

/// What a series' number means.
public struct IntroducedSeries: Sendable {
    /// The number.
    public let series: SeriesID
    /// Its labels, the metric's name among them.
    public let labels: Labels

    /// `series` means `labels`.
    public init(series: SeriesID, labels: Labels) {
        self.series = series
        self.labels = labels
    }
}

/// Where in the rows of a clock a series stands.
///
/// Whoever stood there before has said nothing that is still in memory.
public struct Placement: Sendable, Hashable {
    /// Who stands there.
    public let series: SeriesID
    /// The tile, numbered per clock, in this process, from 0.
    public let tile: UInt32
    /// The position in its rows, below `Tick.tileWidth`.
    public let position: UInt8

    /// `series` stands there.
    public init(series: SeriesID, tile: UInt32, position: UInt8) {
        self.series = series
        self.tile = tile
        self.position = position
    }
}

/// A tile's part of the values of a tick.
public struct TileRow: Sendable, Hashable {
    /// The tile.
    public let tile: UInt32
    /// How many positions the row has; those behind them said nothing.
    public let width: Int

    /// A row of `width` positions.
    public init(tile: UInt32, width: Int) {
        self.tile = tile
        self.width = width
    }
}

/// A sample that stands in no row.
public struct LooseSample: Sendable, Hashable {
    /// Whose it is.
    public let series: SeriesID
    /// When.
    public let time: Timestamp
    /// What.
    public let value: Double

    /// A sample of these.
    public init(series: SeriesID, time: Timestamp, value: Double) {
        self.series = series
        self.time = time
        self.value = value
    }
}

/// An exemplar; one without a time of its own has the tick's.
public struct PlacedExemplar: Sendable, Hashable {
    /// Whose it is.
    public let series: SeriesID
    /// Its own labels.
    public let labels: Labels
    /// What was observed.
    public let value: Double
    /// When.
    public let time: Timestamp

    /// An exemplar of `series`.
    public init(series: SeriesID, labels: Labels, value: Double, time: Timestamp) {
        self.series = series
        self.labels = labels
        self.value = value
        self.time = time
    }
}

/// A native histogram; one without a time of its own has the tick's.
public struct PlacedHistogram: Sendable, Hashable {
    /// Whose it is.
    public let series: SeriesID
    /// When, and what.
    public let point: HistogramPoint

    /// A histogram of `series`.
    public init(series: SeriesID, point: HistogramPoint) {
        self.series = series
        self.point = point
    }
}

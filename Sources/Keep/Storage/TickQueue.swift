import Head
import Model

/// Ticks that wait for the database, bounded by what they take in memory.
///
/// What ticks say of series and places is kept apart: it is never dropped, or later ticks would
/// mean nothing.
struct TickQueue: Sendable {
    /// What has to be known before any tick of a batch is written.
    struct News: Sendable {
        var opened: [(clock: ClockID, key: ClockKey, interval: TimeSpan?)] = []
        var introduced: [IntroducedSeries] = []
        var placed: [(clock: ClockID, placement: Placement)] = []
        var metadata: [(clock: ClockID, time: Timestamp, family: FamilyMetadata)] = []
    }

    /// Ticks in the order in which they came, and the news among them.
    struct Batch: Sendable {
        var news: News
        var ticks: [Tick]
        /// The number of the last tick that was taken before the batch was.
        var last: UInt64
    }

    private(set) var news = News()
    private var ticks: [Tick] = []
    private var first = 0
    private(set) var byteCount = 0
    /// How many ticks were ever taken.
    private(set) var taken: UInt64 = 0
    let byteLimit: Int

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    var count: Int { ticks.count - first }
    var isEmpty: Bool {
        count == 0 && news.opened.isEmpty && news.introduced.isEmpty && news.placed.isEmpty
            && news.metadata.isEmpty
    }

    mutating func open(_ clock: ClockID, _ key: ClockKey, _ interval: TimeSpan?) {
        news.opened.append((clock, key, interval))
    }

    /// Appends `tick`; gives those that had to go for it, the oldest first.
    mutating func take(_ tick: Tick) -> [Tick] {
        var tick = tick
        news.introduced += tick.introduced
        news.placed += tick.placed.map { (tick.clock, $0) }
        news.metadata += tick.metadata.map { (tick.clock, tick.time, $0) }
        tick.introduced = []
        tick.placed = []
        tick.metadata = []
        taken += 1
        byteCount += Self.size(of: tick)
        ticks.append(tick)
        var dropped: [Tick] = []
        while byteCount > byteLimit, count > 1 {
            dropped.append(ticks[first])
            byteCount -= Self.size(of: ticks[first])
            first += 1
        }
        if first > 1024, first * 2 > ticks.count {
            ticks.removeSubrange(..<first)
            first = 0
        }
        return dropped
    }

    /// Takes out what waits, as much as fits one transaction.
    mutating func nextBatch(byteLimit: Int) -> Batch {
        var end = first
        var size = 0
        while end < ticks.count, size < byteLimit {
            size += Self.size(of: ticks[end])
            end += 1
        }
        let batch = Batch(
            news: news, ticks: Array(ticks[first..<end]), last: taken - UInt64(ticks.count - end))
        news = News()
        byteCount -= size
        if end == ticks.count {
            ticks.removeAll(keepingCapacity: true)
            first = 0
        } else {
            first = end
        }
        return batch
    }

    /// Puts a batch back that could not be written, in front of what came after it.
    mutating func putBack(_ batch: Batch) {
        news.opened.insert(contentsOf: batch.news.opened, at: 0)
        news.introduced.insert(contentsOf: batch.news.introduced, at: 0)
        news.placed.insert(contentsOf: batch.news.placed, at: 0)
        news.metadata.insert(contentsOf: batch.news.metadata, at: 0)
        ticks = batch.ticks + ticks[first...]
        first = 0
        byteCount += batch.ticks.reduce(0) { $0 + Self.size(of: $1) }
    }

    /// Takes what some series of a clock said in `range` out of the ticks that wait.
    mutating func erase(
        _ clock: ClockID, _ series: Set<SeriesID>, _ places: [Placement],
        in range: ClosedRange<Timestamp>
    ) {
        for index in first..<ticks.count where ticks[index].clock == clock {
            byteCount -= Self.size(of: ticks[index])
            ticks[index].erase(series, places, in: range)
            byteCount += Self.size(of: ticks[index])
        }
    }

    static func size(of tick: Tick) -> Int {
        200 + tick.values.count * 8 + tick.tiles.count * 16 + tick.loose.count * 24
            + tick.exemplars.count * 200 + tick.histograms.count * 500
    }
}

extension Tick {
    fileprivate mutating func erase(
        _ series: Set<SeriesID>, _ places: [Placement], in range: ClosedRange<Timestamp>
    ) {
        loose.removeAll { series.contains($0.series) && range.contains($0.time) }
        exemplars.removeAll { series.contains($0.series) && range.contains($0.time) }
        histograms.removeAll { series.contains($0.series) && range.contains($0.point.time) }
        guard range.contains(time) else { return }
        var start = 0
        for row in tiles {
            for place in places where place.tile == row.tile && Int(place.position) < row.width {
                values[start + Int(place.position)] = Absent.value
            }
            start += row.width
        }
    }
}

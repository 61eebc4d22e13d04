import Head
import Model

/// What numbers mean now, and which of that the file being written has told already.
struct SpoolDirectory {
    enum Outcome { case fine, contradiction }

    /// The file that was told what `told…` say.
    private(set) var segment: UInt64?
    private var clocks: [UInt32: (key: ClockKey, interval: TimeSpan?)] = [:]
    /// Who stands where, as number + 1; 0 where nobody does.
    private var tiles: [UInt64: [UInt32]] = [:]

    private var toldClocks: Set<UInt32> = []
    private var toldTiles: Set<UInt64> = []
    /// What was told of a series: its labels' hash.
    private var toldSeries: [UInt32: UInt64] = [:]
    /// Places in tiles that were told before somebody came there.
    private var untold: [(clock: ClockID, placement: Placement)] = []

    private static func key(_ clock: ClockID, _ tile: UInt32) -> UInt64 {
        UInt64(clock.number) << 32 | UInt64(tile)
    }

    /// Hears of clocks and places; a contradiction with what the file was told needs another file.
    mutating func note(_ news: TickQueue.News) -> Outcome {
        var outcome = Outcome.fine
        for opened in news.opened {
            clocks[opened.clock.number] = (opened.key, opened.interval)
        }
        for one in news.introduced {
            if let hash = toldSeries[one.series.number], hash != one.labels.stableHash {
                outcome = .contradiction
            }
        }
        for (clock, placement) in news.placed {
            let key = Self.key(clock, placement.tile)
            let place = Int(placement.position)
            let before = tiles[key]?[place] ?? 0
            tiles[key, default: Array(repeating: 0, count: Tick.tileWidth)][place] =
                placement.series.number + 1
            guard toldTiles.contains(key), before != placement.series.number + 1 else { continue }
            if before != 0 { outcome = .contradiction }
            untold.append((clock, placement))
        }
        return outcome
    }

    /// The next record goes to file `segment`.
    mutating func begin(_ segment: UInt64) {
        if self.segment != segment { forgetTold() }
        self.segment = segment
    }

    /// Nothing was told: of a new file, or of one whose end is unsure.
    mutating func forgetTold() {
        segment = nil
        toldClocks = []
        toldTiles = []
        toldSeries = [:]
        untold = []
    }

    /// All that has to be told before the ticks of `batch`; from then on it counts as told.
    mutating func news(
        for batch: TickQueue.Batch, _ labels: (SeriesID) -> Labels?
    ) -> TickQueue.News {
        var news = TickQueue.News()
        news.metadata = batch.news.metadata
        var introduced: [SeriesID: Labels] = [:]
        for one in batch.news.introduced { introduced[one.series] = one.labels }
        func tell(_ series: SeriesID, _ told: inout [UInt32: UInt64]) {
            guard told[series.number] == nil,
                let labels = introduced[series] ?? labels(series)
            else { return }
            told[series.number] = labels.stableHash
            news.introduced.append(IntroducedSeries(series: series, labels: labels))
        }
        func tell(_ clock: ClockID, _ told: inout Set<UInt32>) {
            guard told.insert(clock.number).inserted, let known = clocks[clock.number] else {
                return
            }
            news.opened.append((clock, known.key, known.interval))
        }
        for (clock, placement) in untold {
            tell(clock, &toldClocks)
            tell(placement.series, &toldSeries)
            news.placed.append((clock, placement))
        }
        untold = []
        for one in news.metadata { tell(one.clock, &toldClocks) }
        for tick in batch.ticks {
            tell(tick.clock, &toldClocks)
            for row in tick.tiles {
                let key = Self.key(tick.clock, row.tile)
                guard toldTiles.insert(key).inserted, let tile = tiles[key] else { continue }
                for place in tile.indices where tile[place] != 0 {
                    let series = SeriesID(number: tile[place] - 1)
                    tell(series, &toldSeries)
                    news.placed.append(
                        (
                            tick.clock,
                            Placement(series: series, tile: row.tile, position: UInt8(place))
                        ))
                }
            }
            for sample in tick.loose { tell(sample.series, &toldSeries) }
            for exemplar in tick.exemplars { tell(exemplar.series, &toldSeries) }
            for histogram in tick.histograms { tell(histogram.series, &toldSeries) }
        }
        return news
    }
}

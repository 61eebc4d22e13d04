import Head
import Model

/// What the numbers in the spool's files mean, and the database's numbers for it.
///
/// Files of one run nearly always agree, so that a later one costs no question to the database.
struct SpoolKnowledge: Sendable {
    /// The run whose numbers these are.
    let run: String
    var ids: Identities
    /// What the database was not told yet.
    var pending = TickQueue.News()
    private var clocks: Set<UInt32> = []
    private var series: [UInt32: UInt64] = [:]
    /// Who stands where, as number + 1.
    private var tiles: [UInt64: [UInt32]] = [:]

    init(run: String, ids: Identities) { (self.run, self.ids) = (run, ids) }

    private static func key(_ clock: ClockID, _ tile: UInt32) -> UInt64 {
        UInt64(clock.number) << 32 | UInt64(tile)
    }

    /// Learns `news`; false, and nothing learned, where they contradict what is known.
    mutating func take(_ news: TickQueue.News) -> Bool {
        for one in news.introduced {
            if let known = series[one.series.number], known != one.labels.stableHash {
                return false
            }
        }
        for (clock, placement) in news.placed {
            let known = tiles[Self.key(clock, placement.tile)]?[Int(placement.position)] ?? 0
            if known != 0, known != placement.series.number + 1 { return false }
        }
        for one in news.opened where clocks.insert(one.clock.number).inserted {
            pending.opened.append(one)
        }
        for one in news.introduced
        where series.updateValue(one.labels.stableHash, forKey: one.series.number) == nil {
            pending.introduced.append(one)
        }
        for (clock, placement) in news.placed {
            let key = Self.key(clock, placement.tile)
            let place = Int(placement.position)
            if tiles[key]?[place] == placement.series.number + 1 { continue }
            tiles[key, default: Array(repeating: 0, count: Tick.tileWidth)][place] =
                placement.series.number + 1
            pending.placed.append((clock, placement))
        }
        return true
    }

    /// How many samples of `ticks` stand where nobody is known to stand: what told of them is gone.
    func unknownSamples(in ticks: [Tick]) -> Int {
        var unknown = 0
        for tick in ticks {
            guard clocks.contains(tick.clock.number) else {
                unknown += tick.sampleCount
                continue
            }
            var start = 0
            for row in tick.tiles {
                let tile = tiles[Self.key(tick.clock, row.tile)]
                for place in 0..<row.width where !tick.values[start + place].isAbsent {
                    if tile?[place] ?? 0 == 0 { unknown += 1 }
                }
                start += row.width
            }
        }
        return unknown
    }
}

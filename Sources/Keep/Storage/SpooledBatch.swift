import Head
import Model

/// What one record of the spool says: ticks, and all that has to be known before they are written.
///
/// Numbers mean what the run `run` meant by them, and what the records before in the same file told.
struct SpooledBatch: Sendable {
    var run: String
    var news: TickQueue.News
    var ticks: [Tick]

    private static let version: UInt8 = 1

    /// The batch as bytes.
    var bytes: [UInt8] {
        var out = SpoolBytes()
        out.byte(Self.version)
        out.text(run)
        out.list(news.opened) { out, opened in
            out.number(opened.clock.number)
            out.text(opened.key.kind.rawValue)
            out.text(opened.key.name)
            out.text(opened.key.place)
            out.labels(opened.key.labels)
            out.signed(opened.interval?.milliseconds ?? -1)
        }
        out.list(news.introduced) { out, one in
            out.number(one.series.number)
            out.labels(one.labels)
        }
        out.list(news.placed) { out, placed in
            out.number(placed.clock.number)
            out.number(placed.placement.series.number)
            out.number(placed.placement.tile)
            out.byte(placed.placement.position)
        }
        out.list(news.metadata) { out, one in
            out.number(one.clock.number)
            out.time(one.time)
            out.text(one.family.family)
            out.text(one.family.metadata.type.rawValue)
            out.text(one.family.metadata.unit)
            out.text(one.family.metadata.help)
        }
        out.list(ticks, Self.write)
        return out.bytes
    }

    private static func write(_ out: inout SpoolBytes, _ tick: Tick) {
        out.number(tick.clock.number)
        out.time(tick.time)
        out.byte(tick.isTick ? 1 : 0)
        out.list(tick.tiles) { out, row in
            out.number(row.tile)
            out.number(row.width)
        }
        out.number(tick.values.count)
        out.doubles(tick.values)
        out.list(tick.loose) { out, sample in
            out.number(sample.series.number)
            out.time(sample.time)
            out.double(sample.value)
        }
        out.list(tick.exemplars) { out, exemplar in
            out.number(exemplar.series.number)
            out.labels(exemplar.labels)
            out.double(exemplar.value)
            out.time(exemplar.time)
        }
        out.list(tick.histograms) { out, one in
            out.number(one.series.number)
            out.block(HistogramCodec.encode([one.point]))
        }
    }

    init(run: String, news: TickQueue.News, ticks: [Tick]) {
        (self.run, self.news, self.ticks) = (run, news, ticks)
    }

    /// The batch that `bytes` are.
    init(_ bytes: [UInt8]) throws(NotSpooled) {
        var reader = SpoolReader(bytes)
        guard try reader.byte() == Self.version else { throw NotSpooled() }
        run = try reader.text()
        news = TickQueue.News()
        news.opened = try reader.list { reader throws(NotSpooled) in
            let clock = ClockID(number: try reader.number())
            guard let kind = ClockKey.Kind(rawValue: try reader.text()) else { throw NotSpooled() }
            let key = ClockKey(
                kind: kind, name: try reader.text(), place: try reader.text(),
                labels: try reader.labels())
            let interval = try reader.signed()
            return (clock, key, interval < 0 ? nil : TimeSpan(milliseconds: interval))
        }
        news.introduced = try reader.list { reader throws(NotSpooled) in
            IntroducedSeries(
                series: SeriesID(number: try reader.number()), labels: try reader.labels())
        }
        news.placed = try reader.list { reader throws(NotSpooled) in
            let clock = ClockID(number: try reader.number())
            let series = SeriesID(number: try reader.number())
            let tile = try reader.number(UInt32.self)
            let position = try reader.byte()
            guard position < Tick.tileWidth else { throw NotSpooled() }
            return (clock, Placement(series: series, tile: tile, position: position))
        }
        news.metadata = try reader.list { reader throws(NotSpooled) in
            let clock = ClockID(number: try reader.number())
            let time = try reader.time()
            let family = try reader.text()
            guard let type = MetricType(rawValue: try reader.text()) else { throw NotSpooled() }
            let metadata = MetricMetadata(
                type: type, unit: try reader.text(), help: try reader.text())
            return (clock, time, FamilyMetadata(family: family, metadata: metadata))
        }
        ticks = try reader.list { reader throws(NotSpooled) in try Self.tick(&reader) }
        guard reader.isAtEnd else { throw NotSpooled() }
    }

    private static func tick(_ reader: inout SpoolReader) throws(NotSpooled) -> Tick {
        var tick = Tick(
            clock: ClockID(number: try reader.number()), time: try reader.time(),
            isTick: try reader.byte() == 1)
        tick.tiles = try reader.list { reader throws(NotSpooled) in
            let tile = try reader.number(UInt32.self)
            let width = try reader.number(Int.self)
            guard width <= Tick.tileWidth else { throw NotSpooled() }
            return TileRow(tile: tile, width: width)
        }
        tick.values = try reader.doubles(try reader.count(of: 8))
        guard tick.tiles.reduce(0, { $0 + $1.width }) == tick.values.count else {
            throw NotSpooled()
        }
        tick.loose = try reader.list { reader throws(NotSpooled) in
            LooseSample(
                series: SeriesID(number: try reader.number()), time: try reader.time(),
                value: try reader.double())
        }
        tick.exemplars = try reader.list { reader throws(NotSpooled) in
            PlacedExemplar(
                series: SeriesID(number: try reader.number()), labels: try reader.labels(),
                value: try reader.double(), time: try reader.time())
        }
        tick.histograms = try reader.list { reader throws(NotSpooled) in
            let series = SeriesID(number: try reader.number())
            guard let points = HistogramCodec.decode(try reader.block()), let point = points.first
            else { throw NotSpooled() }
            return PlacedHistogram(series: series, point: point)
        }
        return tick
    }
}

extension Tick {
    /// How many samples it holds: what was said, stale markers too, without what was not.
    var sampleCount: Int {
        var absent = 0
        for index in values.indices where values[index].isAbsent { absent += 1 }
        return values.count - absent + loose.count + histograms.count
    }
}

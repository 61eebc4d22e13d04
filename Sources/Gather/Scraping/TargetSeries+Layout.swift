import Exposition
import Model

// From the parser's numbers to the sink's: what is new, what is gone, what stands where.
extension TargetSeries {
    // MARK: Numbers that are new or mean nothing any more

    /// Takes over which numbers mean something else from this scrape on.
    mutating func learn(_ scrape: borrowing ScrapeBatch, _ context: borrowing ScrapeContext) {
        for number in scrape.retired { unmap(number) }
        for number in scrape.folded {
            while map.count <= Int(number) { map.append(Self.unmapped) }
            unmap(number)
            map[Int(number)] = Self.folded
            isMapped = false
        }
        guard !scrape.newSeries.isEmpty else { return }
        isMapped = false
        let reports = Set(
            ReportSeries.allCases.map {
                SeriesNumbers.hash(context.rules.labels(ofReport: $0.name))
            })
        for series in scrape.newSeries {
            let number = Int(series.number)
            while map.count <= number { map.append(Self.unmapped) }
            // A scrape that failed has told it before.
            if map[number] != Self.unmapped { unmap(series.number) }
            map[number] = meaning(of: series, reports, context)
        }
    }

    private mutating func meaning(
        of series: NewSeries, _ reports: Set<UInt64>, _ context: borrowing ScrapeContext
    ) -> UInt32 {
        do throws(ScrapeError) {
            guard let labels = try context.rules.labels(for: series.labels) else {
                return Self.dropped
            }
            let hash = SeriesNumbers.hash(labels)
            if reports.contains(hash) { return Self.isReport }
            if let known = numbers.use(hash) { return known }
            guard context.budget.take(labels) else { return Self.refused }
            let number = numbers.add(hash)
            while seen.count <= Int(number) { seen.append(0) }
            untold.append(NewSeries(number: number, labels: labels))
            return number
        } catch {
            if faults.count < 16 { faults[series.number] = error }
            return Self.faulty
        }
    }

    private mutating func unmap(_ number: UInt32) {
        guard Int(number) < map.count else { return }
        let mine = map[Int(number)]
        map[Int(number)] = Self.unmapped
        faults[number] = nil
        if mine < Self.marks, numbers.drop(mine) { unused.append(mine) }
    }

    /// Forgets which of the parser's numbers mean what, before a new parser begins.
    ///
    /// Series that the next scrape tells again keep their numbers at the sink.
    mutating func forgetParser() {
        for number in map.indices { unmap(UInt32(number)) }
        map = []
        isMapped = false
    }

    /// How many of the parser's series were refused for want of room.
    var refusedCount: Int { map.reduce(0) { $0 + ($1 == Self.refused ? 1 : 0) } }

    // MARK: A layout that is new

    /// Counts a scrape's samples before anything of it is taken over.
    func counted(
        _ scrape: borrowing ScrapeBatch, _ context: borrowing ScrapeContext
    ) throws(ScrapeFailure) -> ScrapeCounts {
        var counts = ScrapeCounts()
        var fault: UInt32?
        counts.scraped = scrape.count + scrape.histograms.count
        func look(at number: UInt32) {
            switch map[Int(number)] {
            case Self.dropped: return
            case Self.folded:
                counts.scraped -= 1
                return
            case Self.faulty: fault = fault ?? number
            case Self.refused: counts.overBudget += 1
            default: break
            }
            counts.kept += 1
        }
        for number in scrape.series { look(at: number) }
        for sample in scrape.histograms { look(at: sample.series) }
        if let fault {
            let other = ScrapeError.badSeries("a series of the body cannot be kept")
            throw ScrapeFailure(error: faults[fault] ?? other, counts: counts)
        }
        if context.sampleLimit > 0, counts.kept > context.sampleLimit {
            throw ScrapeFailure(error: .sampleLimit, counts: counts)
        }
        return counts
    }

    /// Finds out which samples are kept, which series are new, and which are gone.
    mutating func map(
        _ scrape: borrowing ScrapeBatch, _ context: borrowing ScrapeContext, usesTimes: Bool
    ) {
        let before = live
        let previous = scrapes
        scrapes &+= 1
        layout = []
        layout.reserveCapacity(scrape.series.count)
        positions = []
        var tracked: [UInt32] = []
        let latest = context.time.milliseconds + Self.farthest
        for index in scrape.series.indices {
            let number = map[Int(scrape.series[index])]
            guard number < Self.marks else {
                counts.duplicates += number == Self.isReport ? 1 : 0
                continue
            }
            let time = usesTimes ? scrape.times[index] : SampleBatch.noTime
            guard time <= latest else {
                counts.outOfBounds += 1
                continue
            }
            let last = seen[Int(number)]
            guard last != scrapes || time != SampleBatch.noTime else {
                counts.duplicates += 1
                continue
            }
            counts.added += last == previous || last == scrapes ? 0 : 1
            seen[Int(number)] = scrapes
            layout.append(number)
            positions.append(UInt32(index))
            if usesTimes, time == SampleBatch.noTime || context.tracksTimestamps, last != scrapes {
                tracked.append(number)
            }
        }
        keepsAll = layout.count == scrape.series.count
        if keepsAll { positions = [] }
        live = usesTimes ? tracked : layout
        mapHistograms(scrape, context, previous: previous)
        guard !isDown else { return }
        for number in before where seen[Int(number)] != scrapes { owedStale.append(number) }
    }

    /// Native histograms stand in no column, but live and die like the rest.
    private mutating func mapHistograms(
        _ scrape: borrowing ScrapeBatch, _ context: borrowing ScrapeContext, previous: UInt32
    ) {
        for sample in scrape.histograms {
            let number = map[Int(sample.series)]
            guard number < Self.marks, seen[Int(number)] != scrapes else { continue }
            counts.added += seen[Int(number)] == previous ? 0 : 1
            seen[Int(number)] = scrapes
            let hasTime = context.honorsTimestamps && sample.time != nil
            if !hasTime || context.tracksTimestamps { live.append(number) }
        }
    }

    /// The scrape's native histograms as they are kept, each series once.
    func histograms(
        of scrape: borrowing ScrapeBatch, _ context: borrowing ScrapeContext
    ) throws(ScrapeFailure) -> [HistogramSample] {
        guard !scrape.histograms.isEmpty else { return [] }
        var kept: [HistogramSample] = []
        var taken: Set<UInt32> = []
        for sample in scrape.histograms where isKept(sample.series) {
            let number = map[Int(sample.series)]
            let time = context.honorsTimestamps ? sample.time : nil
            let latest = context.time.milliseconds + Self.farthest
            guard (time?.milliseconds ?? 0) <= latest, taken.insert(number).inserted else {
                continue
            }
            do throws(ScrapeError) {
                let histogram = try context.histograms.apply(to: sample.histogram)
                kept.append(HistogramSample(series: number, time: time, histogram: histogram))
            } catch {
                var counts = ScrapeCounts()
                // Why it fails has been found out; what was counted is the same.
                if let all = try? counted(scrape, context) { counts = all }
                throw ScrapeFailure(error: error, counts: counts)
            }
        }
        return kept
    }

    /// How far in the future a sample's own time may lie, in milliseconds.
    static let farthest: Int64 = 600_000

    // MARK: What is copied

    func isKept(_ number: UInt32) -> Bool { map[Int(number)] < Self.marks }

    mutating func copyValues(of scrape: borrowing ScrapeBatch) {
        batch.values.reserveCapacity(layout.count + ReportSeries.allCases.count)
        if keepsAll {
            batch.values.append(contentsOf: scrape.values)
        } else {
            for position in positions { batch.values.append(scrape.values[Int(position)]) }
        }
    }

    mutating func copyTimes(of scrape: borrowing ScrapeBatch) {
        if keepsAll {
            batch.times.append(contentsOf: scrape.times)
        } else {
            for position in positions { batch.times.append(scrape.times[Int(position)]) }
        }
        if batch.times.allSatisfy({ $0 == SampleBatch.noTime }) { batch.times = [] }
    }

    /// Exemplars, histograms and metadata.
    mutating func copyParts(of scrape: borrowing ScrapeBatch, _ histograms: [HistogramSample]) {
        for exemplar in scrape.exemplars where isKept(exemplar.series) {
            batch.exemplars.append(
                Exemplar(
                    series: map[Int(exemplar.series)], labels: exemplar.labels,
                    value: exemplar.value, time: exemplar.time))
        }
        batch.histograms = histograms
        owedMetadata += scrape.metadata
    }
}

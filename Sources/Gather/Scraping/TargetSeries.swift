import Exposition
import Model

/// What is remembered of one target's series between scrapes: from a scrape to the sink's batch.
///
/// The parser has small numbers for a target's series, and so has the sink; between the two lies
/// one flat table. Where a scrape looks like the one before, its values are copied and that is all.
///
/// A batch is made by `read` or `fail`, then `report`; then it is `stored`, or `lost`.
struct TargetSeries: ~Copyable {
    /// What the sink is to take.
    var batch = SampleBatch(time: Timestamp(milliseconds: 0))
    var numbers = SeriesNumbers()
    /// The sink's number by the parser's, or one of the marks.
    var map: [UInt32] = []
    /// Why a series marked as faulty cannot be kept; only the first few are told apart.
    var faults: [UInt32: ScrapeError] = [:]

    /// The series of the last good scrape's samples, and what was counted of them.
    var layout: [UInt32] = []
    var counts = ScrapeCounts()
    /// Which of the parser's samples they are; empty where all of them are.
    var positions: [UInt32] = []
    var keepsAll = false
    /// Whether these three belong to the parser's last good scrape.
    var isMapped = false
    /// Whether that one had native histograms.
    private var hadHistograms = false
    /// In which changed scrape a series was seen last, by the sink's number.
    var seen: [UInt32] = []
    var scrapes: UInt32 = 1
    /// The series that get a stale marker once they are not there any more.
    var live: [UInt32] = []
    /// Whether they have got it already, because a scrape failed.
    var isDown = true

    // What the sink has not heard of yet, because nothing was stored since.
    var untold: [NewSeries] = []
    var unused: [UInt32] = []
    var owedStale: [UInt32] = []
    var owedMetadata: [FamilyMetadata] = []
    /// Whether a batch with reports was made since the beginning.
    private var hasReported = false
    /// How many of the reports the sink knows.
    private var knownReports = 0
    /// How many reports stand behind `layout` in the sink's last batch, where that is all of it.
    private var steadyReports: Int?

    static let unmapped = UInt32.max
    static let dropped = UInt32.max - 1
    static let refused = UInt32.max - 2
    static let faulty = UInt32.max - 3
    /// A scraped series that is one of the reports, which win.
    static let isReport = UInt32.max - 4
    /// Samples that are only parts of a native histogram.
    static let folded = UInt32.max - 5
    /// Everything below is a number.
    static let marks = UInt32.max - 5

    init() {}

    /// How many scraped series the sink knows.
    var count: Int { numbers.count }
    /// Whether a scrape has been kept, so that there is something to mark as stale.
    var hasBegun: Bool { knownReports > 0 }

    // MARK: The ways to a batch

    /// A good scrape: its samples, and stale markers for what it has not.
    ///
    /// - Returns: what was counted.
    /// - Throws: why nothing of it may be kept; make a `fail` then.
    mutating func read(
        _ scrape: borrowing ScrapeBatch, _ context: borrowing ScrapeContext
    ) throws(ScrapeFailure) -> ScrapeCounts {
        learn(scrape, context)
        let usesTimes = context.honorsTimestamps && !scrape.times.isEmpty
        // Native histograms stand in no layout: they may end while all columns repeat.
        let hasHistograms = hadHistograms || !scrape.histograms.isEmpty
        let repeats = scrape.isSameLayout && isMapped && !usesTimes && !hasHistograms
        let kept = try histograms(of: scrape, context)
        let isSteady = repeats && steadyReports == context.reportCount && owedStale.isEmpty
        begin(at: context.time, keepsSeries: isSteady)
        if repeats {
            counts.added = 0
        } else {
            isMapped = false
            counts = try counted(scrape, context)
            map(scrape, context, usesTimes: usesTimes)
            isMapped = true
            hadHistograms = !scrape.histograms.isEmpty
        }
        if !isSteady { batch.series = layout }
        copyValues(of: scrape)
        if usesTimes { copyTimes(of: scrape) }
        // What was lost may have come back.
        owedStale.removeAll { seen[Int($0)] == scrapes }
        appendStale(owedStale)
        copyParts(of: scrape, kept)
        isDown = false
        return counts
    }

    /// A failed scrape, or the end of a target: stale markers for all that was alive.
    mutating func fail(at time: Timestamp) {
        begin(at: time, keepsSeries: false)
        if !isDown {
            owedStale += live
            isDown = true
        }
        appendStale(owedStale)
    }

    /// Adds what is reported; `labels` are those of a report, asked once for each.
    mutating func report(_ values: [Double], labels: (ReportSeries) -> Labels) {
        for number in knownReports..<max(knownReports, values.count) {
            guard let series = ReportSeries(rawValue: UInt32(number)) else { break }
            batch.newSeries.append(NewSeries(number: series.rawValue, labels: labels(series)))
        }
        hasReported = true
        if !batch.isSameLayout {
            for number in 0..<UInt32(values.count) { batch.series.append(number) }
        }
        batch.values.append(contentsOf: values)
        while !batch.times.isEmpty, batch.times.count < batch.values.count {
            batch.times.append(SampleBatch.noTime)
        }
        batch.newSeries += untold
        batch.metadata += owedMetadata
        if !unused.isEmpty { batch.retired = Array(Set(unused)).filter { numbers.isUnused($0) } }
    }

    /// The end of a target: the reports get stale markers too.
    mutating func end(at time: Timestamp) {
        fail(at: time)
        report(Array(repeating: StaleMarker.value, count: knownReports)) { _ in Labels() }
    }

    /// The end of this memory: stale markers for what `next` has not; false where there are none.
    ///
    /// The reports go on there, if they have begun at all.
    mutating func endMissing(in next: borrowing TargetSeries, at time: Timestamp) -> Bool {
        begin(at: time, keepsSeries: false)
        if !isDown { owedStale += live }
        appendStale(owedStale.filter { !next.isLive(numbers.hash(of: $0)) })
        if !next.hasReported {
            for number in 0..<UInt32(knownReports) {
                batch.series.append(number)
                batch.values.append(StaleMarker.value)
            }
        }
        return !batch.series.isEmpty
    }

    private func isLive(_ hash: UInt64) -> Bool {
        guard !isDown, let number = numbers.number(of: hash) else { return false }
        return seen[Int(number)] == scrapes
    }

    private mutating func begin(at time: Timestamp, keepsSeries: Bool) {
        // Not a copy, which would cost as much as the column.
        var series: [UInt32] = []
        if keepsSeries { swap(&series, &batch.series) }
        batch.begin(at: time)
        if keepsSeries { swap(&series, &batch.series) }
        batch.isSameLayout = keepsSeries
    }

    private mutating func appendStale(_ numbers: [UInt32]) {
        guard !numbers.isEmpty else { return }
        batch.series.append(contentsOf: numbers)
        batch.values.append(contentsOf: repeatElement(StaleMarker.value, count: numbers.count))
    }

    // MARK: What became of it

    /// The sink took the batch; how many series are no more.
    mutating func stored(reports: Int) -> Int {
        knownReports = max(knownReports, reports)
        let isOnlyGood = !isDown && owedStale.isEmpty && batch.times.isEmpty
        steadyReports = isOnlyGood ? reports : nil
        let gone = batch.retired.count
        for number in batch.retired { seen[Int(number)] = 0 }
        numbers.remove(batch.retired)
        untold = []
        unused = []
        owedStale = []
        owedMetadata = []
        return gone
    }

    /// Gives back what belongs to one scrape alone, once nobody looks at the batch any more.
    mutating func release() {
        let isNew = !batch.newSeries.isEmpty
        (batch.values, batch.times) = ([], [])
        (batch.newSeries, batch.retired, batch.metadata) = ([], [], [])
        (batch.exemplars, batch.histograms) = ([], [])
        if steadyReports == nil { batch.series = [] }
        guard isNew else { return }
        numbers.pack()
        map.trim()
        seen.trim()
    }

    /// The sink did not take it: what was new in it is told again with the next one.
    mutating func lost() {
        steadyReports = nil
        batch.isSameLayout = false
    }
}

/// What a batch is made with.
struct ScrapeContext {
    var time: Timestamp
    var rules: SampleRules
    var histograms = HistogramRules()
    var honorsTimestamps = true
    /// Whether series with times of their own get stale markers.
    var tracksTimestamps = false
    var sampleLimit = 0
    /// How many series are reported.
    var reportCount = ReportSeries.usual.count
    var budget: SeriesBudget
}

/// A scrape that was read and may not be kept.
struct ScrapeFailure: Error {
    var error: ScrapeError
    var counts: ScrapeCounts
}

import Configuration
import Discovery
import Exposition
import HTTPFetch
import Model
import Threads

/// What came of asking a target.
struct ScrapeOutcome: Sendable {
    let start: ContinuousClock.Instant
    var error: ScrapeError?
    var timings = TransferTimings()
    var transferredBytes = 0
    var duration = Duration.zero
    var counts = ScrapeCounts()
    /// Families whose metadata is new.
    var metadata: [FamilyMetadata]?
    /// When its samples are stamped.
    var time = Timestamp.distantPast

    init(start: ContinuousClock.Instant) { self.start = start }
}

/// The end of a scrape: body to batch, batch to sink.
struct ScrapeWork: Sendable {
    let target: LiveTarget
    let time: Timestamp
    var outcome: ScrapeOutcome

    /// Makes one batch: all of the scrape with its report, or stale markers and the report.
    func read() -> ScrapeOutcome {
        var outcome = outcome
        outcome.time = time
        let context = target.context(at: time)
        do throws(ScrapeFailure) {
            if let error = outcome.error { throw ScrapeFailure(error: error, counts: .init()) }
            do throws(ScrapeError) { try target.reader.finish() } catch {
                throw ScrapeFailure(error: error, counts: .init())
            }
            outcome.counts = try target.series.read(target.reader.parser.batch, context)
            outcome.metadata = target.reader.parser.batch.metadata
        } catch {
            (outcome.error, outcome.counts) = (error.error, error.counts)
            target.series.fail(at: time)
        }
        outcome.duration = ContinuousClock.now - outcome.start
        let values = report(outcome).values
        target.series.report(values) { context.rules.labels(ofReport: $0.name) }
        return outcome
    }

    /// Hands the batch over.
    func deliver() throws(SinkError) {
        do throws(SinkError) {
            guard let clock = target.clock else { throw .unavailable(reason: "no clock is open") }
            try clock.append(target.series.batch)
            let isExtra = target.job.config.extraScrapeMetrics
            let reports = isExtra ? ReportSeries.allCases.count : ReportSeries.usual.count
            target.budget.give(back: target.series.stored(reports: reports))
        } catch {
            target.series.lost()
            throw error
        }
    }

    private func report(_ outcome: ScrapeOutcome) -> ScrapeReport {
        let config = target.job.config
        var report = ScrapeReport(
            isUp: outcome.error == nil, duration: outcome.duration, counts: outcome.counts)
        if config.extraScrapeMetrics {
            var size = target.reader.bodyBytes
            if case .fetch(.bodyTooLarge) = outcome.error { size = -1 }
            report.extra = .init(
                timeout: target.found.timeout, sampleLimit: config.limits.samples, bodySize: size)
        }
        return report
    }
}

/// Commits scrapes that take long.
actor ScrapeLearner {
    private let thread = ThreadExecutor(name: "weir-learn")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    func read(_ work: ScrapeWork) -> ScrapeOutcome { work.read() }
    func pack(
        _ recording: BodyRecording, time: Timestamp, error: String?, byteCount: Int
    ) -> RecordedBody {
        RecordedBody(recording, time: time, error: error, byteCount: byteCount)
    }

    /// Why it could not be written, if so.
    func write(_ failure: FailureLog.Entry, to path: String) -> String? {
        FailureLog.append(failure, to: path)
    }

    func deliver(_ work: ScrapeWork) throws(SinkError) { try work.deliver() }
}

extension TargetHealth {
    /// Whether the last scrape failed and the one before did not.
    var isNewlyDown: Bool { isUp == false && wasUp != false }

    /// Takes over what came of a scrape.
    mutating func take(_ outcome: ScrapeOutcome, reader: ScrapeReader) {
        wasUp = isUp
        isUp = outcome.error == nil
        lastScrape = outcome.time
        lastDuration = outcome.duration
        lastError = outcome.error
        timings = outcome.timings
        transferredBytes = outcome.transferredBytes
        parsing = reader.parsing
        bodyBytes = reader.bodyBytes
        counts = outcome.counts
        scrapes += 1
    }
}

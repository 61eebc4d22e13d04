import Configuration
import Discovery
import Exposition
import HTTPFetch
import Model

/// One target while it is scraped: what is known of it, and how it does.
// Safe to share: one at a time has it. The engine lends it to a scrape and looks at it again when
// the scrape is over; until then only `status` may be read, which the engine alone writes.
final class LiveTarget: @unchecked Sendable {
    let key: ClockKey
    /// The target as discovery made it; another one with the same key may take its place.
    var found: ScrapeTarget
    var job: JobSettings
    let budget: SeriesBudget
    var schedule: ScrapeSchedule
    let reader: ScrapeReader
    var series = TargetSeries()
    /// The sink's side; opened with the first scrape.
    var clock: (any SampleClock)?
    /// What it was before its pace changed, until the first scrape at the new one.
    var before: Before?
    /// What is asked, worked out once.
    var request: Result<(HTTPRequest, HTTPClientOptions), ScrapeError>

    /// The next planned tick; entries of the queue with another one are void.
    var nextTick = Timestamp.distantPast
    /// When it left, if it did: its stale markers bear that time, should it not come back.
    var leaving: Timestamp?
    var scraping: Task<Void, Never>?
    /// What is asked now, if it is a matter of HTTP alone.
    var fetch: RunningFetch?
    /// Why all targets of the job fail, if they do.
    var verdict: ScrapeError?
    /// What it is to be from the end of the scrape under way on.
    var pending: Change?
    /// Scrapes since series were refused for want of room.
    var sinceRefused = 0
    var status = TargetHealth()

    init(
        _ found: ScrapeTarget, key: ClockKey, _ job: JobSettings, budget: SeriesBudget,
        spare: SpareMemory
    ) {
        self.found = found
        self.key = key
        self.job = job
        self.budget = budget
        schedule = ScrapeSchedule(interval: found.interval, hash: key.phaseHash)
        reader = ScrapeReader(job.parserOptions, fallback: job.fallback, spare: spare)
        request = job.request(for: found)
    }

    /// Takes over another configuration; true where it ticks at another pace from now on.
    ///
    /// Connections and tokens are not touched, and series stay known as far as they can.
    func take(_ change: Change) -> Bool {
        let keepsMemory = change.job.readsLike(job)
        let keepsPace = change.found.interval == found.interval
        (found, job) = (change.found, change.job)
        request = job.request(for: found)
        if !keepsPace {
            // The sink is told the pace when a clock is opened, and numbers begin anew then.
            if let clock, before == nil {
                var old = TargetSeries()
                swap(&old, &series)
                before = Before(old, clock)
            } else {
                budget.give(back: series.count)
                clock?.close()
            }
            clock = nil
            schedule = ScrapeSchedule(interval: found.interval, hash: key.phaseHash)
            reader.reset(job.parserOptions, fallback: job.fallback)
            series = TargetSeries()
        } else if !keepsMemory {
            relearn()
        }
        return !keepsPace
    }

    /// Forgets what bodies look like, so that every series is told again.
    func relearn() {
        reader.reset(job.parserOptions, fallback: job.fallback)
        series.forgetParser()
    }

    /// What a batch of this target is made with.
    func context(at time: Timestamp) -> ScrapeContext {
        let config = job.config
        return ScrapeContext(
            time: time,
            rules: SampleRules(config, relabeler: job.relabeler, target: found.labels),
            histograms: job.histograms,
            honorsTimestamps: config.honorTimestamps,
            tracksTimestamps: config.trackTimestampsStaleness, sampleLimit: config.limits.samples,
            reportCount: config.extraScrapeMetrics
                ? ReportSeries.allCases.count : ReportSeries.usual.count,
            budget: budget)
    }
}

extension LiveTarget {
    /// Cuts off the scrape that is under way.
    func cancel() {
        scraping?.cancel()
        fetch?.cancel()
    }

    /// Gives back what belongs to the last scrape alone: memory is for those under way.
    func release() {
        reader.release()
        series.release()
    }
}

extension LiveTarget {
    /// The series of a target that ticked at another pace.
    final class Before {
        private(set) var series: TargetSeries
        private let clock: any SampleClock

        init(_ series: consuming TargetSeries, _ clock: any SampleClock) {
            self.series = series
            self.clock = clock
        }

        func close() { clock.close() }

        /// Marks as stale what `next` has not, and closes the clock.
        func end(at time: Timestamp, next: borrowing TargetSeries) throws(SinkError) {
            defer { clock.close() }
            if series.endMissing(in: next, at: time) { try clock.append(series.batch) }
        }
    }

    /// Closes the sink's side, now and as it was before.
    func close() {
        before?.close()
        clock?.close()
        (before, clock) = (nil, nil)
    }

    /// Ends what it was before its pace changed: the scrape at the new one has been read.
    func endBefore(at time: Timestamp) throws(SinkError) {
        guard let before else { return }
        self.before = nil
        budget.give(back: before.series.count)
        series.numbers.unpack()
        try before.end(at: time, next: series)
    }

    /// Another target of the same key, or another configuration of its job.
    struct Change {
        let found: ScrapeTarget
        let job: JobSettings
    }
}

/// How a target does, as far as its last scrape told.
struct TargetHealth: Sendable {
    var isUp: Bool?
    var wasUp: Bool?
    var lastScrape: Timestamp?
    var lastDuration = Duration.zero
    var lastError: ScrapeError?
    var timings = TransferTimings()
    var parsing = Duration.zero
    var bodyBytes = 0
    var transferredBytes = 0
    var counts = ScrapeCounts()
    var seriesCount = 0
    var skippedTicks = 0
    var scrapes = 0
    /// What the target says of its families, by name.
    var metadata: [String: MetricMetadata] = [:]
}

extension ClockKey {
    /// The same on every replica: what decides at which instants a target is scraped.
    var phaseHash: UInt64 {
        var hash = StableHash()
        for text in [name, place] { hash.combine(text) }
        for label in labels {
            hash.combine(label.name)
            hash.combine(label.value)
        }
        return hash.value
    }
}

extension JobSettings {
    /// What is asked of a target.
    func request(for target: ScrapeTarget) -> Result<(HTTPRequest, HTTPClientOptions), ScrapeError>
    {
        do throws(ScrapeError) {
            let options = try options(profile: target.authProfile ?? "")
            var fields = HTTPFields()
            fields.add("Accept", accept)
            fields.add("X-Prometheus-Scrape-Timeout-Seconds", Self.seconds(target.timeout))
            let request = HTTPRequest(
                "GET", try Self.address(target.url), fields: fields,
                timeout: target.timeout.duration, bodyLimitBytes: bodyLimit, codings: codings,
                unixSocket: target.unixSocket)
            return .success((request, options))
        } catch {
            return .failure(error)
        }
    }

    private static func address(_ url: String) throws(ScrapeError) -> HTTPAddress {
        do throws(HTTPFetchError) { return try HTTPAddress(url) } catch {
            throw .badURL("\(url): \(error.description)")
        }
    }

    /// `10`, `0.5`: as Go writes a float without an exponent.
    private static func seconds(_ span: TimeSpan) -> String {
        let text = "\(span.seconds)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension ScrapeTarget {
    /// Who it is for the sink.
    func key(job: String) -> ClockKey {
        ClockKey(kind: .scrape, name: job, place: url, labels: labels)
    }
}

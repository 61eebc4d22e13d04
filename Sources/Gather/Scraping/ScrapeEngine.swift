import Configuration
import Discovery
import Exposition
import HTTPFetch
import Model
import Telemetry

/// Scrapes every target at its instants, on the thread that carries transfers: a scrape is planned,
/// begun, read and committed there, and no thread has to wake another one for it.
///
/// Bodies are read a piece at a time. What takes long, which is to learn thousands of new series, is
/// done on a thread of its own, so that no tick waits for it.
actor ScrapeEngine {
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe client.loop.asUnownedSerialExecutor()
    }
    let learner = ScrapeLearner()
    let sink: any SampleSink
    nonisolated let client: HTTPClient
    let metrics: ScrapeMetrics
    let log: Log
    let throttle = LogThrottle()

    /// The targets of each job, by who they are.
    var targets: [ClockKey: LiveTarget] = [:]
    var pools: [String: ScrapePool] = [:]
    var budgets: [String: SeriesBudget] = [:]
    /// What failing targets answered.
    var recorder = FlightRecorder()
    let spare = SpareMemory()
    private var shelf = MetadataShelf()
    private var queue = TickQueue<LiveTarget>()
    private(set) var isRunning = false

    init(sink: any SampleSink, client: HTTPClient, registry: MetricRegistry, log: Log) {
        self.sink = sink
        self.client = client
        self.log = log
        metrics = ScrapeMetrics(registry, tokens: client.tokens)
    }

    // MARK: The plan

    /// Scrapes until its task is cancelled; then waits for what is under way, and closes all clocks.
    ///
    /// No stale markers are written at the end: who starts again goes on where this one stopped.
    func run() async {
        let loop = client.loop
        await withTaskCancellationHandler {
            await runUntilCancelled()
        } onCancel: {
            loop.hurry()
        }
    }

    private func runUntilCancelled() async {
        isRunning = true
        for target in targets.values { plan(target) }
        while !Task.isCancelled {
            await withCheckedContinuation { continuation in
                client.loop.call(at: nextWake()) { continuation.resume() }
            }
            guard !Task.isCancelled else { break }
            beginDue()
        }
        isRunning = false
        let running = targets.values.compactMap(\.scraping)
        for target in targets.values { target.cancel() }
        for task in running { await task.value }
        for target in targets.values { target.close() }
    }

    private func nextWake() -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        guard let next = queue.next else { return now + .seconds(3600) }
        // The wall clock may be set while this one sleeps: look again now and then.
        let left = next.milliseconds * 1_000_000 - WallClock.nanoseconds
        return now + .nanoseconds(min(max(0, left), 10_000_000_000))
    }

    private func beginDue() {
        let now = WallClock.nanoseconds
        while let entry = queue.take(dueBy: Timestamp(milliseconds: now / 1_000_000)) {
            let target = entry.element
            guard target.nextTick == entry.time, targets[target.key] === target else { continue }
            if target.leaving != nil {
                finish(target)
                continue
            }
            target.nextTick = target.schedule.tick(after: now)
            queue.add(target, at: target.nextTick)
            let missed = target.schedule.ticks(after: entry.time, upTo: now)
            if missed > 0 { skip(target, Int(missed)) }
            guard target.scraping == nil else {
                skip(target, 1)
                continue
            }
            metrics.late.record(.nanoseconds(now - entry.time.milliseconds * 1_000_000))
            target.scraping = task(for: target, planned: entry.time)
        }
    }

    private func skip(_ target: LiveTarget, _ count: Int) {
        target.status.skippedTicks += count
        metrics.skipped.add(count)
    }

    /// Puts the next tick of `target` into the queue.
    func plan(_ target: LiveTarget) {
        guard isRunning else { return }
        target.nextTick = target.schedule.tick(after: WallClock.nanoseconds)
        queue.add(target, at: target.nextTick)
        if queue.next == target.nextTick { client.loop.hurry() }
    }

    /// Stops scraping `target`; unless it comes back, its series end with the tick after the next.
    func leave(_ target: LiveTarget) {
        guard target.leaving == nil else { return }
        target.cancel()
        let hasBegun = target.series.hasBegun || target.before != nil || target.scraping != nil
        guard isRunning, hasBegun else {
            return finish(target)
        }
        let next = target.schedule.tick(after: WallClock.nanoseconds)
        let interval = target.schedule.interval
        target.leaving = next
        target.nextTick = Timestamp(milliseconds: next.milliseconds + interval + interval / 10)
        queue.add(target, at: target.nextTick)
    }

    /// Goes on with a target that had left.
    func comeBack(_ target: LiveTarget) {
        target.leaving = nil
        plan(target)
    }

    /// Writes the stale markers of a target that is gone for good.
    private func finish(_ target: LiveTarget) {
        if target.scraping != nil {
            // The cancelled scrape will be over in a moment.
            target.nextTick = Timestamp(milliseconds: WallClock.now.milliseconds + 10)
            queue.add(target, at: target.nextTick)
            return
        }
        targets[target.key] = nil
        recorder.forget(target.key)
        if target.before != nil, let time = target.leaving, target.clock == nil {
            // Its pace had changed, and it was not scraped since.
            report(target) { () throws(SinkError) in try target.endBefore(at: time) }
        }
        if let clock = target.clock, let time = target.leaving, target.series.hasBegun {
            target.series.end(at: time)
            report(target) { () throws(SinkError) in try clock.append(target.series.batch) }
        }
        target.close()
        target.budget.give(back: target.series.count)
    }

    private func report(_ target: LiveTarget, _ body: () throws(SinkError) -> Void) {
        do throws(SinkError) { try body() } catch {
            log.warn(
                "stale markers not kept",
                ["job": target.key.name, "target": target.key.place, "error": error.description])
        }
    }

    // MARK: One scrape

    private nonisolated func task(
        for target: LiveTarget, planned: Timestamp
    ) -> Task<Void, Never> {
        Task(executorPreference: client.loop.tasks) {
            await self.scrape(target, planned: planned)
        }
    }

    private func scrape(_ target: LiveTarget, planned: Timestamp) async {
        defer {
            target.scraping = nil
            if let change = target.pending { self.change(target, to: change) }
        }
        let began = WallClock.nanoseconds
        let time = target.schedule.timestamp(planned: planned, began: began)
        let outcome = await ask(target)
        // Whoever stops, or is taken away, leaves no trace of the scrape that was cut off.
        guard !Task.isCancelled else { return }
        let work = ScrapeWork(target: target, time: time, outcome: outcome)
        let isLong = target.reader.parser.batch.newSeries.count > Self.manySeries
        let read = isLong ? await learner.read(work) : work.read()
        if read.error != nil { await record(target, read) }
        do throws(SinkError) {
            if target.clock == nil {
                try target.endBefore(at: time)
                target.clock = try await sink.open(target.key, interval: target.found.interval)
            }
            if isLong { try await learner.deliver(work) } else { try work.deliver() }
            note(target, read)
        } catch {
            target.series.lost()
            note(target, read, lost: error)
        }
    }

    /// More new series than this are learned on a thread of their own.
    private static let manySeries = 500

    /// Fetches the body, and reads as much of it as can be read on the way.
    private func ask(_ target: LiveTarget) async -> ScrapeOutcome {
        var outcome = ScrapeOutcome(start: ContinuousClock.now)
        target.reader.prepare()
        do throws(ScrapeError) {
            if let verdict = target.verdict { throw verdict }
            let (request, options) = try target.request.get()
            do throws(HTTPFetchError) {
                let answer = try await fetch(request, options, for: target)
                outcome.timings = answer.timings
                outcome.transferredBytes = answer.transferredBytes
            } catch {
                // What the reader found wrong is why the rest was not wanted.
                throw target.reader.failure ?? .fetch(error)
            }
        } catch {
            outcome.error = error
        }
        return outcome
    }

    private func fetch(
        _ request: HTTPRequest, _ options: HTTPClientOptions, for target: LiveTarget
    ) async throws(HTTPFetchError) -> HTTPResponse {
        guard let prepared = try await client.prepare(request, with: options) else {
            return try await client.fetch(request, with: options, into: target.reader)
        }
        defer { target.fetch = nil }
        let outcome = await withCheckedContinuation { continuation in
            target.fetch = client.begin(prepared, into: target.reader) {
                continuation.resume(returning: $0)
            }
            if Task.isCancelled { target.fetch?.cancel() }
        }
        return try outcome.get()
    }

    /// Keeps what a failing target answered, and writes it down where the job asks for that.
    private func record(_ target: LiveTarget, _ outcome: ScrapeOutcome) async {
        guard let error = outcome.error else { return }
        let path = target.job.config.scrapeFailureLogFile
        if !path.isEmpty {
            let failure = FailureLog.Entry(
                time: outcome.time, job: target.key.name, target: target.key.place,
                error: error.description)
            if let reason = await learner.write(failure, to: path) {
                log.warn(
                    throttled: throttle, key: path, "scrape_failure_log_file cannot be written",
                    ["file": path, "error": reason])
            }
        }
        guard target.reader.recording.status != 0 else { return }
        let (recording, count) = (target.reader.recording, target.reader.bodyBytes)
        let body = await learner.pack(
            recording, time: outcome.time, error: error.description, byteCount: count)
        recorder.keep(body, of: target.key)
    }

    private func note(_ target: LiveTarget, _ outcome: ScrapeOutcome, lost: SinkError? = nil) {
        var outcome = outcome
        if let lost { outcome.error = outcome.error ?? .notKept(lost.description) }
        let reader = target.reader
        target.status.take(outcome, reader: reader)
        if let metadata = outcome.metadata, !metadata.isEmpty {
            var known = target.status.metadata
            for family in metadata { known[family.family] = family.metadata }
            target.status.metadata = shelf.shared(known)
        }
        target.status.seriesCount = target.series.count
        metrics.note(target.status)
        target.release()
        if let error = outcome.error { complain(of: target, error) }
        retryRefused(target)
    }

    /// Where there is room again for series that were refused, tells them again.
    private func retryRefused(_ target: LiveTarget) {
        guard target.status.counts.overBudget > 0, target.budget.hasRoom else { return }
        target.sinceRefused += 1
        guard target.sinceRefused >= 10 else { return }
        target.sinceRefused = 0
        target.relearn()
    }

    private func complain(of target: LiveTarget, _ error: ScrapeError) {
        guard log.writes(.debug) || target.status.isNewlyDown else { return }
        let facts: KeyValuePairs = [
            "job": target.key.name, "target": target.key.place, "error": error.description,
            "retry": "next interval",
        ]
        guard target.status.isNewlyDown else { return log.debug("scrape failed", facts) }
        log.warn(
            throttled: throttle, key: "\(target.key.name) \(target.key.place)", "scrape failed",
            facts)
    }
}

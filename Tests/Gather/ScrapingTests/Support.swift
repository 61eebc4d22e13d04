import Configuration
import Discovery
import Exposition
import HTTPFetch
import Model
import Relabeling
import Telemetry
import TestKit
import Testing
import Threads

@testable import Scraping

/// Configurations out of text, as users write them.
enum Configured {
    static func jobs(_ text: String) throws -> [ScrapeConfig] {
        let folder = try TemporaryFolder("scraping")
        let path = try folder.write(text, to: "prometheus.yml")
        return try ConfigLoader.load(path).config.scrapeConfigs
    }

    /// A job named `job` with these lines.
    static func job(_ lines: String = "") throws -> ScrapeConfig {
        let text = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
        return try jobs("scrape_configs:\n  - job_name: job\n\(text)")[0]
    }
}

/// One target's memory with a parser before it and a sink behind it, and no network.
struct SeriesBench: ~Copyable {
    var parser: ScrapeParser
    var series = TargetSeries()
    let sink = RecordingSink()
    let clock: RecordingSink.Clock
    var context: ScrapeContext
    var time: Int64 = 1_000_000

    init(_ lines: String = "", target: Labels = ["job": "j", "instance": "i"], budget: Int = 0)
        throws
    {
        let job = JobSettings(try Configured.job(lines), profiles: [:])
        parser = ScrapeParser(options: job.parserOptions)
        context = ScrapeContext(
            time: Timestamp(milliseconds: 0),
            rules: SampleRules(job.config, relabeler: job.relabeler, target: target),
            histograms: job.histograms,
            honorsTimestamps: job.config.honorTimestamps,
            tracksTimestamps: job.config.trackTimestampsStaleness,
            sampleLimit: job.config.limits.samples, budget: SeriesBudget(limit: budget))
        clock = RecordingSink.Clock(ClockKey(kind: .scrape, name: "j", place: "u"), sink)
    }

    /// Reads a body, where `nil` is a scrape that failed, and gives the counts or the error.
    @discardableResult
    mutating func scrape(
        _ body: String?, _ format: ExpositionFormat = .text004
    ) -> Result<ScrapeCounts, ScrapeError> {
        time += 1000
        context.time = Timestamp(milliseconds: time)
        var report = ScrapeReport()
        var result: Result<ScrapeCounts, ScrapeError> = .failure(.status("500"))
        if let body {
            do throws(ExpositionError) {
                try parser.read(body.utf8Span.span, as: format)
                do throws(ScrapeFailure) {
                    report.counts = try series.read(parser.batch, context)
                    report.isUp = true
                    result = .success(report.counts)
                } catch {
                    report.counts = error.counts
                    result = .failure(error.error)
                    series.fail(at: context.time)
                }
            } catch {
                result = .failure(.body(error))
                series.fail(at: context.time)
            }
        } else {
            series.fail(at: context.time)
        }
        let rules = context.rules
        series.report(report.values) { rules.labels(ofReport: $0.name) }
        do throws(SinkError) {
            try clock.append(series.batch)
            context.budget.give(back: series.stored(reports: report.values.count))
        } catch {
            series.lost()
        }
        return result
    }

    mutating func newParser() {
        parser = ScrapeParser()
        series.forgetParser()
    }

    func values(_ labels: String) -> [Double?] { sink.values(labels) }
}

/// A whole scraper with one client, running until the value goes.
final class RunningScraper: Sendable {
    let sink: RecordingSink
    let registry = MetricRegistry()
    let client: HTTPClient
    let scraper: Scraper
    private let task: Task<Void, Never>

    init(routes: [String: String] = [:], sink: RecordingSink = RecordingSink()) {
        self.sink = sink
        client = HTTPClient(userAgent: "Weir/test", routes: routes)
        let finder = TargetFinder(
            SourceSurroundings(client: client, log: .silent, registry: registry),
            pause: .milliseconds(10))
        let scraper = Scraper(
            sink: sink, finder: finder, client: client, registry: registry, log: .silent)
        self.scraper = scraper
        task = Task { await scraper.run() }
    }

    deinit { task.cancel() }

    func apply(
        _ jobs: [ScrapeConfig], profiles: [String: HTTPClientConfig] = [:], budget: Int = 0
    ) async {
        var config = WeirConfig()
        config.scrapeConfigs = jobs
        await scraper.apply(config, profiles: profiles, seriesBudget: budget)
    }

    func stop() async {
        task.cancel()
        await task.value
    }

    /// Waits until a series has as many samples.
    func wait(for labels: String, count: Int = 1) async throws -> [Double?] {
        let came = try await eventually { sink.samples(labels).count >= count }
        try #require(came, "only \(sink.names) came")
        return sink.values(labels)
    }
}

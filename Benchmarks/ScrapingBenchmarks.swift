import Configuration
import Discovery
import Glibc
import HTTPFetch
import Model
import Scraping
import Telemetry
import TestKit
import Threads

/// What gathering costs: from a target's answer to a batch that a sink throws away.
enum ScrapingBenchmarks {
    /// 200 targets of recorded frames every 5 s, beside Prometheus and vmagent.
    static func farm(_ report: inout BenchmarkReport) async throws {
        raiseFileLimit()
        guard let frames = Shared.folder("frames"), let bench = Shared.folder("bench") else {
            return
        }
        let folder = try TemporaryFolder("farm")
        let port = try FreePort.tcp()
        let unpacked = try await ChildProcess.run(
            ["tar", "xJf", "\(frames)/frames.tar.xz", "-C", folder.path])
        guard unpacked.status == 0 else { throw SystemError("unpack", path: frames) }
        let farm = try await ChildProcess.start(
            ["python3", "\(bench)/farm.py", folder.path, folder.file("work"), "\(port)", "5"])
        let config = try await ChildProcess.run(
            ["python3", "\(bench)/farm.py", "prom-config", "\(port)", "200", "5"])
        let path = try folder.write(config.output, to: "prometheus.yml")
        let prometheus = try await ChildProcess.start([
            "prometheus", "--config.file=\(path)", "--storage.tsdb.path=\(folder.file("tsdb"))",
            "--web.listen-address=127.0.0.1:\(try FreePort.tcp())",
        ])
        let vmagent = try await ChildProcess.start([
            "vmagent", "-promscrape.config=\(path)", "-promscrape.config.strictParse=false",
            "-remoteWrite.url=http://127.0.0.1:\(port)/ok",
            "-remoteWrite.tmpDataPath=\(folder.file("vmagent"))",
            "-httpListenAddr=127.0.0.1:\(try FreePort.tcp())",
        ])
        let gatherer = try Gatherer(ConfigLoader.load(path).config)
        await gatherer.start()
        // Each has scraped every target at least once by then, and knows all series.
        try await Task.sleep(for: .seconds(12))
        gatherer.sink.forgetStamps()
        let before = (
            own: BenchmarkReport.cpuSeconds, samples: gatherer.sink.samples,
            prometheus: ProcessTimes.cpuSeconds(of: Int(prometheus.pid)),
            vmagent: ProcessTimes.cpuSeconds(of: Int(vmagent.pid))
        )
        try await Task.sleep(for: .seconds(30))
        let samples = Double(gatherer.sink.samples - before.samples)
        let own = (BenchmarkReport.cpuSeconds - before.own) / samples * 1e6
        let theirs =
            (ProcessTimes.cpuSeconds(of: Int(prometheus.pid)) - before.prometheus) / samples * 1e6
        let agents =
            (ProcessTimes.cpuSeconds(of: Int(vmagent.pid)) - before.vmagent) / samples * 1e6
        report.add(
            "CPU per sample, 200 targets × 1,492 every 5 s", own, "µs",
            bar: "≤ ¼ of Prometheus, ≤ ⅓ of vmagent",
            peer: "Prometheus 2.42: \(short(theirs)) µs, vmagent 1.79: \(short(agents)) µs")
        report.add("the same against Prometheus", own / theirs, "×", bar: "≤ 0.25")
        report.add("the same against vmagent", own / agents, "×", bar: "≤ 0.333")
        report.add("samples a second", samples / 30, "/s")
        report.add(
            "scrapes stamped with their planned tick", gatherer.sink.plannedShare * 100, "%",
            bar: "≥ 99 (within 2 ms)")
        for process in [prometheus, vmagent] { await process.stop() }
        try await Task.sleep(for: .seconds(2))
        gatherer.sink.forgetStamps()
        try await Task.sleep(for: .seconds(20))
        report.add(
            "the same once the peers have stopped", gatherer.sink.plannedShare * 100, "%",
            bar: "≥ 99 (within 2 ms)")
        await gatherer.stop()
        await farm.stop()
    }

    /// 10,000 targets of 100 samples every 10 s.
    static func manyTargets(_ report: inout BenchmarkReport) async throws {
        raiseFileLimit()
        let body = (0..<20).map { family in
            "# HELP m\(family)_total What is counted.\n# TYPE m\(family)_total counter\n"
                + (0..<5).map { "m\(family)_total{path=\"/some/path/\($0)\"} \($0)\n" }.joined()
        }.joined()
        let folder = try TemporaryFolder("many")
        let (nginx, port) = try await serve(body, in: folder)
        let targets = (0..<10_000).map {
            "\"127.\($0 / 62_500 + 1).\($0 / 250 % 250).\($0 % 250 + 1):\(port)\""
        }
        let path = try folder.write(
            """
            scrape_configs:
              - job_name: many
                scrape_interval: 10s
                scrape_timeout: 10s
                static_configs: [{targets: [\(targets.joined(separator: ","))]}]
            """, to: "prometheus.yml")
        let before = residentBytes
        let gatherer = try Gatherer(ConfigLoader.load(path).config)
        await gatherer.start()
        try await Task.sleep(for: .seconds(14))
        let (cpu, samples) = (BenchmarkReport.cpuSeconds, gatherer.sink.samples)
        try await Task.sleep(for: .seconds(20))
        let own = BenchmarkReport.cpuSeconds - cpu
        let status = await gatherer.scraper.status()
        report.add(
            "memory of 10,000 targets of 100 samples", Double(residentBytes - before) / 1e6, "MB",
            bar: "< 300")
        report.add(
            "missed ticks", Double(status.reduce(0) { $0 + $1.skippedTicks }), "", bar: "0")
        report.add(
            "targets that are down", Double(status.filter { $0.health != .up }.count), "", bar: "0")
        report.add(
            "CPU per scrape of 100 samples",
            own / Double(gatherer.sink.samples - samples) * 1e5, "ms")
        await gatherer.stop()
        await nginx.stop()
    }

    /// 1,000 targets behind a token endpoint that hangs, and 1,000 that need none.
    static func hangingTokens(_ report: inout BenchmarkReport) async throws {
        raiseFileLimit()
        let folder = try TemporaryFolder("hanging")
        let (nginx, port) = try await serve("a 1\n", in: folder)
        let silent = try ScriptedServer.silent()
        func targets(_ net: Int) -> String {
            (0..<1000).map { "\"127.\(net).\($0 / 250).\($0 % 250 + 1):\(port)\"" }
                .joined(separator: ",")
        }
        let path = try folder.write(
            """
            global: {scrape_interval: 5s, scrape_timeout: 5s}
            scrape_configs:
              - job_name: hanging
                oauth2: {client_id: a, client_secret: b, token_url: "\(silent.url("/token"))"}
                static_configs: [{targets: [\(targets(5))]}]
              - job_name: good
                static_configs: [{targets: [\(targets(6))]}]
            """, to: "prometheus.yml")
        let gatherer = try Gatherer(ConfigLoader.load(path).config)
        await gatherer.start()
        try await Task.sleep(for: .seconds(17))
        let good = await gatherer.scraper.status().filter { $0.job == "good" }
        report.add(
            "missed ticks of 1,000 beside 1,000 whose token endpoint hangs",
            Double(good.reduce(0) { $0 + $1.skippedTicks }), "", bar: "0")
        report.add("of them down", Double(good.filter { $0.health != .up }.count), "", bar: "0")
        await gatherer.stop()
        await nginx.stop()
    }

    /// Bodies of 300 MB: one over its limit, and one that says little in many words.
    static func largeBodies(_ report: inout BenchmarkReport) async throws {
        report.add(
            "memory that a body of 300 MB adds, refused at 10 MB",
            try await largeBody("large_metric_name{some=\"label\"} 1\n", limit: "10MB") / 1e6, "MB",
            bar: "< 4")
        report.add(
            "memory that a body of 300 MB adds, of comments and one series, taken",
            try await largeBody(
                "# What nobody reads stands in this line, and in all others of this body.\n",
                limit: "0") / 1e6,
            "MB", bar: "< 4")
    }

    /// What a body of one line over and over adds to the memory.
    private static func largeBody(_ line: String, limit: String) async throws -> Double {
        let folder = try TemporaryFolder("large")
        let piece = String(repeating: line, count: (1 << 20) / line.utf8.count)
        let file = fopen(folder.file("large"), "w")
        for _ in 0..<300 { fputs(piece, file) }
        fputs("last 1\n", file)
        fclose(file)
        let port = try FreePort.tcp()
        let nginx = try await Nginx.start(
            """
            server {
                listen 127.0.0.1:\(port); types {} default_type "text/plain; version=0.0.4";
                location /metrics { alias \(folder.file("large")); max_ranges 0; }
            }
            """, in: folder)
        let path = try folder.write(
            """
            scrape_configs:
              - job_name: large
                scrape_interval: 5s
                scrape_timeout: 5s
                body_size_limit: \(limit)
                static_configs: [{targets: ["127.0.0.1:\(port)"]}]
            """, to: "prometheus.yml")
        let gatherer = try Gatherer(ConfigLoader.load(path).config)
        let before = residentBytes
        await gatherer.start()
        var most = before
        // Two scrapes and more, looked at while they run.
        for _ in 0..<600 {
            try await Task.sleep(for: .milliseconds(20))
            most = max(most, residentBytes)
        }
        let isUp = await gatherer.scraper.status().first?.health == .up
        if limit == "0", !isUp { throw PeerError(description: "the large body was not taken") }
        await gatherer.stop()
        await nginx.stop()
        return Double(most - before)
    }

    // MARK: What all of them use

    /// nginx that answers everything with `body`.
    private static func serve(
        _ body: String, in folder: TemporaryFolder
    ) async throws -> (ChildProcess, Int) {
        let port = try FreePort.tcp()
        _ = try folder.write(body, to: "metrics")
        let nginx = try await Nginx.start(
            """
            keepalive_requests 1000000; keepalive_timeout 300s;
            server {
                listen 0.0.0.0:\(port) backlog=8192;
                types {} default_type "text/plain; version=0.0.4";
                root \(folder.path);
            }
            """, in: folder, connections: 20_000)
        return (nginx, port)
    }

    private static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

    private static func raiseFileLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// The memory that this process has now.
    private static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let words = String(
            decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self
        ).split(separator: " ")
        return (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}

/// A scraper with a sink that counts and keeps nothing.
private struct Gatherer {
    let sink = CountingSink()
    let scraper: Scraper
    private let config: WeirConfig
    private let task = Locked<Task<Void, Never>?>(nil)

    init(_ config: WeirConfig) {
        self.config = config
        let (client, registry) = (HTTPClient(), MetricRegistry())
        let finder = TargetFinder(
            SourceSurroundings(client: client, log: .silent, registry: registry))
        scraper = Scraper(
            sink: sink, finder: finder, client: client, registry: registry, log: .silent)
    }

    func start() async {
        await scraper.apply(config)
        let scraper = scraper
        task.withLock { $0 = Task { await scraper.run() } }
    }

    func stop() async {
        let running = task.withLock { $0 }
        running?.cancel()
        await running?.value
    }
}

/// Counts samples, and how many batches are stamped with their target's planned tick.
private final class CountingSink: SampleSink {
    private struct Counts {
        var samples = 0
        var clocks: [Clock] = []
    }

    private final class Clock: SampleClock {
        let counts: Locked<Counts>
        let interval: Int64
        /// How often each distance from a multiple of the interval was seen.
        let residues = Locked<[Int64: Int]>([:])

        init(_ counts: Locked<Counts>, interval: Int64) {
            (self.counts, self.interval) = (counts, interval)
        }

        func append(_ batch: borrowing SampleBatch) throws(SinkError) {
            let mine = batch.time.milliseconds % interval
            let count = batch.values.count
            residues.withLock { $0[mine, default: 0] += 1 }
            counts.withLock {
                $0.samples += count
            }
        }

        func close() {}
    }

    private let counts = Locked(Counts())

    var samples: Int { counts.withLock { $0.samples } }

    /// The share of batches that are stamped with a planned tick: each target's most frequent
    /// distance from a multiple of its interval.
    var plannedShare: Double {
        var (all, planned) = (0, 0)
        for clock in counts.withLock({ $0.clocks }) {
            clock.residues.withLock { residues in
                all += residues.values.reduce(0, +)
                planned += residues.values.max() ?? 0
            }
        }
        return Double(planned) / Double(max(1, all))
    }

    /// Forgets what was seen of stamps so far.
    func forgetStamps() {
        for clock in counts.withLock({ $0.clocks }) { clock.residues.withLock { $0 = [:] } }
    }

    func open(_ key: ClockKey, interval: TimeSpan?) async throws(SinkError) -> any SampleClock {
        let clock = Clock(counts, interval: interval?.milliseconds ?? 1000)
        counts.withLock { $0.clocks.append(clock) }
        return clock
    }

    func settle() async throws(SinkError) {}
}

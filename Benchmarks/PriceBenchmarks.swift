import Configuration
import Discovery
import Glibc
import HTTPFetch
import Head
import Migrations
import Model
import Postgres
import PrivatePostgres
import Scraping
import Storage
import Telemetry
import TestKit
import Threads

/// What all of it costs: gathered, in memory, in PostgreSQL and sealed, with PostgreSQL's own time.
///
/// `WEIR_PRICE_MINUTES` says for how long, 20 without it; hot partitions are short enough for
/// several of them to be sealed meanwhile.
enum PriceBenchmarks {
    static func run(_ report: inout BenchmarkReport) async throws {
        let minutes = getenv("WEIR_PRICE_MINUTES").flatMap { Int(String(cString: $0)) } ?? 20
        if minutes > 0 { try await farm(minutes: minutes, &report) }
        try await flood(&report)
    }

    /// 200 targets of recorded frames every 5 s, beside Prometheus and VictoriaMetrics.
    private static func farm(minutes: Int, _ report: inout BenchmarkReport) async throws {
        guard let frames = Shared.folder("frames"), let bench = Shared.folder("bench") else {
            return
        }
        let folder = try TemporaryFolder("price")
        chmod(folder.path, 0o755)
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
        let victoria = try await ChildProcess.start([
            "victoria-metrics", "-promscrape.config=\(path)",
            "-promscrape.config.strictParse=false",
            "-storageDataPath=\(folder.file("victoria"))",
            "-httpListenAddr=127.0.0.1:\(try FreePort.tcp())",
        ])
        var options = StoreOptions()
        // Two or three ends of partitions fall into the run.
        options.hotSpan = .minutes(Int64(max(1, minutes * 2 / 5)))
        options.headSpan = options.hotSpan
        options.grace = .seconds(10)
        let whole = try await Whole(folder.path, options)
        let scraper = try await whole.scraping(ConfigLoader.load(path).config)
        let scraping = Task { await scraper.run() }
        // Each has scraped every target at least once by then, and knows all series.
        try await Task.sleep(for: .seconds(15))
        func spent() -> (own: Double, server: Double, samples: Double, peers: [Double]) {
            (
                BenchmarkReport.cpuSeconds, whole.serverSeconds,
                whole.count("weir_head_samples_total"),
                [prometheus, victoria].map { ProcessTimes.cpuSeconds(of: Int($0.pid)) }
            )
        }
        let before = spent()
        try await Task.sleep(for: .seconds(minutes * 60))
        let after = spent()
        let samples = after.samples - before.samples
        func price(_ seconds: Double) -> Double { seconds / samples * 1e6 }
        let (own, server) = (price(after.own - before.own), price(after.server - before.server))
        let peers = zip(after.peers, before.peers).map { price($0 - $1) }
        report.add(
            "CPU per sample, gathered, kept and sealed, PostgreSQL included", own + server, "µs",
            bar: "≤ 0.7",
            peer: "Prometheus 2.42: \(short(peers[0])), VictoriaMetrics 1.79: \(short(peers[1]))")
        report.add("of that Weir", own, "µs")
        report.add("of that PostgreSQL", server, "µs")
        report.add("the same over Prometheus's", (own + server) / peers[0], "", bar: "≤ 0.33")
        report.add("the same over VictoriaMetrics's", (own + server) / peers[1], "", bar: "≤ 0.23")
        report.add("samples a second", samples / Double(minutes * 60), "/s")
        report.add(
            "partitions sealed in \(minutes) minutes", whole.count("weir_storage_seals_total"), "")
        scraping.cancel()
        await scraping.value
        await whole.stop()
        for process in [prometheus, victoria, farm] { await process.stop() }
    }

    /// As much as goes in, with sealing keeping pace: 200 targets of 1,492 series in borrowed time,
    /// three hours of ticks every 30 s.
    private static func flood(_ report: inout BenchmarkReport) async throws {
        guard let frames = try Frames.read() else { return }
        let folder = try TemporaryFolder("flood")
        chmod(folder.path, 0o755)
        let start: Int64 = 1_789_948_800_000
        let now = Locked(start)
        let hours = getenv("WEIR_FLOOD_HOURS").flatMap { Int64(String(cString: $0)) } ?? 3
        let whole = try await Whole(folder.path, StoreOptions()) {
            Timestamp(milliseconds: now.withLock { $0 })
        }
        var clocks: [any SampleClock] = []
        for target in 0..<200 {
            let key = ClockKey(kind: .scrape, name: "flood", place: "target-\(target)")
            clocks.append(try await whole.store.open(key, interval: .seconds(30)))
        }
        var batches = (0..<200).map { target in
            var batch = SampleBatch(time: Timestamp(milliseconds: start))
            for (number, labels) in frames.labels.enumerated() {
                var builder = LabelsBuilder(labels)
                builder["instance"] = "target-\(target)"
                batch.newSeries.append(NewSeries(number: UInt32(number), labels: Labels(builder)))
                batch.series.append(UInt32(number))
            }
            return batch
        }
        let cpu = (BenchmarkReport.cpuSeconds, whole.serverSeconds)
        let began = ContinuousClock.now
        var samples = 0
        for tick in 0..<Int(hours * 120) {
            let time = start + Int64(tick) * 30_000
            now.withLock { $0 = time }
            let rows = (0..<10).map { phase in
                let place = phase * 24 + tick
                return frames.values(place % frames.count, turn: place / frames.count)
            }
            for target in 0..<200 {
                batches[target].time = Timestamp(milliseconds: time)
                batches[target].values = rows[target % 10]
                samples += batches[target].values.count
                try clocks[target].append(batches[target])
                if tick == 0 {
                    batches[target].newSeries = []
                    batches[target].isSameLayout = true
                }
            }
            // What waits is bounded, as the targets' pace bounds it in life.
            if tick % 4 == 3 { try await whole.store.settle() }
            if tick % 20 == 19 { try await whole.store.tidy() }
        }
        try await whole.store.settle()
        try await whole.store.tidy()
        let wall = (ContinuousClock.now - began) / .seconds(1)
        let own = BenchmarkReport.cpuSeconds - cpu.0
        let server = whole.serverSeconds - cpu.1
        let load = 2 * Double(samples) / (own + server) / 1e6
        report.add(
            "sustained ingest on 2 cores, with the sealings below, by CPU time",
            load, "M samples/s",
            bar: "≥ 1", peer: "by the clock, beside others: \(short(Double(samples) / wall / 1e6))")
        report.add("the same, Weir's part a sample", own / Double(samples) * 1e6, "µs")
        report.add("the same, PostgreSQL's part a sample", server / Double(samples) * 1e6, "µs")
        report.add("of them sealed partitions", whole.count("weir_storage_seals_total"), "")
        await whole.stop()
    }

    private static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

/// All of Weir that gathers and keeps, with a server of its own.
private struct Whole {
    let store: Store
    private let registry: MetricRegistry
    private let cluster: PrivateCluster
    private let folder: String
    private let pool: PostgresPool
    private let running: Task<Void, Never>

    init(
        _ path: String, _ options: StoreOptions,
        now: @escaping @Sendable () -> Timestamp = { WallClock.now }
    ) async throws {
        let cluster = try PrivateCluster(path + "/postgres", log: .silent)
        try await cluster.start()
        try await Migrator().migrate(try cluster.options())
        (self.cluster, folder) = (cluster, path + "/postgres/cluster")
        pool = PostgresPool(try cluster.options())
        registry = MetricRegistry()
        store = Store(pool: pool, options: options, registry: registry, log: .silent, now: now)
        let store = store
        running = Task { await store.run() }
    }

    func scraping(_ config: WeirConfig) async throws -> Scraper {
        let client = HTTPClient()
        let finder = TargetFinder(
            SourceSurroundings(client: client, log: .silent, registry: registry))
        let scraper = Scraper(
            sink: store, finder: finder, client: client, registry: registry, log: .silent)
        await scraper.apply(config)
        return scraper
    }

    func stop() async {
        running.cancel()
        await running.value
        await pool.close()
        await cluster.stop()
    }

    func count(_ metric: String) -> Double {
        registry.snapshot().first { $0.name == metric }?.lines.first?.value ?? 0
    }

    /// What PostgreSQL has spent: its processes that live, and those that ended.
    var serverSeconds: Double { ProcessTimes.cpuSeconds(ofAllIn: folder) }
}

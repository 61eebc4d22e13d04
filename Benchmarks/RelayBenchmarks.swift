import API
import Access
import Configuration
import Discovery
import Glibc
import HTTPFetch
import HTTPServe
import Head
import Model
import PromQL
import Relay
import Scraping
import Telemetry
import TestKit
import Threads

/// What it costs to be scraped: all 298,400 series of the farm, beside Prometheus's `/federate`.
enum RelayBenchmarks {
    private static let series = 298_400

    static func run(_ report: inout BenchmarkReport) async throws {
        guard let frames = Shared.folder("frames"), let bench = Shared.folder("bench") else {
            report.add("relay: no farm at ../shared, nothing measured", 0, "")
            return
        }
        let folder = try TemporaryFolder("relay-bench")
        let port = try FreePort.tcp()
        let unpacked = try await ChildProcess.run(
            ["tar", "xJf", "\(frames)/frames.tar.xz", "-C", folder.path])
        guard unpacked.status == 0 else { throw SystemError("unpack", path: frames) }
        let farm = try await ChildProcess.start(
            ["python3", "\(bench)/farm.py", folder.path, folder.file("work"), "\(port)", "30"])
        let config = try await ChildProcess.run(
            ["python3", "\(bench)/farm.py", "prom-config", "\(port)", "200", "30"])
        let path = try folder.write(config.output, to: "prometheus.yml")
        let peerPort = try FreePort.tcp()
        let prometheus = try await ChildProcess.start([
            "prometheus", "--config.file=\(path)", "--storage.tsdb.path=\(folder.file("tsdb"))",
            "--web.listen-address=127.0.0.1:\(peerPort)", "--log.level=error",
        ])
        let weir = try await RelayingWeir(ConfigLoader.load(path).config)
        // Both have scraped every target once by then.
        try await Task.sleep(for: .seconds(40))
        try await measure(
            weir, Pull(pid: Int(prometheus.pid), port: peerPort, folder: folder), &report)
        await weir.stop()
        for process in [prometheus, farm] { await process.stop() }
    }

    private static func measure(
        _ weir: RelayingWeir, _ theirs: Pull, _ report: inout BenchmarkReport
    ) async throws {
        let own = Pull(pid: Int(getpid()), port: weir.port, folder: theirs.folder)
        let accept = "application/openmetrics-text;version=1.0.0"
        let before = residentBytes
        let first = try await own.get("/metrics", accept: accept)
        let grown = residentBytes - before
        var again = Cost()
        for _ in 0..<5 { again += try await own.get("/metrics", accept: accept) / 5 }
        let plain = try await own.get("/metrics", accept: accept, packed: false)
        let two = try await own.together(2, "/metrics", accept: accept)
        let ten = try await own.together(10, "/metrics", accept: accept)
        let soon = try await after(.seconds(5), own, accept)
        let later = try await after(.seconds(31), own, accept)
        let federated = try await own.get(federation, accept: "")
        let peer = try await theirs.get(federation, accept: "")
        let peerAgain = try await theirs.get(federation, accept: "")
        let best = Cost(
            first: min(peer.first, peerAgain.first), wall: min(peer.wall, peerAgain.wall),
            cpu: min(peer.cpu, peerAgain.cpu), bytes: peer.bytes)
        report.add(
            "relay: Prometheus 2.42 /federate, all series, gzip", best.wall * 1000, "ms",
            peer: "first byte \(ms(best.first)), CPU \(ms(best.cpu)), \(Int(peer.bytes)) bytes")
        add("relay: /metrics, first pull ever", first, best, 5, &report)
        report.add("relay: memory that it grows by", Double(grown) / 1e6, "MB", bar: "≤ 32")
        add("relay: /metrics again within the interval", again, best, 20, &report)
        add("relay: /metrics 5 s later (a sixth has ticked)", soon, best, 5, &report)
        add("relay: /metrics an interval later (all have ticked)", later, best, 5, &report)
        add("relay: /metrics not packed, again", plain, best, 5, &report)
        add("relay: /federate, first pull ever", federated, best, 5, &report)
        report.add("relay: CPU of two readers at once", two * 1000, "ms")
        report.add(
            "relay: CPU of ten readers at once", ten * 1000, "ms",
            bar: "no more than two: \(ms(two))")
        report.add(
            "relay: memory after all of it", Double(residentBytes - before) / 1e6, "MB")
    }

    private static let federation = "/federate?match[]={__name__=~\".%2B\"}"

    private static func after(
        _ pause: Duration, _ own: Pull, _ accept: String
    ) async throws -> Cost {
        try await Task.sleep(for: pause)
        return try await own.get("/metrics", accept: accept)
    }

    private static func ms(_ seconds: Double) -> String { "\((seconds * 10000).rounded() / 10) ms" }

    private static func add(
        _ what: String, _ cost: Cost, _ peer: Cost, _ times: Double,
        _ report: inout BenchmarkReport
    ) {
        report.add("\(what): first byte", cost.first * 1000, "ms", bar: "≤ 50")
        report.add(
            "\(what): whole, \(Int(cost.bytes)) bytes", cost.wall * 1000, "ms",
            bar: "≤ 1/\(Int(times)) of \(ms(peer.wall)): \(ms(peer.wall / times))")
        report.add(
            "\(what): CPU", cost.cpu * 1000, "ms",
            bar: "≤ 1/\(Int(times)) of \(ms(peer.cpu)): \(ms(peer.cpu / times))")
    }

    /// The bytes of this process that are in memory.
    private static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 256)
        let count = fread(&text, 1, text.count, file)
        let fields = String(decoding: text[..<count], as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
    }
}

/// What a pull took, in seconds.
private struct Cost {
    var first = 0.0
    var wall = 0.0
    var cpu = 0.0
    var bytes = 0.0

    static func += (left: inout Cost, right: Cost) {
        left.first += right.first
        left.wall += right.wall
        left.cpu += right.cpu
        left.bytes += right.bytes
    }

    static func / (left: Cost, right: Double) -> Cost {
        Cost(
            first: left.first / right, wall: left.wall / right, cpu: left.cpu / right,
            bytes: left.bytes / right)
    }
}

/// Pulls from one server with curl, and looks at what that costs the server.
private struct Pull {
    let pid: Int
    let port: Int
    let folder: TemporaryFolder

    func get(_ path: String, accept: String, packed: Bool = true) async throws -> Cost {
        let before = ProcessTimes.cpuSeconds(of: pid)
        let own = BenchmarkReport.cpuSeconds
        let words = packed ? ["-H", "Accept-Encoding: gzip"] : []
        let outcome = try await ChildProcess.run(
            ["curl", "-sS", "--globoff", "--max-time", "60", "-H", "Accept: \(accept)"] + words + [
                "-o", "/dev/null", "-w", "%{time_starttransfer} %{time_total} %{size_download}",
                "http://127.0.0.1:\(port)\(path)",
            ])
        let numbers = outcome.output.split(separator: " ").compactMap { Double($0) }
        guard numbers.count == 3 else { throw PeerError(description: outcome.errors) }
        let isOwn = pid == Int(getpid())
        let cpu =
            isOwn
            ? BenchmarkReport.cpuSeconds - own : ProcessTimes.cpuSeconds(of: pid) - before
        return Cost(first: numbers[0], wall: numbers[1], cpu: cpu, bytes: numbers[2])
    }

    /// The CPU of some readers at the same time.
    func together(_ count: Int, _ path: String, accept: String) async throws -> Double {
        let own = BenchmarkReport.cpuSeconds
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { _ = try await get(path, accept: accept) }
            }
            try await group.waitForAll()
        }
        return BenchmarkReport.cpuSeconds - own
    }
}

/// Scraping, the head and the routes in this process.
private struct RelayingWeir {
    let port: Int
    private let server: HTTPServer
    private let scraper: Scraper
    private let task: Task<Void, Never>

    init(_ config: WeirConfig) async throws {
        let registry = MetricRegistry()
        let head = Head(span: .hours(2), registry: registry)
        let client = HTTPClient()
        let finder = TargetFinder(
            SourceSurroundings(client: client, log: .silent, registry: registry))
        scraper = Scraper(
            sink: head, finder: finder, client: client, registry: registry, log: .silent)
        await scraper.apply(config)
        let scraper = scraper
        task = Task { await scraper.run() }
        let readiness = Readiness(registry: registry)
        let needs = Dependencies(
            build: .init(version: "0", compiler: "swift"), startTime: WallClock.now, flags: [],
            readiness: readiness, registry: registry, source: head, head: head,
            relay: { RelayOptions() }, userAgent: "Weir/0", engine: Engine(),
            isLifecycleEnabled: false, configText: { "" },
            lastReload: { .init(succeeded: true, time: WallClock.now) }, retention: { "" },
            reload: {}, quit: {})
        readiness.state = .ready
        let keeper = Gatekeeper(try CredentialTable([]), registry: registry, log: .silent)
        server = HTTPServer(
            options: HTTPServerOptions(listeners: [.tcp(host: "127.0.0.1", port: 0)]),
            router: try Routes.router(Routes.all(needs)), gate: AccessGate(keeper) { .open }.gate)
        try await server.start()
        let address = "\(server.addresses[0])"
        port = Int(address.split(separator: ":").last ?? "") ?? 0
    }

    func stop() async {
        task.cancel()
        await task.value
        await server.stop(grace: .zero)
    }
}

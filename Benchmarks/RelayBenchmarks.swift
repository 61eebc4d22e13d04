import Compression
import Exposition
import Glibc
import HTTPServe
import Head
import Model
import Relay
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
        let weir = try await RelayingWeir(folder.path)
        // Prometheus has scraped every target once by then.
        try await Task.sleep(for: .seconds(35))
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
        func pull() async throws -> Cost { try await own.get("/metrics", accept: accept) }
        for tick in 0..<3 { try weir.tick(0..<200, tick) }
        let before = residentBytes
        let first = try await pull()
        let grown = residentBytes - before
        var again = Cost()
        for _ in 0..<5 { again += try await pull() / 5 }
        let plain = try await own.get("/metrics", accept: accept, packed: false)
        let two = try await own.together(2, "/metrics", accept: accept)
        let ten = try await own.together(10, "/metrics", accept: accept)
        try weir.tick(0..<33, 3)
        let soon = try await pull()
        try weir.tick(33..<200, 3)
        try weir.tick(0..<200, 4)
        let later = try await pull()
        try weir.tick(0..<200, 5)
        let tenAnew = try await own.together(10, "/metrics", accept: accept)
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
        add("relay: /metrics, a sixth has ticked", soon, best, 5, &report)
        add("relay: /metrics, all have ticked", later, best, 5, &report)
        add("relay: /metrics not packed, again", plain, best, 5, &report)
        add("relay: /federate, first pull ever", federated, best, 5, &report)
        report.add("relay: CPU of two readers at once, nothing new", two * 1000, "ms")
        report.add(
            "relay: CPU of ten readers at once, nothing new", ten * 1000, "ms",
            bar: "no more than two that make it: \(ms(2 * later.cpu))")
        report.add(
            "relay: CPU of ten readers at once, all have ticked", tenAnew * 1000, "ms",
            bar: "no more than two that make it: \(ms(2 * later.cpu))")
        report.add(
            "relay: memory after all of it", Double(residentBytes - before) / 1e6, "MB")
    }

    private static let federation = "/federate?match[]={__name__=~\".%2B\"}"

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

/// A head that the farm's recorded scrapes are told to, and a server before its relay.
private final class RelayingWeir: Sendable {
    let port: Int
    private let server: HTTPServer
    private let clocks: [any SampleClock]
    private let series: [Labels]
    private let frames: [[Double]]
    private let metadata: [FamilyMetadata]
    private let start = WallClock.now - .minutes(3)

    init(_ folder: String) async throws {
        let head = Head(span: .hours(2), registry: MetricRegistry())
        let relay = Relay(head, registry: MetricRegistry())
        var clocks: [any SampleClock] = []
        for target in 0..<200 {
            let key = ClockKey(kind: .scrape, name: "farm", place: "http://127.0.0.1/t/\(target)")
            clocks.append(try await head.open(key, interval: .seconds(30)))
        }
        self.clocks = clocks
        var parser = ScrapeParser()
        var (series, frames, metadata): ([Labels], [[Double]], [FamilyMetadata]) = ([], [], [])
        for body in try ExpositionBenchmarks.bodies().prefix(8) {
            try parser.read(body.span, as: .text004)
            if series.isEmpty {
                series = parser.batch.newSeries.map(\.labels)
                metadata = parser.batch.metadata
            }
            if parser.batch.values.count == series.count { frames.append(parser.batch.values) }
        }
        (self.series, self.frames, self.metadata) = (series, frames, metadata)
        var router = Router()
        for path in ["/metrics", "/federate"] {
            try router.add(Route([.get], path) { try Self.answer($0, relay) })
        }
        server = HTTPServer(
            options: HTTPServerOptions(listeners: [.tcp(host: "127.0.0.1", port: 0)]),
            router: router
        ) { _ in .admit(identity: nil, name: nil) }
        try await server.start()
        let address = "\(server.addresses[0])"
        port = Int(address.split(separator: ":").last ?? "") ?? 0
    }

    func stop() async { await server.stop(grace: .zero) }

    /// Some targets tick, each at its place in the interval of half a minute.
    func tick(_ targets: Range<Int>, _ tick: Int) throws {
        for target in targets {
            let time = start + TimeSpan(milliseconds: Int64(tick * 30_000 + target * 150))
            var batch = SampleBatch(time: time)
            batch.series = Array(0..<UInt32(series.count))
            batch.values = frames[(tick + target) % frames.count]
            batch.isSameLayout = tick > 0
            if tick == 0 {
                batch.metadata = metadata
                batch.newSeries = series.enumerated().map {
                    NewSeries(number: UInt32($0), labels: labels($1, target))
                }
            }
            try clocks[target].append(batch)
        }
    }

    private func labels(_ series: Labels, _ target: Int) -> Labels {
        var builder = LabelsBuilder(series)
        let digits = String(target)
        builder["instance"] =
            "target-" + String(repeating: "0", count: 5 - digits.utf8.count) + digits
        builder["job"] = "farm"
        return Labels(builder)
    }

    private static func answer(
        _ request: ServerRequest, _ relay: Relay
    ) throws -> ServerResponse {
        let isFederation = request.path == "/federate"
        let format: ExpositionFormat = isFederation ? .text004 : .openMetrics100
        var question = RelayQuestion(isFederation ? .federate : .metrics, format)
        question.takesGzip = request.accepts(.gzip)
        let body = try relay.body(for: question)
        var response = ServerResponse(
            fields: body.isPacked ? ["Content-Encoding": "gzip"] : [:]
        ) { output in
            var body = body
            while let piece = try body.next() { try await output.write(piece) }
        }
        response.compression = .never
        return response
    }
}

import Glibc
import HTTPServe
import TestKit

/// What an answer costs, beside Prometheus' cheapest; the load comes from `wrk`.
enum HTTPServeBenchmarks {
    static func run(_ report: inout BenchmarkReport) async throws {
        var router = Router()
        let small = [UInt8](repeating: UInt8(ascii: "x"), count: 200)
        let large = [UInt8](repeating: UInt8(ascii: "y"), count: 1_000_000)
        try router.on(.get, "/small") { _ in .json(small) }
        try router.add(Route([.get], "/heavy", isHeavy: true) { _ in .json(small) })
        try router.add(Route([.get], "/quick", isQuick: true) { _ in .json(small) })
        try router.on(.get, "/yielding") { _ in
            await Task.yield()
            return .json(small)
        }
        try router.on(.get, "/large") { _ in .json(large) }
        try router.on(.get, "/pieces") { _ in
            ServerResponse { body in
                for start in stride(from: 0, to: large.count, by: 62_500) {
                    try await body.write(Array(large[start..<(start + 62_500)]))
                }
            }
        }
        try router.on(.get, "/stream") { request in
            let count = Int(request.query["mb"] ?? "") ?? 1
            return ServerResponse { body in
                let piece = [UInt8](repeating: UInt8(ascii: "z"), count: 65_536)
                for _ in 0..<(count * 16) { try await body.write(piece) }
            }
        }
        var options = HTTPServerOptions(listeners: [.tcp(host: "127.0.0.1", port: 0)])
        options.maxConnections = 11_000
        options.headerTimeout = .seconds(60)
        let server = HTTPServer(options: options, router: router)
        try await server.start()
        guard case .tcp(_, let port)? = server.addresses.first else { return }
        let prometheus = try await Prometheus.start()
        try await requests(port, prometheus, &report)
        try await memory(port, &report)
        await prometheus.process.stop()
        await server.stop(grace: .seconds(1))
    }

    private static func requests(
        _ port: UInt16, _ prometheus: Prometheus, _ report: inout BenchmarkReport
    ) async throws {
        let peer = "http://127.0.0.1:\(prometheus.port)/-/healthy"
        for connections in [64, 1] {
            let theirs = try await load(peer, connections, of: prometheus.process.pid)
            let bars = [
                ("quick", "≥ 1.5"), ("small", "≥ 1.5"), ("yielding", "≥ 1.5"), ("heavy", ""),
            ]
            for (path, bar) in bars {
                let ours = try await load("http://127.0.0.1:\(port)/\(path)", connections)
                report.add(
                    "http: /\(path) at \(connections), requests a CPU second, times Prometheus",
                    ours.perSecond / theirs.perSecond, "x", bar: bar,
                    peer: "\(Int(1e6 / ours.perSecond)) µs to \(Int(1e6 / theirs.perSecond)) µs")
                report.add(
                    "http: /\(path) at \(connections), p99", ours.p99, "ms", bar: "no worse",
                    peer: "Prometheus \(theirs.p99) ms")
            }
        }
        // A file that Prometheus hands to the kernel, which is the least that 1 MB can cost.
        let file = try await load(
            "http://127.0.0.1:\(prometheus.port)/user/large", 16, of: prometheus.process.pid)
        for path in ["large", "pieces"] {
            let large = try await load("http://127.0.0.1:\(port)/\(path)", 16)
            report.add(
                "http: 1 MB answer, /\(path), times Prometheus's of a file",
                large.megabytes / large.cpu / (file.megabytes / file.cpu), "x", bar: "≥ 1.5",
                peer: "\(Int(large.megabytes / large.cpu)) MB a CPU second to "
                    + "\(Int(file.megabytes / file.cpu)) MB")
        }
    }

    private static func memory(_ port: UInt16, _ report: inout BenchmarkReport) async throws {
        let start = residentMegabytes
        let url = "http://127.0.0.1:\(port)"
        let stream = try await ChildProcess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{size_download}", "\(url)/stream?mb=1024"])
        report.add(
            "http: 1 GB streamed, RSS grown", residentMegabytes - start, "MB", bar: "< 8",
            peer: stream.output)
        let before = residentMegabytes
        _ = try await load(url + "/small", 64, seconds: 20)
        report.add(
            "http: ≈ 1,000,000 requests, RSS grown", residentMegabytes - before, "MB", bar: "≈ 0")
        let base = residentMegabytes
        let clients = try await ChildProcess.start(["python3", "-c", idleClients, "\(port)"])
        _ = try await eventually { clients.output.contains("ready") }
        report.add(
            "http: 10,000 idle connections, RSS", residentMegabytes, "MB", bar: "< 150",
            peer: "\(Int(base)) MB before")
        await clients.stop(9)
        let idle = (0..<1_000).map { _ in connect(port) }
        for socket in idle { ask(socket, "GET /small HTTP/1.1\r\nHo") }
        async let others = load(url + "/small", 16)
        for _ in 0..<30 {
            for socket in idle { ask(socket, "x") }
            try await Task.sleep(for: .milliseconds(100))
        }
        report.add("http: p99 beside 1,000 slow-loris", try await others.p99, "ms", bar: "< 50")
        for socket in idle { close(socket) }
    }

    // MARK: Load

    struct Load {
        var requests = 0.0
        var cpu = 0.0
        var p99 = 0.0
        var megabytes = 0.0
        var perSecond: Double { requests / cpu }
    }

    /// What `wrk` gets out of `url`, and what it costs process `pid`.
    private static func load(
        _ url: String, _ connections: Int, of pid: Int32 = getpid(), seconds: Int = 4
    ) async throws -> Load {
        let start = cpuSeconds(of: pid)
        let wrk = try await ChildProcess.run(
            ["wrk", "-t1", "-c\(connections)", "-d\(seconds)s", "--latency", url])
        var load = Load()
        load.cpu = cpuSeconds(of: pid) - start
        for line in wrk.output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 1, words[0] == "99%" { load.p99 = milliseconds(String(words[1])) }
            if words.count > 4, words[1] == "requests", words[2] == "in" {
                load.requests = Double(words[0]) ?? 0
                load.megabytes = megabytes(String(words[4]))
            }
        }
        return load
    }

    private static func milliseconds(_ text: String) -> Double {
        if text.hasSuffix("us") { return (Double(text.dropLast(2)) ?? 0) / 1000 }
        if text.hasSuffix("ms") { return Double(text.dropLast(2)) ?? 0 }
        return (Double(text.dropLast()) ?? 0) * 1000
    }

    private static func megabytes(_ text: String) -> Double {
        let number = Double(text.dropLast(2)) ?? 0
        return text.hasSuffix("GB") ? number * 1024 : text.hasSuffix("MB") ? number : number / 1024
    }

    private static func cpuSeconds(of pid: Int32) -> Double {
        let text = file("/proc/\(pid)/stat")
        let words = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard words.count > 13 else { return 0 }
        return ((Double(words[11]) ?? 0) + (Double(words[12]) ?? 0))
            / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static var residentMegabytes: Double {
        let words = file("/proc/self/statm").split(separator: " ")
        return (Double(words[1]) ?? 0) * 4096 / 1e6
    }

    static func file(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    private static func connect(_ port: UInt16) -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        withUnsafePointer(to: &name) { place in
            _ = place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return socket
    }

    private static func ask(_ socket: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        _ = write(socket, bytes, bytes.count)
    }

    /// Keeps 10,000 connections open, each of which has asked once; in a process of its own, since
    /// one process may not have the descriptors for both ends.
    private static let idleClients = """
        import socket, sys, time
        open_ones = []
        for _ in range(10000):
            one = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            one.sendall(b"GET /small HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
            one.recv(4096)
            open_ones.append(one)
        print("ready", flush=True)
        time.sleep(600)
        """
}

/// Debian's Prometheus with nothing to scrape.
struct Prometheus {
    let process: ChildProcess
    let port: UInt16
    private let folder: TemporaryFolder

    static func start() async throws -> Prometheus {
        let folder = try TemporaryFolder("prometheus")
        try folder.write("scrape_configs: []\n", to: "prometheus.yml")
        mkdir(folder.file("assets"), 0o700)
        try folder.write(String(repeating: "y", count: 1_000_000), to: "assets/large")
        let port = UInt16.random(in: 20_000..<30_000)
        let process = try await ChildProcess.start([
            "prometheus", "--config.file=\(folder.file("prometheus.yml"))",
            "--storage.tsdb.path=\(folder.file("data"))",
            "--web.listen-address=127.0.0.1:\(port)",
            "--web.user-assets=\(folder.file("assets"))",
        ])
        let url = "http://127.0.0.1:\(port)/-/ready"
        _ = try await eventually {
            try await ChildProcess.run(["curl", "-sf", url]).status == 0
        }
        return Prometheus(process: process, port: port, folder: folder)
    }
}

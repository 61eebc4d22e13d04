import Glibc
import HTTPFetch
import TestKit
import Threads

/// What a transfer costs: 57 KB of exposition text from nginx, over connections that stay open.
enum FetchBenchmarks {
    /// Counts bytes and keeps none, so that what is measured is the transfer.
    private final class Counter: BodyReader {
        private let bytes = Locked(0)
        var count: Int { bytes.withLock { $0 } }
        func begin(_ head: HTTPResponse) -> Bool { head.status == 200 }
        func read(_ piece: Span<UInt8>) -> Bool {
            let count = piece.count
            bytes.withLock { $0 += count }
            return true
        }
    }

    private static let bodyBytes = 57_675

    static func run(_ report: inout BenchmarkReport) async throws {
        raiseFileLimit()
        for targets in [200, 1000] {
            try await transfers(targets, gzip: false, &report)
        }
        try await transfers(200, gzip: true, &report)
        try await besideHanging(&report)
    }

    private static func transfers(
        _ targets: Int, gzip: Bool, _ report: inout BenchmarkReport
    ) async throws {
        let (nginx, port) = try await startNginx()
        let client = HTTPClient()
        let requests = try Self.requests(targets, port: port, gzip: gzip)
        try await waitFor(requests[0], client)
        let before = residentBytes
        let counter = Counter()
        // The first round opens the connections, a few at a time, as targets spread over an interval.
        for start in stride(from: 0, to: targets, by: 20) {
            try await round(Array(requests[start..<start + 20]), client, counter)
        }
        let idle = residentBytes
        let rounds = max(5, 4000 / targets)
        let start = BenchmarkReport.cpuSeconds
        for _ in 0..<rounds { try await round(requests, client, counter) }
        let each = (BenchmarkReport.cpuSeconds - start) / Double(rounds * targets) * 1000
        let kind = gzip ? "gzip" : "plain"
        report.add(
            "CPU per fetch, 57 KB \(kind), \(targets) targets at once", each, "ms",
            bar: gzip ? "" : "≤ 0.10", peer: "")
        if !gzip {
            let bytes = Double(idle - before) / Double(targets) / 1024
            report.add("memory per idle target of \(targets)", bytes, "KB", bar: "≤ 17")
        }
        guard counter.count >= (rounds + 1) * targets * bodyBytes else {
            throw SystemError("read all bodies of", path: "nginx")
        }
        await nginx.stop()
    }

    /// The same fetches while as many others hang: these must cost nothing.
    private static func besideHanging(_ report: inout BenchmarkReport) async throws {
        let (nginx, port) = try await startNginx()
        let silent = try ScriptedServer.silent()
        let client = HTTPClient()
        let requests = try requests(100, port: port, gzip: false)
        try await waitFor(requests[0], client)
        let counter = Counter()
        try await round(requests, client, counter)
        var costs: [Double] = []
        let hanging = HTTPRequest("GET", try HTTPAddress(silent.url()), timeout: .seconds(600))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for count in [0, 1000] {
                for _ in 0..<count {
                    // Lost is only how it ends: it is cancelled.
                    group.addTask { _ = try? await client.fetch(hanging) }
                }
                _ = try await eventually { silent.connections == count }
                // Until all that beginning them costs is over.
                for request in requests {
                    _ = try await client.fetch(request, with: .init(), into: counter)
                }
                let start = BenchmarkReport.cpuSeconds
                // One after another, so that each wakes the thread on its own.
                for _ in 0..<10 {
                    for request in requests {
                        _ = try await client.fetch(request, with: .init(), into: counter)
                    }
                }
                costs.append((BenchmarkReport.cpuSeconds - start) / 1000 * 1000)
            }
            group.cancelAll()
        }
        report.add("CPU per fetch, one after another", costs[0], "ms")
        report.add("the same while 1,000 others hang", costs[1], "ms", bar: "the same")
        await nginx.stop()
    }

    private static func round(
        _ requests: [HTTPRequest], _ client: HTTPClient, _ counter: Counter
    ) async throws {
        let options = HTTPClientOptions()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for request in requests {
                group.addTask { _ = try await client.fetch(request, with: options, into: counter) }
            }
            try await group.waitForAll()
        }
    }

    /// Each on an address of its own, as targets have.
    private static func requests(
        _ count: Int, port: Int, gzip: Bool
    ) throws -> [HTTPRequest] {
        try (0..<count).map { index in
            let host = "127.0.\(index / 250 + 1).\(index % 250 + 1)"
            let url = try HTTPAddress("http://\(host):\(port)/metrics")
            return HTTPRequest("GET", url, codings: gzip ? [.gzip] : [])
        }
    }

    private static func startNginx() async throws -> (ChildProcess, Int) {
        let folder = try TemporaryFolder("bench")
        let probe = try ScriptedServer.silent()
        let port = probe.port
        let line = "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 1234.5\n"
        let text = String(repeating: line, count: bodyBytes / line.utf8.count + 1)
        try folder.write(String(text.prefix(bodyBytes)), to: "metrics")
        let configuration = try folder.write(
            """
            user root; daemon off; master_process off; pid \(folder.file("pid"));
            error_log stderr; worker_rlimit_nofile 8192;
            events { worker_connections 4096; }
            http {
                access_log off; keepalive_requests 1000000; keepalive_timeout 600; sendfile on;
                gzip on; gzip_comp_level 1; gzip_types *; default_type text/plain;
                client_body_temp_path \(folder.file("b")); proxy_temp_path \(folder.file("p"));
                fastcgi_temp_path \(folder.file("f")); uwsgi_temp_path \(folder.file("u"));
                scgi_temp_path \(folder.file("s"));
                server { listen 0.0.0.0:\(port) backlog=4096; root \(folder.path); }
            }
            """, to: "nginx.conf")
        _ = consume probe
        let nginx = try await ChildProcess.start(["nginx", "-c", configuration, "-e", "stderr"])
        held.withLock { $0.append(folder) }
        return (nginx, port)
    }

    /// Folders that have to outlive the servers in them.
    private static let held = Locked<[TemporaryFolder]>([])

    private static func waitFor(_ request: HTTPRequest, _ client: HTTPClient) async throws {
        let isUp = try await eventually {
            // Lost is why it is not up yet.
            (try? await client.fetch(request))?.status == 200
        }
        guard isUp else { throw SystemError("reach nginx at", path: request.url.description) }
    }

    private static func raiseFileLimit() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }

    private static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        fgets(&line, 128, file)
        let text = String(
            decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (Int(text.split(separator: " ")[1]) ?? 0) * 4096
    }
}

import Glibc
import TestKit

/// Debian's Prometheus, which scrapes the same bodies from nginx: what of its CPU its parser takes,
/// by its own profile.
enum ParserPeer {
    /// What one sample cost it, in nanoseconds: the parser alone, and all that a scrape is.
    struct Cost {
        let parsing: Double
        let scraping: Double
    }

    private static let targets = 60
    private static let seconds = 25

    /// `frames` are served as they are, one a target, twice a second.
    static func measure(_ frames: [[UInt8]]) async throws -> Cost {
        let folder = try TemporaryFolder("peer")
        try folder.write("one 1\n", to: "empty.txt")
        for (number, frame) in frames.prefix(targets).enumerated() {
            let text = String(decoding: frame, as: UTF8.self)
            try folder.write(text, to: "\(number).txt")
        }
        let web = try FreePort.tcp()
        let nginx = try await startNginx(folder, web)
        let idle = try await round(folder, web) { _ in "empty" }
        let busy = try await round(folder, web) { "\($0)" }
        await nginx.stop()
        return Cost(
            parsing: busy.parsing / busy.samples * 1e9,
            scraping: (busy.total - idle.total) / (busy.samples - idle.samples) * 1e9)
    }

    private struct Round {
        var total = 0.0
        var parsing = 0.0
        var samples = 0.0
    }

    /// A Prometheus from its start on; what is measured begins when it knows its targets.
    private static func round(
        _ folder: TemporaryFolder, _ web: Int, _ path: (Int) -> String
    ) async throws -> Round {
        let port = try FreePort.tcp()
        let jobs = (0..<targets).map {
            """
            - job_name: j\($0)
              metrics_path: /\(path($0)).txt
              static_configs: [{targets: ["127.0.0.1:\(web)"]}]
            """
        }
        let configuration = try folder.write(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n"
                + jobs.joined(separator: "\n"), to: "prometheus.yml")
        let prometheus = try await ChildProcess.start([
            "prometheus", "--config.file=\(configuration)", "--log.level=error",
            "--storage.tsdb.path=\(folder.file("data-\(port)"))",
            "--web.listen-address=127.0.0.1:\(port)",
        ])
        let isReady = try await eventually {
            try await get("http://127.0.0.1:\(port)/-/ready", "").status == 0
        }
        precondition(isReady, "Prometheus did not start: \(prometheus.errors.prefix(300))")
        try await Task.sleep(for: .seconds(6))
        let (samples, cpu) = (try await appended(port), cpuSeconds(of: prometheus.pid))
        let file = folder.file("profile")
        let url = "http://127.0.0.1:\(port)/debug/pprof/profile?seconds=\(seconds)"
        _ = try await get(url, "| gzip -dc > '\(file)'")
        var round = Round()
        round.total = cpuSeconds(of: prometheus.pid) - cpu
        round.samples = try await appended(port) - samples
        round.parsing = Profile(contents(of: file)).seconds(below: "textparse")
        await prometheus.stop(9)
        return round
    }

    private static func startNginx(
        _ folder: TemporaryFolder, _ port: Int
    ) async throws -> ChildProcess {
        let configuration = try folder.write(
            """
            daemon off; pid \(folder.file("nginx.pid")); user root;
            events { worker_connections 4096; }
            http {
              access_log off; types {} client_body_temp_path \(folder.path);
              default_type "text/plain; version=0.0.4";
              server { listen 127.0.0.1:\(port); root \(folder.path); }
            }
            """, to: "nginx.conf")
        return try await ChildProcess.start([
            "nginx", "-c", configuration, "-e", folder.file("nginx.log"),
        ])
    }

    private static func get(_ url: String, _ pipe: String) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run(["sh", "-c", "curl -sf '\(url)' \(pipe)"])
    }

    private static func appended(_ port: Int) async throws -> Double {
        let text = try await get("http://127.0.0.1:\(port)/metrics", "").output
        let line = text.split(separator: "\n").first {
            $0.hasPrefix("prometheus_tsdb_head_samples_appended_total")
        }
        return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
    }

    private static func cpuSeconds(of pid: Int32) -> Double {
        let text = String(decoding: contents(of: "/proc/\(pid)/stat"), as: UTF8.self)
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12 else { return 0 }
        let ticks = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func contents(of path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 22)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}

/// As much of pprof's profile as tells how long functions ran, with all that they called.
private struct Profile {
    private var texts: [String] = []
    private var functions: [UInt64: UInt64] = [:]
    private var places: [UInt64: [UInt64]] = [:]
    private var samples: [(places: [UInt64], nanoseconds: UInt64)] = []

    init(_ bytes: [UInt8]) {
        Self.fields(bytes) { number, value, part in
            switch number {
            case 2: samples.append(Self.sample(part))
            case 4:
                var id: UInt64 = 0
                var calls: [UInt64] = []
                Self.fields(part) { number, value, line in
                    if number == 1 { id = value }
                    if number == 4 {
                        Self.fields(line) { number, value, _ in
                            if number == 1 { calls.append(value) }
                        }
                    }
                }
                places[id] = calls
            case 5:
                var pair: (id: UInt64, name: UInt64) = (0, 0)
                Self.fields(part) { number, value, _ in
                    if number == 1 { pair.id = value }
                    if number == 2 { pair.name = value }
                }
                functions[pair.id] = pair.name
            case 6: texts.append(String(decoding: part, as: UTF8.self))
            default: break
            }
        }
    }

    /// CPU seconds in functions whose name holds `word`, and in what they called.
    func seconds(below word: String) -> Double {
        let names = texts.map { $0.contains(word) }
        let isInside = functions.mapValues { Int($0) < names.count && names[Int($0)] }
        let sum = samples.reduce(0.0) { sum, sample in
            let calls = sample.places.flatMap { places[$0] ?? [] }
            return calls.contains { isInside[$0] ?? false } ? sum + Double(sample.nanoseconds) : sum
        }
        return sum / 1e9
    }

    /// Its places, and the second of its values.
    private static func sample(_ bytes: [UInt8]) -> (places: [UInt64], nanoseconds: UInt64) {
        var lists: [Int: [UInt64]] = [:]
        fields(bytes) { number, value, part in
            guard !part.isEmpty else { return lists[number, default: []].append(value) }
            var at = 0
            while at < part.count { lists[number, default: []].append(varint(part, &at)) }
        }
        let values = lists[2] ?? []
        return (lists[1] ?? [], values.count > 1 ? values[1] : 0)
    }

    private static func fields(_ bytes: [UInt8], _ body: (Int, UInt64, [UInt8]) -> Void) {
        var at = 0
        while at < bytes.count {
            let tag = varint(bytes, &at)
            guard tag & 7 == 2 else {
                body(Int(tag >> 3), varint(bytes, &at), [])
                continue
            }
            let end = min(bytes.count, Int(varint(bytes, &at)) + at)
            body(Int(tag >> 3), 0, Array(bytes[at..<end]))
            at = end
        }
    }

    private static func varint(_ bytes: [UInt8], _ at: inout Int) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        return value
    }
}

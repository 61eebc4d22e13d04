import API
import Glibc
import HTTPServe
import Head
import Model
import PromQL
import Relay
import Telemetry
import TestKit

/// What it costs to write a query's answer, beside Debian's Prometheus over the same samples.
///
/// Both are asked for the series and then for their `count`, which is as much to evaluate and
/// nothing to write; the difference is the writing.
enum AnswerBenchmarks {
    static func run(_ report: inout BenchmarkReport) async throws {
        let source = Waves(series: 1000, samples: 1440)
        let port = UInt16(try FreePort.tcp())
        let server = HTTPServer(
            options: HTTPServerOptions(listeners: [.tcp(host: "127.0.0.1", port: port)]),
            router: try Routes.router(Routes.all(dependencies(source))))
        try await server.start()
        let ours = Side(pid: getpid(), port: port)
        let folder = try TemporaryFolder("answers")
        let prometheus = try await prometheus(source, in: folder)
        let theirs = Side(pid: prometheus.pid, port: prometheus.port)
        for (name, query) in [
            ("samples", Waves.twoHundred), ("rates", "rate(\(Waves.twoHundred)[5m])"),
        ] {
            for coding in ["identity", "gzip"] {
                let mine = try await ours.writing(query, coding)
                let peer = try await theirs.writing(query, coding)
                report.add(
                    "answers: 200 series × 1,440 \(name), \(coding), CPU to write", mine.cpu * 1000,
                    "ms", bar: coding == "identity" ? "≤ ⅓ of Prometheus's" : "",
                    peer: "Prometheus 2.42: \(short(peer.cpu * 1000)) ms, "
                        + "\(short(peer.cpu / mine.cpu)) times; \(mine.bytes) to \(peer.bytes) bytes"
                )
            }
        }
        try await streamed(ours, &report)
        await prometheus.process.stop(SIGKILL)
        await server.stop(grace: .zero)
    }

    /// A million points, read slowly.
    private static func streamed(_ side: Side, _ report: inout BenchmarkReport) async throws {
        let target = side.target("wave", points: 1000)
        _ = try await side.curl(target, [])
        let quick = try await side.curl(target, [])
        report.add(
            "answers: 1,000,000 points, first byte", quick.first * 1000, "ms",
            bar: "before the last series", peer: "all of it: \(short(quick.total * 1000)) ms")
        let before = residentMegabytes
        async let slow = side.curl(target, ["--limit-rate", "8M"])
        var most = 0.0
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(100))
            most = max(most, residentMegabytes - before)
        }
        report.add(
            "answers: 1,000,000 points to a slow client, memory added", most, "MB",
            peer: "\(try await slow.bytes / 1_000_000) MB of JSON")
    }

    static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

    private static var residentMegabytes: Double {
        let words = HTTPServeBenchmarks.file("/proc/self/statm").split(separator: " ")
        return (Double(words[1]) ?? 0) * 4096 / 1e6
    }

    private static func dependencies(_ source: any SeriesSource) -> Dependencies {
        let registry = MetricRegistry()
        let readiness = Readiness(registry: registry)
        readiness.state = .ready
        return Dependencies(
            build: .init(version: "0", compiler: "swift"), startTime: WallClock.now, flags: [],
            readiness: readiness, registry: registry, source: source,
            head: Head(span: .hours(1), registry: MetricRegistry()), relay: { RelayOptions() },
            userAgent: "Weir", engine: Engine(), isLifecycleEnabled: false, configText: { "" },
            lastReload: { .init(succeeded: true, time: WallClock.now) }, retention: { "" },
            reload: {}, quit: {})
    }

    private static func prometheus(
        _ source: Waves, in folder: TemporaryFolder
    ) async throws -> (process: ChildProcess, pid: Int32, port: UInt16) {
        let file = folder.file("samples.txt")
        try source.write(200, to: file)
        let filled = try await ChildProcess.run([
            "promtool", "tsdb", "create-blocks-from", "openmetrics", file, folder.file("data"),
        ])
        guard filled.status == 0 else { throw AnswerFailure(description: filled.errors) }
        let config = try folder.write("global: {}\n", to: "prometheus.yml")
        let port = UInt16(try FreePort.tcp())
        let process = try await ChildProcess.start([
            "prometheus", "--config.file=\(config)", "--storage.tsdb.path=\(folder.file("data"))",
            "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)",
            "--log.level=error",
        ])
        let isReady = try await eventually(within: .seconds(60)) {
            try await ChildProcess.run(["curl", "-sf", "http://127.0.0.1:\(port)/-/ready"]).status
                == 0
        }
        guard isReady else { throw AnswerFailure(description: "Prometheus does not become ready") }
        return (process, process.pid, port)
    }

    // MARK: Asking

    /// One of the two that are compared.
    private struct Side {
        let pid: Int32
        let port: UInt16

        func target(_ query: String, points: Int) -> String {
            let encoded = query.utf8.map { byte in
                let digits = String(byte, radix: 16)
                return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }.joined()
            let end = Waves.first / 1000 + Int64(points - 1) * Waves.interval / 1000
            return "http://127.0.0.1:\(port)/api/v1/query_range?query=\(encoded)"
                + "&start=\(Waves.first / 1000)&end=\(end)&step=\(Waves.interval / 1000)"
        }

        /// The CPU that writing the answer takes, and its bytes.
        func writing(_ query: String, _ coding: String) async throws -> (cpu: Double, bytes: Int) {
            let whole = try await cpu(target(query, points: 1440), coding)
            let count = try await cpu(target("count(\(query))", points: 1440), coding)
            return (whole.cpu - count.cpu, whole.bytes)
        }

        private func cpu(
            _ target: String, _ coding: String
        ) async throws -> (cpu: Double, bytes: Int) {
            let fields = ["-H", "Accept-Encoding: \(coding)"]
            for _ in 0..<3 { _ = try await curl(target, fields) }
            let rounds = 15
            let before = ProcessTimes.cpuSeconds(of: Int(pid))
            var bytes = 0
            // One process for all, so that little beside the answers is paid for.
            bytes = try await curl(target, fields, rounds: rounds).bytes
            return ((ProcessTimes.cpuSeconds(of: Int(pid)) - before) / Double(rounds), bytes)
        }

        func curl(
            _ target: String, _ words: [String], rounds: Int = 1
        ) async throws -> (first: Double, total: Double, bytes: Int) {
            let format = "%{http_code} %{time_starttransfer} %{time_total} %{size_download}\n"
            var command = ["curl", "-sS", "-w", format] + words
            for _ in 0..<rounds { command += ["-o", "/dev/null", target] }
            let outcome = try await ChildProcess.run(command)
            let values = (outcome.output.split(separator: "\n").last ?? "").split(separator: " ")
            guard outcome.status == 0, values.count == 4, values[0] == "200",
                let first = Double(values[1]), let total = Double(values[2]),
                let bytes = Int(values[3])
            else { throw AnswerFailure(description: "\(target): \(outcome.output)") }
            return (first, total, bytes)
        }
    }
}

/// Why an answer cannot be measured.
private struct AnswerFailure: Error, CustomStringConvertible { let description: String }

/// Series whose values look like what people measure: whole numbers, two digits, and shares.
private struct Waves: SeriesSource {
    static let first: Int64 = 1_600_002_000_000
    static let interval: Int64 = 15_000
    /// A selector of two hundred of them.
    static let twoHundred = "wave{part=\"0\"}"

    private let all: [Series]

    init(series: Int, samples: Int) {
        let times = (0..<samples).map {
            Timestamp(milliseconds: Self.first + Int64($0) * Self.interval)
        }
        all = (0..<series).map { number in
            var builder = LabelsBuilder()
            builder["__name__"] = "wave"
            builder["instance"] = "node-\(number).example.org:9100"
            builder["job"] = "node"
            builder["mode"] = "user"
            builder["part"] = "\(number / 200)"
            return Series(
                labels: Labels(builder), times: times,
                values: (0..<samples).map { Self.value(number, $0) })
        }
    }

    private static func value(_ number: Int, _ place: Int) -> Double {
        let rise = Double(place * 17 + number * 3 + place * number % 13)
        switch number % 3 {
        case 0: return rise
        case 1: return (rise * 137).rounded() / 100
        default: return rise / 7
        }
    }

    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        all.filter { matchers.accept($0.labels) }
    }

    /// The first `count` series as OpenMetrics.
    func write(_ count: Int, to path: String) throws {
        guard let file = fopen(path, "w") else { throw AnswerFailure(description: "no \(path)") }
        defer { fclose(file) }
        for one in all.prefix(count) {
            let labels = one.labels.filter { $0.name != LabelName.metric }
                .map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
            for (place, time) in one.times.enumerated() {
                fputs(
                    "wave{\(labels)} \(one.values[place]) \(time.milliseconds / 1000)\n", file)
            }
        }
        fputs("# EOF\n", file)
    }
}

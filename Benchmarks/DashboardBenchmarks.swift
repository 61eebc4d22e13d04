import Glibc
import HTTPFetch
import TestKit
import Threads

/// A hundred Grafana dashboards of twenty panels that refresh every ten seconds, while Weir scrapes
/// the farm.
///
/// Time runs fifteen times as fast as people have it: targets are scraped every second, a range of
/// two minutes stands for half an hour, and a step for fifteen seconds. Weir is a process of its
/// own, the `weir` that was built beside this program.
enum DashboardBenchmarks {
    private static let (targets, filling, measuring) = (20, 125, 40)
    private static let (dashboards, refresh) = (100, 10.0)
    /// Requests that a browser has under way at once.
    private static let lanes = 6

    static func run(_ report: inout BenchmarkReport) async throws {
        guard let frames = Shared.folder("frames"), let bench = Shared.folder("bench") else {
            report.add("dashboards: no farm beside the project, nothing measured", 0, "")
            return
        }
        let folder = try TemporaryFolder("dashboards")
        let farmPort = try FreePort.tcp()
        let unpacked = try await ChildProcess.run(
            ["tar", "xJf", "\(frames)/frames.tar.xz", "-C", folder.path])
        guard unpacked.status == 0 else { throw SystemError("unpack", path: frames) }
        let farm = try await ChildProcess.start([
            "python3", "\(bench)/farm.py", folder.path, folder.file("work"), "\(farmPort)", "1",
        ])
        let config = try await ChildProcess.run(
            ["python3", "\(bench)/farm.py", "prom-config", "\(farmPort)", "\(targets)", "1"])
        let path = try folder.write(config.output, to: "prometheus.yml")
        let port = UInt16(try FreePort.tcp())
        let weir = try await ChildProcess.start(
            [
                folderOfThis + "/weir", "run", "--web.listen-address=127.0.0.1:\(port)",
                "--config.file=\(path)",
            ], environment: ["WEIR_DATABASE": "postgresql:///weir?host=/nonexistent"])
        do { try await measure(weir, "http://127.0.0.1:\(port)", &report) } catch {
            await weir.stop(SIGKILL)
            await farm.stop()
            throw error
        }
        await weir.stop(SIGKILL)
        await farm.stop()
    }

    private static func measure(
        _ weir: ChildProcess, _ base: String, _ report: inout BenchmarkReport
    ) async throws {
        try await Task.sleep(for: .seconds(filling))
        guard weir.isRunning else { throw SystemError("run", path: "weir") }
        let before = try await scraped(base)
        let cpu = ProcessTimes.cpuSeconds(of: Int(weir.pid))
        let start = ContinuousClock.now
        let client = HTTPClient()
        let outcome = Outcome()
        await withTaskGroup { group in
            for number in 0..<dashboards {
                group.addTask { await dashboard(number, base, client, outcome, since: start) }
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let after = try await scraped(base)
        let times = outcome.times.withLock { $0.sorted() }
        guard !times.isEmpty else { throw SystemError("ask", path: base) }
        let used = ProcessTimes.cpuSeconds(of: Int(weir.pid)) - cpu
        report.add(
            "dashboards: panels answered a second", Double(times.count) / seconds, "",
            bar: "200", peer: "\(outcome.failures.withLock { $0 }) failures")
        report.add("dashboards: p50", times[times.count / 2] * 1000, "ms")
        report.add("dashboards: p99", times[times.count * 99 / 100] * 1000, "ms", bar: "< 300")
        report.add(
            "dashboards: slowest", (times.last ?? 0) * 1000, "ms",
            peer: "\(outcome.bytes.withLock { $0 } / times.count) bytes a panel")
        report.add(
            "dashboards: missed ticks", after.skipped - before.skipped,
            "of "
                + "\(Int(after.scrapes - before.scrapes))", bar: "0",
            peer: "\(Int(after.failures - before.failures)) failed scrapes")
        report.add("dashboards: CPU of Weir", used / seconds, "of a core")
    }

    // MARK: Asking

    private final class Outcome: Sendable {
        let times = Locked<[Double]>([])
        let failures = Locked(0)
        let bytes = Locked(0)
    }

    /// Takes an answer and keeps nothing of it.
    private final class Reader: BodyReader {
        let bytes = Locked(0)
        let isOK = Locked(false)
        func begin(_ head: HTTPResponse) -> Bool {
            isOK.withLock { $0 = head.status == 200 }
            return true
        }
        func read(_ piece: Span<UInt8>) -> Bool {
            let count = piece.count
            bytes.withLock { $0 += count }
            return true
        }
    }

    /// One dashboard, at its own phase of the ten seconds.
    private static func dashboard(
        _ number: Int, _ base: String, _ client: HTTPClient, _ outcome: Outcome,
        since start: ContinuousClock.Instant
    ) async {
        var due = start + .seconds(refresh) * number / dashboards
        while due < start + .seconds(measuring) {
            // Lost: an interruption, of which there is none.
            try? await Task.sleep(until: due, clock: .continuous)
            let questions = Locked(Panels.urls(of: number, at: WallTime.seconds)[...])
            await withTaskGroup { group in
                for _ in 0..<lanes {
                    group.addTask {
                        while let question = questions.withLock({ $0.popFirst() }) {
                            await ask(base + question, client, outcome)
                        }
                    }
                }
            }
            due += .seconds(refresh)
        }
    }

    private static func ask(_ url: String, _ client: HTTPClient, _ outcome: Outcome) async {
        let reader = Reader()
        let start = ContinuousClock.now
        do {
            let request = HTTPRequest("GET", try HTTPAddress(url), codings: [.gzip])
            _ = try await client.fetch(request, with: HTTPClientOptions(), into: reader)
        } catch { return outcome.failures.withLock { $0 += 1 } }
        let time = (ContinuousClock.now - start) / .seconds(1)
        if reader.isOK.withLock({ $0 }) {
            outcome.times.withLock { $0.append(time) }
            let count = reader.bytes.withLock { $0 }
            outcome.bytes.withLock { $0 += count }
        } else {
            outcome.failures.withLock { $0 += 1 }
        }
    }

    // MARK: Scraping

    /// What Weir says that it has scraped and missed.
    private static func scraped(
        _ base: String
    ) async throws -> (scrapes: Double, failures: Double, skipped: Double) {
        let page = try await ChildProcess.run(["curl", "-sS", "\(base)/metrics/self"]).output
        func value(_ name: String) -> Double {
            let line = page.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line?.split(separator: " ").last.flatMap { Double($0) } ?? .nan
        }
        return (
            value("weir_scraping_scrapes_total"), value("weir_scraping_failures_total"),
            value("weir_scraping_skipped_ticks_total")
        )
    }

    /// Where this program lies, and `weir` beside it.
    private static var folderOfThis: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(
            decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
    }
}

/// Seconds since 1970.
private enum WallTime {
    static var seconds: Int { time(nil) }
}

/// The twenty panels of a dashboard, which looks at one target or at all of them.
private enum Panels {
    static func urls(of dashboard: Int, at now: Int) -> [String] {
        let number = "\(dashboard % 20)"
        let target = "target-" + String(repeating: "0", count: 5 - number.utf8.count) + number
        let instance = "instance=\"\(target)\""
        return queries.enumerated().map { place, query in
            let text = query.replacing("$instance", with: instance)
            let encoded = encoded(text)
            if place >= 17 { return "/api/v1/query?query=\(encoded)&time=\(now)" }
            return "/api/v1/query_range?query=\(encoded)&start=\(now - 120)&end=\(now)&step=1"
        }
    }

    /// Most look at the target that was chosen above, as dashboards of hosts do; some at all.
    private static let queries = [
        "node_load1{$instance}", "rate(node_cpu_seconds_total{$instance}[20s])",
        "sum by (mode) (rate(node_cpu_seconds_total{$instance}[20s]))",
        "1 - node_memory_MemAvailable_bytes{$instance} / node_memory_MemTotal_bytes{$instance}",
        "rate(node_network_receive_bytes_total{$instance}[20s])",
        "rate(node_network_transmit_bytes_total{$instance}[20s])",
        "rate(node_disk_read_bytes_total{$instance}[20s])",
        "rate(node_disk_written_bytes_total{$instance}[20s])",
        "100 * (1 - node_filesystem_avail_bytes{$instance} / node_filesystem_size_bytes{$instance})",
        "{__name__=~\"node_memory_.*\", $instance}",
        "rate(node_context_switches_total{$instance}[20s])",
        "deriv(node_filesystem_avail_bytes{$instance}[40s])",
        "max_over_time(rate(node_cpu_seconds_total{$instance}[4s])[40s:4s])",
        "node_load1", "topk(5, rate(node_context_switches_total[20s]))",
        "100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[20s])))",
        "histogram_quantile(0.99, sum by (le) "
            + "(rate(prometheus_http_request_duration_seconds_bucket[20s])))",
        "sum(rate(node_cpu_seconds_total[20s]))", "count by (job) (up)",
        "topk(10, node_load1)",
    ]

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }.joined()
    }
}

import Configuration
import Glibc

/// How long it takes to read and check 10,000 jobs of ten targets, and what that costs in memory.
enum ConfigurationBenchmarks {
    static func run(_ report: inout BenchmarkReport) async throws {
        let path = "/tmp/weir-bench-\(getpid()).yml"
        defer { unlink(path) }
        try write(jobs: 10_000, to: path)
        var checks = ConfigChecks()
        checks.missingFiles = .ignored
        var jobs = 0
        let time = try BenchmarkReport.median(of: 3) {
            jobs = try ConfigLoader.load(path, checks: checks).config.scrapeConfigs.count
        }
        precondition(jobs == 10_000, "BUG: \(jobs) jobs were read")
        report.add("load 10,000 jobs of ten targets", time, "s CPU", bar: "< 1")
        report.add("highest memory of the process", peakMegabytes(), "MB", bar: "< 300")
        let loaded = try ConfigLoader.load(path, checks: checks)
        let print = BenchmarkReport.median(of: 3) { _ = loaded.config.yaml.utf8.count }
        report.add("print them back", print, "s CPU")
        let diff = BenchmarkReport.median(of: 3) {
            _ = ConfigDiff(from: loaded.config, to: loaded.config).isEmpty
        }
        report.add("compare them for a reload", diff, "s CPU")
    }

    private static func write(jobs: Int, to path: String) throws {
        var text = "global: {scrape_interval: 15s}\nscrape_configs:\n"
        for job in 0..<jobs {
            text +=
                "  - job_name: job-\(job)\n    scrape_interval: 30s\n    metrics_path: /metrics\n"
            text += "    static_configs:\n      - targets:\n"
            for target in 0..<10 { text += "          - host-\(job)-\(target).example.com:9100\n" }
            text += "        labels: {env: prod, shard: \"\(job % 16)\"}\n    relabel_configs:\n"
            text += "      - source_labels: [__address__]\n        regex: ([^:]+):\\d+\n"
            text += "        target_label: host\n"
        }
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func peakMegabytes() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) / 1024
    }
}

import Glibc

/// The rows that a run of the benchmarks prints: what was measured, beside its bar and its peer.
struct BenchmarkReport {
    private struct Row {
        let what: String
        let value: String
        let bar: String
        let peer: String
    }

    private var rows: [Row] = []

    /// Adds a row.
    ///
    /// `bar` and `peer` are written as they are: `≥ 7`, `Prometheus 2.42: 0.4`.
    mutating func add(
        _ what: String, _ value: Double, _ unit: String, bar: String = "", peer: String = ""
    ) {
        let number = value.magnitude >= 100 ? "\(Int(value.rounded()))" : Self.short(value)
        rows.append(Row(what: what, value: "\(number) \(unit)", bar: bar, peer: peer))
        let line = "  \(what): \(number) \(unit)\(bar.isEmpty ? "" : "  (bar \(bar))") \(peer)\n"
        write(2, line, line.utf8.count)
    }

    /// The table as Markdown.
    var table: String {
        let lines = rows.map { "| \($0.what) | \($0.value) | \($0.bar) | \($0.peer) |" }
        return "| what | seen | bar | peer in the same run |\n|---|---|---|---|\n"
            + lines.joined(separator: "\n") + "\n"
    }

    private static func short(_ value: Double) -> String {
        let scaled = (value * 1000).rounded() / 1000
        return "\(scaled)"
    }

    /// The CPU seconds that this process has spent so far.
    static var cpuSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The median CPU seconds of `rounds` runs of `body`.
    static func median(of rounds: Int = 5, _ body: () throws -> Void) rethrows -> Double {
        var times: [Double] = []
        for _ in 0..<rounds {
            let start = cpuSeconds
            try body()
            times.append(cpuSeconds - start)
        }
        return times.sorted()[rounds / 2]
    }
}

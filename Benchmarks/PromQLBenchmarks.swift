import Glibc
import Model
import TestKit

/// Panels of a farm, asked of Weir and of Debian's Prometheus over HTTP: each is a process of its
/// own, and both have the same samples.
enum PromQLBenchmarks {
    static func run(_ report: inout BenchmarkReport) async throws {
        let targets = number("PROMQL_TARGETS") ?? 200
        guard let farm = try Farm(targets: targets, scrapes: 480) else {
            report.add("promql: no frames at ../shared/frames, nothing measured", 0, "")
            return
        }
        report.add("promql: series", Double(farm.seriesCount), "series")
        report.add("promql: samples", Double(farm.sampleCount) / 1e6, "M")
        try await measure(farm, Panel.all, into: &report)
        // Seven minutes of all series under one name.
        guard let wide = try Farm(targets: targets, scrapes: 28, hasOneName: true) else { return }
        let all = Panel("a rate of all series", "count(rate(farm_total[5m]))", .instant)
        try await measure(wide, [all], into: &report)
    }

    /// How often each panel is asked; quick ones are asked more often.
    static let rounds = number("PROMQL_ROUNDS") ?? 20

    static func number(_ name: String) -> Int? {
        getenv(name).flatMap { Int(String(cString: $0)) }
    }

    private static func measure(
        _ farm: Farm, _ panels: [Panel], into report: inout BenchmarkReport
    ) async throws {
        let folder = try TemporaryFolder("promql-bench")
        try farm.writeBlock(in: folder.file("data"))
        let peer = try await MeasuredServer.prometheus(folder.file("data"), in: folder)
        let weir = try await MeasuredServer.weir([
            "farm", "\(farm.targets)", "\(farm.scrapes)", farm.hasOneName ? "one" : "many",
        ])
        do {
            try await PanelComparison(weir: weir, peer: peer, rounds: rounds)
                .run(panels, farm.times, into: &report)
        } catch {
            await weir.stop()
            await peer.stop()
            throw error
        }
        await weir.stop()
        await peer.stop()
    }
}

/// Two servers with the same samples, and what the same panels cost them.
struct PanelComparison {
    let weir: MeasuredServer
    let peer: MeasuredServer
    let rounds: Int
    var name = "promql"

    func run(
        _ panels: [Panel], _ times: (Panel.Times) -> QueryTimes, into report: inout BenchmarkReport
    ) async throws {
        var (ours, theirs) = (MeasuredServer.Cost(), MeasuredServer.Cost())
        var slower: [String] = []
        var differing: [String] = []
        let rest = [weir.memory.now, peer.memory.now]
        for panel in panels {
            let when = times(panel.times)
            let difference = AnswerDifference.first(
                try await weir.answer(panel.query, when), try await peer.answer(panel.query, when))
            if let difference { differing.append("\(panel.name): \(difference)") }
            let one = try await weir.measure(panel.query, when, rounds: rounds)
            let other = try await peer.measure(panel.query, when, rounds: rounds)
            ours.add(one)
            theirs.add(other)
            if one.wall > other.wall { slower.append(panel.name) }
            report.add(
                "\(name): \(panel.name), \(panel.times.text)", one.wall * 1000, "ms",
                peer: "\(one.figures); Prometheus 2.42: \(other.figures)")
        }
        memory(since: rest, into: &report)
        report.add(
            "\(name): answers that differ", Double(differing.count), "", bar: "0",
            peer: differing.joined(separator: "; "))
        guard panels.count > 1 else { return }
        report.add(
            "\(name): all panels, wall", ours.wall * 1000, "ms",
            bar: "≤ 0.5 × \(short(theirs.wall * 1000)): \(short(ours.wall / theirs.wall))",
            peer: "\(ours.figures); Prometheus 2.42: \(theirs.figures)")
        report.add(
            "\(name): all panels, CPU", ours.cpu * 1000, "ms",
            bar: "≤ 0.5 × \(short(theirs.cpu * 1000)): \(short(ours.cpu / theirs.cpu))")
        report.add(
            "\(name): panels slower than Prometheus", Double(slower.count), "panels", bar: "0",
            peer: slower.joined(separator: ", "))
    }

    /// How much memory the panels took, on top of what was there at first.
    private func memory(since rest: [Int], into report: inout BenchmarkReport) {
        let peaks = [weir.memory.peak, peer.memory.peak]
        func megabytes(_ bytes: Int) -> String { "\(bytes >> 20) MB" }
        report.add(
            "\(name): memory at most", Double(peaks[0] >> 20), "MB",
            bar: "≤ \(megabytes(peaks[1]))",
            peer: "\(megabytes(rest[0])) before the first panel; Prometheus 2.42: "
                + "\(megabytes(peaks[1])), \(megabytes(rest[1])) before")
    }
}

private func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

extension MeasuredServer.Cost {
    fileprivate mutating func add(_ other: Self) {
        wall += other.wall
        execution += other.execution
        cpu += other.cpu
        bytes += other.bytes
    }

    /// All of it in milliseconds.
    fileprivate var figures: String {
        "wall \(short(wall * 1000)), evaluation \(short(execution * 1000)), "
            + "CPU \(short(cpu * 1000)) ms, \(bytes >> 10) KiB"
    }
}

extension Panel.Times {
    fileprivate var text: String {
        switch self {
        case .instant: "instant"
        case .range(let minutes, let step): "\(minutes / 60) h at \(step) s"
        }
    }
}

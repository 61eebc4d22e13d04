import Exposition
import Glibc
import Model
import PromQL
import TestKit

/// Panels over the farm's frames in memory, beside Debian's Prometheus on blocks of the same
/// samples.
enum PromQLBenchmarks {
    static func run(_ report: inout BenchmarkReport) async throws {
        let frames = try ExpositionBenchmarks.bodies()
        guard frames.count > 1 else {
            report.add("promql: no frames at ../shared/frames, nothing measured", 0, "")
            return
        }
        let farm = FarmSeries(frames, targets: 10, scrapes: 480)
        report.add("promql: series", Double(farm.series.count), "series")
        try await panels(farm, into: &report)
        let wide = FarmSeries(frames, targets: 200, scrapes: 24, hasOneName: true)
        try await instant(wide, into: &report)
    }

    private static let rounds = 7

    private static func panels(
        _ farm: FarmSeries, into report: inout BenchmarkReport
    ) async throws {
        let peer = try await PrometheusPeer(farm)
        var total = (ours: 0.0, theirs: 0.0, ourCPU: 0.0, theirCPU: 0.0)
        var slower: [String] = []
        for panel in Panel.all {
            let times = farm.times(of: panel.times)
            let ours = try await measure(panel.query, times, farm)
            let theirs = try await peer.measure(panel.query, times, rounds: rounds)
            total.ours += ours.wall
            total.theirs += theirs.wall
            total.ourCPU += ours.cpu
            total.theirCPU += theirs.cpu
            if ours.wall > theirs.wall { slower.append(panel.name) }
            report.add(
                "promql: \(panel.name)", ours.wall * 1000, "ms",
                peer: "Prometheus 2.42: \(short(theirs.wall * 1000)) ms; CPU "
                    + "\(short(ours.cpu * 1000)) against \(short(theirs.cpu * 1000)) ms")
        }
        await peer.stop()
        report.add(
            "promql: all panels, wall against Prometheus's", total.ours / total.theirs, "of it",
            bar: "≤ 0.5",
            peer: "\(short(total.ours * 1000)) against \(short(total.theirs * 1000)) ms")
        report.add(
            "promql: all panels, CPU against Prometheus's", total.ourCPU / total.theirCPU, "of it",
            bar: "≤ 0.5", peer: "its JSON among it")
        report.add(
            "promql: panels slower than Prometheus", Double(slower.count), "panels", bar: "0",
            peer: slower.joined(separator: ", "))
    }

    /// A rate over all series at once.
    private static func instant(
        _ farm: FarmSeries, into report: inout BenchmarkReport
    ) async throws {
        let peer = try await PrometheusPeer(farm)
        let query = "count(rate(farm_total[5m]))"
        let times = farm.times(of: .instant)
        let ours = try await measure(query, times, farm)
        let theirs = try await peer.measure(query, times, rounds: rounds)
        await peer.stop()
        report.add(
            "promql: rate over \(farm.series.count) series", ours.wall * 1000, "ms",
            bar: "≤ ½ of Prometheus's",
            peer: "Prometheus 2.42: \(short(theirs.wall * 1000)) ms; CPU "
                + "\(short(ours.cpu * 1000)) against \(short(theirs.cpu * 1000)) ms")
    }

    struct Cost {
        var wall: Double
        var cpu: Double
    }

    /// The medians of asking our engine.
    private static func measure(
        _ query: String, _ times: QueryTimes, _ farm: FarmSeries
    ) async throws -> Cost {
        let engine = Engine()
        var walls: [Double] = []
        var cpus: [Double] = []
        for round in 0...rounds {
            let start = ContinuousClock.now
            let cpu = BenchmarkReport.cpuSeconds
            if times.step == .zero {
                _ = try await engine.query(query, at: times.end, source: farm)
            } else {
                _ = try await engine.query(
                    query, from: times.start, through: times.end, step: times.step, source: farm)
            }
            // The first round warms what there is to warm.
            guard round > 0 else { continue }
            cpus.append(BenchmarkReport.cpuSeconds - cpu)
            walls.append((ContinuousClock.now - start) / .seconds(1))
        }
        return Cost(wall: walls.sorted()[rounds / 2], cpu: cpus.sorted()[rounds / 2])
    }

    static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

/// The series of a farm of targets, each of which says what the frames say, in one of ten phases.
final class FarmSeries: SeriesSource {
    let series: [Series]
    private let byName: [String: [Int]]
    private let first: Int64
    private let scrapes: Int

    static let interval: Int64 = 15_000

    /// With one name for all, their own is a label: a rate of series of many names would show the
    /// same labels more than once.
    init(_ frames: [[UInt8]], targets: Int, scrapes: Int, hasOneName: Bool = false) {
        let columns = Self.columns(of: frames)
        // A whole hour long ago, so that nothing is too young for a block.
        first = 1_600_002_000_000
        self.scrapes = scrapes
        var all: [Series] = []
        for target in 0..<targets {
            let times = (0..<scrapes).map {
                Timestamp(milliseconds: 1_600_002_000_000 + Int64($0) * Self.interval + 37)
            }
            for (labels, values) in columns {
                var builder = LabelsBuilder(labels)
                builder["instance"] = "target-\(target)"
                builder["job"] = "farm"
                if hasOneName {
                    builder["metric"] = labels.metric
                    builder[LabelName.metric] = "farm_total"
                }
                let phase = (target % 10) * frames.count / 10
                let column = (0..<scrapes).map { values[(phase + $0 * 3) % frames.count] }
                all.append(Series(labels: Labels(builder), times: times, values: column))
            }
        }
        series = all
        var byName: [String: [Int]] = [:]
        for (place, one) in all.enumerated() {
            byName[one.labels.metric, default: []].append(place)
        }
        self.byName = byName
    }

    /// What each series of the frames says in each of them.
    private static func columns(of frames: [[UInt8]]) -> [(Labels, [Double])] {
        var known: [Labels: Int] = [:]
        var columns: [(Labels, [Double])] = []
        for (number, frame) in frames.enumerated() {
            var parser = ScrapeParser()
            parser.begin(.text004)
            guard (try? parser.feed(frame.span)) != nil, (try? parser.finish()) != nil else {
                continue
            }
            for (place, new) in parser.batch.newSeries.enumerated() {
                let column = known[new.labels] ?? columns.count
                if column == columns.count {
                    known[new.labels] = column
                    columns.append((new.labels, [Double](repeating: 0, count: frames.count)))
                }
                columns[column].1[number] = parser.batch.values[place]
            }
        }
        return columns
    }

    func times(of panel: Panel.Times) -> QueryTimes {
        let end = Timestamp(
            milliseconds: first + Int64(scrapes) * Self.interval - Self.interval + 1000)
        switch panel {
        case .instant: return QueryTimes(from: end, to: end, step: .zero)
        case .range(let minutes, let step):
            return QueryTimes(from: end - .minutes(minutes), to: end, step: .seconds(step))
        }
    }

    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        var candidates = series.indices.map { $0 }
        let name = matchers.first { $0.name == LabelName.metric && $0.operation == .equal }
        if let name {
            candidates = byName[name.value] ?? []
        } else if let onName = matchers.first(where: { $0.name == LabelName.metric }) {
            candidates = byName.filter { onName.accepts($0.key) }.flatMap(\.value)
        }
        let rest = matchers.filter { $0.name != LabelName.metric }
        let lower = Int((range.lowerBound.milliseconds - first) / Self.interval)
        let from = max(0, min(scrapes, lower))
        let upper = Int((range.upperBound.milliseconds - first) / Self.interval) + 1
        let to = max(from, min(scrapes, upper))
        var times: [Timestamp] = []
        var cutTimes: [Timestamp] = []
        var result: [Series] = []
        result.reserveCapacity(candidates.count)
        for place in candidates {
            let one = series[place]
            guard rest.isEmpty || rest.accept(one.labels) else { continue }
            if times != one.times || cutTimes.isEmpty {
                times = one.times
                cutTimes = Array(one.times[from..<to])
            }
            result.append(
                Series(labels: one.labels, times: cutTimes, values: Array(one.values[from..<to])))
        }
        return result
    }
}

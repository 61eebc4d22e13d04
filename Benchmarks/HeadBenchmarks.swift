import Exposition
import Glibc
import Head
import Model
import Telemetry

/// The head on the farm: 200 targets that serve the frames of a real machine, two hours at 30 s.
enum HeadBenchmarks {
    private static let targets = 200
    private static let begin = Timestamp(milliseconds: 1_700_000_000_000)

    static func run(_ report: inout BenchmarkReport) async throws {
        try await farm(&report)
        try await million(&report)
        try await churn(&report)
    }

    private static func head(span: TimeSpan = .hours(2)) -> Head {
        Head(span: span, registry: MetricRegistry(), now: { begin })
    }

    private static func time(_ tick: Int) -> Timestamp { begin + .seconds(Int64(30 * tick)) }

    /// Appends two hours of the farm, and reads from them.
    private static func farm(_ report: inout BenchmarkReport) async throws {
        let (series, frames) = try frames()
        guard frames.count > 1 else {
            report.add("head: no frames at ../shared/frames, nothing measured", 0, "")
            return
        }
        let before = residentBytes
        let head = head()
        var clocks: [any SampleClock] = []
        for target in 0..<targets {
            let clock = try await head.open(key(target), interval: .seconds(30))
            var batch = batch(frames, target, 0)
            batch.newSeries = series.enumerated().map {
                NewSeries(number: UInt32($0), labels: labels($1, target))
            }
            try clock.append(batch)
            clocks.append(clock)
        }
        let start = BenchmarkReport.cpuSeconds
        var samples = 0
        for tick in 1..<240 {
            for target in 0..<targets {
                var batch = batch(frames, target, tick)
                batch.isSameLayout = true
                try clocks[target].append(batch)
                samples += batch.values.count
            }
        }
        let seconds = BenchmarkReport.cpuSeconds - start
        let count = Double(targets * series.count)
        report.add("head: series of the farm", count, "series")
        report.add(
            "head: appended, compressed", Double(samples) / seconds / 1e6, "M samples/s a core",
            bar: "≥ 15")
        report.add(
            "head: two hours of the farm, grown by", Double(residentBytes - before) / count,
            "bytes a series")
        report.add(
            "head: two hours of the farm, all of RSS", Double(residentBytes) / count,
            "bytes a series", bar: "≤ 500",
            peer: "after three minutes: Prometheus 2.42 2,600, VictoriaMetrics 1.79 700")
        try await read(head, &report)
    }

    private static func read(_ head: Head, _ report: inout BenchmarkReport) async throws {
        let ever = Timestamp.distantPast...Timestamp.distantFuture
        let matchers = [Matcher("__name__", equals: "node_load1")]
        var samples = 0
        let start = BenchmarkReport.cpuSeconds
        for _ in 0..<20 {
            samples += try await head.series(matching: matchers, in: ever)
                .reduce(0) { $0 + $1.values.count }
        }
        let seconds = BenchmarkReport.cpuSeconds - start
        report.add("head: 200 series × 2 h, read", seconds / 20 * 1000, "ms")
        let all = [Matcher("instance", equals: "target-00007")]
        let second = BenchmarkReport.cpuSeconds
        var target = 0
        for _ in 0..<5 {
            target += try await head.series(matching: all, in: ever)
                .reduce(0) { $0 + $1.values.count }
        }
        report.add(
            "head: all series of a target × 2 h, read",
            Double(target) / (BenchmarkReport.cpuSeconds - second) / 1e6, "M samples/s a core")
        let third = BenchmarkReport.cpuSeconds
        var newest = 0
        for family in head.families() {
            newest += try head.newestSamples(of: family, since: begin).count
        }
        report.add(
            "head: the newest sample of every series, by family",
            Double(newest) / (BenchmarkReport.cpuSeconds - third) / 1e6, "M samples/s a core")
    }

    /// A million series of ten labels: 10,000 pods with 100 metrics each.
    private static func million(_ report: inout BenchmarkReport) async throws {
        let registry = MetricRegistry()
        let head = Head(span: .hours(2), registry: registry, now: { begin })
        let start = BenchmarkReport.cpuSeconds
        for group in 0..<100 {
            let clock = try await head.open(key(group), interval: .seconds(30))
            var batch = SampleBatch(time: begin)
            for number in 0..<10_000 {
                let labels = pod(group * 100 + number / 100, metric: number % 100)
                batch.newSeries.append(NewSeries(number: UInt32(number), labels: labels))
                batch.series.append(UInt32(number))
                batch.values.append(Double(number))
            }
            try clock.append(batch)
        }
        let seconds = BenchmarkReport.cpuSeconds - start
        report.add("head: a new series of ten labels", seconds, "µs")
        let index =
            registry.snapshot().first { $0.name == "weir_head_index_bytes" }?.lines.first?.value
        report.add(
            "head: labels and index of 1,000,000 series of ten labels", (index ?? 0) / 1e6,
            "bytes a series", bar: "≤ 120")
        let ever = Timestamp.distantPast...Timestamp.distantFuture
        for (what, matcher) in [
            ("100", Matcher("pod", equals: "checkout-7d9f8b6c5-777")),
            ("10,000", Matcher("__name__", equals: "container_metric_number_7_total")),
        ] {
            let start = BenchmarkReport.cpuSeconds
            for _ in 0..<10 {
                let found = try await head.labelSets(matching: [matcher], in: ever, limit: nil)
                precondition(!found.isEmpty, "BUG: nothing found")
            }
            report.add(
                "head: one label pair to the label sets of \(what) of 1,000,000 series",
                (BenchmarkReport.cpuSeconds - start) * 100, "ms", bar: "≤ 1")
        }
        let regex = [
            Matcher("namespace", equals: "team-13"),
            try Matcher("pod", .matches, "checkout-.*-77[0-9]"),
        ]
        let second = BenchmarkReport.cpuSeconds
        let found = try await head.labelSets(matching: regex, in: ever, limit: nil)
        precondition(!found.isEmpty, "BUG: nothing found")
        report.add(
            "head: a label and a regex, 1,000,000 series",
            (BenchmarkReport.cpuSeconds - second) * 1000, "ms")
    }

    /// One series in twenty is replaced each minute, for six hours.
    private static func churn(_ report: inout BenchmarkReport) async throws {
        let clockTime = MovingTime()
        let registry = MetricRegistry()
        let head = Head(span: .hours(2), registry: registry, now: { clockTime.now })
        var writers: [ChurningTarget] = []
        for target in 0..<10 {
            writers.append(ChurningTarget(target, try await head.open(key(target), interval: nil)))
        }
        var sizes: [(rss: Int, series: Double)] = []
        for tick in 0..<1440 {
            clockTime.now = time(tick)
            for target in writers.indices { try writers[target].tick(time(tick)) }
            head.sweep()
            if tick % 240 == 239 {
                let series = registry.snapshot().first { $0.name == "weir_head_series" }
                sizes.append((residentBytes, series?.lines.first?.value ?? 0))
            }
        }
        guard let last = sizes.last, sizes.count > 2 else { return }
        report.add(
            "head: churn of 5 % a minute, series in the index after 4 h and 12 h",
            last.series / sizes[1].series, "×", bar: "≤ 1.02")
        report.add(
            "head: churn of 5 % a minute, RSS after 4 h and 12 h",
            Double(last.rss) / Double(sizes[1].rss), "×", bar: "≤ 1.02")
    }
}

extension HeadBenchmarks {
    /// The labels and values of the frames, as far as all of them have the same series.
    private static func frames() throws -> ([Labels], [[Double]]) {
        var parser = ScrapeParser()
        var series: [Labels] = []
        var frames: [[Double]] = []
        for body in try ExpositionBenchmarks.bodies() {
            parser.begin(.text004)
            try parser.feed(body.span)
            try parser.finish()
            if series.isEmpty { series = parser.batch.newSeries.map(\.labels) }
            guard frames.isEmpty || parser.batch.values.count == series.count else { continue }
            frames.append(parser.batch.values)
        }
        return (series, frames)
    }

    private static func batch(_ frames: [[Double]], _ target: Int, _ tick: Int) -> SampleBatch {
        // Ten phases, as the farm serves them.
        let frame = frames[(tick + target % 10 * frames.count / 10) % frames.count]
        var batch = SampleBatch(time: time(tick))
        batch.series = Array(0..<UInt32(frame.count))
        batch.values = frame
        return batch
    }

    private static func key(_ target: Int) -> ClockKey {
        ClockKey(kind: .scrape, name: "farm", place: "http://127.0.0.1/t/\(target)/metrics")
    }

    private static func labels(_ series: Labels, _ target: Int) -> Labels {
        var builder = LabelsBuilder(series)
        let digits = String(target)
        let zeros = String(repeating: "0", count: 5 - digits.utf8.count)
        builder["instance"] = "target-" + zeros + digits
        builder["job"] = "farm"
        return Labels(builder)
    }

    private static func pod(_ pod: Int, metric: Int) -> Labels {
        [
            "__name__": "container_metric_number_\(metric)_total", "cluster": "eu-1",
            "container": "app-\(pod % 50)", "image": "registry.example/app-\(pod % 50):v\(pod % 7)",
            "instance": "10.1.\(pod / 250).\(pod % 250):9100", "job": "kubelet",
            "namespace": "team-\(pod % 20)", "node": "node-\(pod % 500).internal",
            "pod": "checkout-7d9f8b6c5-\(pod)", "service": "svc-\(pod % 50)",
        ]
    }

    /// The bytes of this process that are in memory.
    private static var residentBytes: Int {
        // Safe: the file is closed in this function, and the text ends in a zero.
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var text = [UInt8](repeating: 0, count: 256)
        let count = unsafe fread(&text, 1, text.count, file)
        let fields = String(decoding: text[..<count], as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
    }
}

/// A target of 1,500 series that loses one in forty each tick, and gets as many new ones.
private struct ChurningTarget {
    private static let width = 1500
    private let number: Int
    private let clock: any SampleClock
    private var born = 0

    init(_ number: Int, _ clock: any SampleClock) {
        self.number = number
        self.clock = clock
    }

    mutating func tick(_ time: Timestamp) throws {
        var batch = SampleBatch(time: time)
        let new = born == 0 ? Self.width : Self.width / 40
        for index in born..<(born + new) {
            let labels: Labels = [
                "__name__": "requests_total", "instance": "target-\(number)", "job": "churn",
                "pod": "checkout-7d9f8b6c5-\(index)", "code": "\(200 + index % 5)",
            ]
            batch.newSeries.append(NewSeries(number: Self.name(index), labels: labels))
        }
        // The oldest say that they end, and are forgotten.
        let oldest = max(0, born - Self.width)
        born += new
        for index in oldest..<born {
            batch.series.append(Self.name(index))
            batch.values.append(index < born - Self.width ? StaleMarker.value : Double(index))
        }
        batch.retired = (oldest..<max(oldest, born - Self.width)).map(Self.name)
        try clock.append(batch)
    }

    private static func name(_ index: Int) -> UInt32 { UInt32(index % (2 * width)) }
}

/// A time of day that a benchmark sets.
private final class MovingTime: Sendable {
    private let gauge = Gauge()

    var now: Timestamp {
        get { Timestamp(milliseconds: Int64(gauge.value)) }
        set { gauge.set(Double(newValue.milliseconds)) }
    }
}

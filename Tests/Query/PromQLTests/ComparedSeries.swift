import Model
import PromQL

/// Numbers that look random and are the same in every run.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Series that Weir and a real Prometheus are both asked about: counters with resets, gauges with
/// NaN and infinities, classic histograms, all with gaps.
///
/// No sample lies at an instant that a range could end at: Prometheus 2 counted the oldest instant
/// of a range as part of it, and Prometheus 3 does not.
struct ComparedSeries: Sendable {
    /// The first instant, in milliseconds; a whole hour.
    static let start: Int64 = 1_600_002_000_000
    /// Milliseconds from one sample to the next.
    static let interval: Int64 = 15_000
    static let count = 360

    let all: [Series]

    init(seed: UInt64 = 1) {
        var numbers = SeededNumbers(seed: seed)
        var all: [Series] = []
        for host in ["a", "b", "c"] {
            for job in ["api", "web"] {
                let base: [(String, String)] = [("host", host), ("job", job)]
                for code in ["200", "404", "500"] {
                    all.append(
                        Self.counter("requests_total", base + [("code", code)], &numbers))
                }
                all.append(Self.gauge("temperature", base, isOdd: host == "c", &numbers))
                all.append(Self.gauge("load", base + [("zone", "z1")], isOdd: false, &numbers))
                all += Self.histogram("latency_seconds", base, &numbers)
            }
            all.append(
                Self.series("host_info", [("host", host), ("os", "os-\(host)")], &numbers) { _ in
                    1
                })
        }
        self.all = all
    }

    private static func counter(
        _ name: String, _ labels: [(String, String)], _ numbers: inout SeededNumbers
    ) -> Series {
        // Far from zero, where both versions of Prometheus extrapolate alike.
        var value = Double.random(in: 1e6...2e6, using: &numbers)
        var own = SeededNumbers(seed: numbers.next())
        return series(name, labels, &numbers) { _ in
            if Int.random(in: 0..<90, using: &own) == 0 { value = 1e6 }
            value += Double(Int.random(in: 0...50, using: &own))
            return value
        }
    }

    private static func gauge(
        _ name: String, _ labels: [(String, String)], isOdd: Bool, _ numbers: inout SeededNumbers
    ) -> Series {
        var own = SeededNumbers(seed: numbers.next())
        return series(name, labels, &numbers) { _ in
            if isOdd {
                switch Int.random(in: 0..<40, using: &own) {
                case 0: return .nan
                case 1: return .infinity
                case 2: return -.infinity
                default: break
                }
            }
            return (Double.random(in: -50...50, using: &own) * 8).rounded() / 8
        }
    }

    private static func histogram(
        _ name: String, _ labels: [(String, String)], _ numbers: inout SeededNumbers
    ) -> [Series] {
        let bounds = ["0.1", "0.5", "1", "5", "+Inf"]
        var own = SeededNumbers(seed: numbers.next())
        var counts = [Double](repeating: 0, count: bounds.count)
        var rows: [[Double]] = []
        for _ in 0..<count {
            for place in counts.indices {
                counts[place] += Double(Int.random(in: 0...6, using: &own))
            }
            var sum = 0.0
            rows.append(
                counts.map {
                    sum += $0; return sum
                })
        }
        return bounds.enumerated().map { place, bound in
            series(name + "_bucket", labels + [("le", bound)], &numbers) { rows[$0][place] }
        }
    }

    /// A series with gaps of its own.
    private static func series(
        _ name: String, _ labels: [(String, String)], _ numbers: inout SeededNumbers,
        _ value: (Int) -> Double
    ) -> Series {
        let phase = Int64.random(in: 101...899, using: &numbers)
        let hasGaps = Int.random(in: 0..<3, using: &numbers) == 0
        var gap = 0
        var times: [Timestamp] = []
        var values: [Double] = []
        for place in 0..<count {
            let next = value(place)
            if hasGaps, gap == 0, Int.random(in: 0..<60, using: &numbers) == 0 {
                gap = Int.random(in: 1...50, using: &numbers)
            }
            if gap > 0 {
                gap -= 1
                continue
            }
            times.append(Timestamp(milliseconds: start + Int64(place) * interval + phase))
            values.append(next)
        }
        let all = [Label("__name__", name)] + labels.map { Label($0.0, $0.1) }
        return Series(labels: Labels(all), times: times, values: values)
    }

    /// The samples as OpenMetrics, for `promtool tsdb create-blocks-from openmetrics`.
    var openMetrics: String {
        var text = ""
        for series in all {
            let labels = series.labels.filter { $0.name != "__name__" }
                .map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
            for (place, time) in series.times.enumerated() {
                let seconds = time.milliseconds / 1000
                let rest = String(time.milliseconds % 1000 + 1000).dropFirst()
                text += "\(series.labels.metric){\(labels)} \(Self.text(series.values[place])) "
                text += "\(seconds).\(rest)\n"
            }
        }
        return text + "# EOF\n"
    }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return "\(value)"
    }
}

extension ComparedSeries: SeriesSource {
    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        try await ListedSeries(all: all).series(matching: matchers, in: range)
    }
}

import Head
import Model
import Telemetry

/// The same samples for Weir's head and, as OpenMetrics, for a real Prometheus.
enum FarmSamples {
    static let end = Timestamp(milliseconds: 1_700_001_000_000)
    static let ticks = 40
    private static let interval = 15

    /// A series, and what it says at the ticks that are counted from 0.
    private struct Line {
        let labels: Labels
        let value: (Int) -> Double
    }

    private static var families: [(name: String, type: String, lines: [Line])] {
        var requests: [Line] = []
        for method in ["GET", "POST"] {
            for (place, instance) in ["a:1", "b:2"].enumerated() {
                let labels = Labels([
                    Label("__name__", "http_requests_total"), Label("method", method),
                    Label("instance", instance), Label("job", "api"),
                ])
                requests.append(Line(labels: labels) { Double($0 * (3 + place)) })
            }
        }
        let buckets = ["0.1", "1.0", "+Inf"].enumerated().map { place, bound in
            Line(
                labels: Labels([
                    Label("__name__", "latency_seconds_bucket"), Label("le", bound),
                    Label("job", "api"), Label("instance", "a:1"),
                ])
            ) { Double($0 * (place + 1)) }
        }
        let values = [
            ("tiny", 1.5e-7), ("huge", 2.5e21), ("whole", 1e20), ("none", Double.nan),
            ("more", .infinity), ("less", -.infinity), ("third", 1.0 / 3), ("zero", -0.0),
        ]
        let odd = values.map { kind, value in
            Line(
                labels: Labels([
                    Label("__name__", "odd"), Label("kind", kind), Label("job", "odd <&>"),
                ])
            ) { _ in value }
        }
        let up = ["a:1", "b:2"].map { instance in
            Line(
                labels: Labels([
                    Label("__name__", "up"), Label("instance", instance), Label("job", "api"),
                ])
            ) { _ in 1 }
        }
        return [
            ("http_requests", "counter", requests), ("latency_seconds", "histogram", buckets),
            ("odd", "gauge", odd), ("up", "gauge", up),
        ]
    }

    private static func time(_ tick: Int) -> Timestamp {
        end - .seconds(Int64((ticks - 1 - tick) * interval))
    }

    static var openMetrics: String {
        var text = ""
        for family in families {
            text += "# TYPE \(family.name) \(family.type)\n"
            for line in family.lines {
                let name = line.labels["__name__"]
                let inner = line.labels.filter { $0.name != "__name__" }
                    .map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
                for tick in 0..<ticks {
                    let seconds = time(tick).milliseconds / 1000
                    text += "\(name){\(inner)} \(word(line.value(tick))) \(seconds)\n"
                }
            }
        }
        return text + "# EOF\n"
    }

    private static func word(_ value: Double) -> String {
        value.isNaN
            ? "NaN" : value == .infinity ? "+Inf" : value == -.infinity ? "-Inf" : "\(value)"
    }

    static func head() async throws -> Head {
        let head = Head(span: .hours(1), registry: MetricRegistry(), now: { end })
        let clock = try await head.open(
            ClockKey(kind: .scrape, name: "farm", place: "farm"), interval: .seconds(15))
        // In the order of the labels, in which Prometheus keeps them.
        let lines = families.flatMap(\.lines).sorted { $0.labels < $1.labels }
        for tick in 0..<ticks {
            var batch = SampleBatch(time: time(tick))
            if tick == 0 {
                batch.newSeries = lines.enumerated().map {
                    NewSeries(number: UInt32($0.offset), labels: $0.element.labels)
                }
            }
            batch.series = lines.indices.map(UInt32.init)
            batch.values = lines.map { $0.value(tick) }
            try clock.append(batch)
        }
        return head
    }
}

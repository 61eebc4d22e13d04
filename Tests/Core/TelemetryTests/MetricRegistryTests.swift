import Model
import Telemetry
import Testing

struct MetricRegistryTests {
    @Test func `a metric of the same name and labels is the same metric`() {
        let registry = MetricRegistry()
        registry.counter("weir_a_total", "A.", ["job": "x"]).add(2)
        registry.counter("weir_a_total", "A.", ["job": "x"]).add(3)
        registry.counter("weir_a_total", "A.", ["job": "y"]).add()
        let family = registry.snapshot()[0]
        #expect(family.name == "weir_a")
        #expect(family.lines.map(\.value) == [5, 1])
        #expect(family.lines.map(\.suffix) == ["_total", "_total"])
    }

    @Test func `families come sorted by name, collected ones among them`() {
        let registry = MetricRegistry()
        registry.gauge("weir_z", "Z.").set(1.5)
        registry.collect {
            [MetricFamily(name: "weir_m", metadata: .init(type: .gauge), lines: [.init(value: 7)])]
        }
        registry.gauge("weir_a", "A.").add(-1)
        #expect(registry.snapshot().map(\.name) == ["weir_a", "weir_m", "weir_z"])
        #expect(registry.snapshot().flatMap { $0.lines.map(\.value) } == [-1, 7, 1.5])
    }

    @Test func `what several collectors say of one family stands together`() {
        let registry = MetricRegistry()
        for name in ["a", "b"] {
            registry.collect {
                [
                    MetricFamily(
                        name: "weir_m", metadata: .init(type: .gauge),
                        lines: [.init(labels: ["of": name], value: 1)])
                ]
            }
        }
        let families = registry.snapshot()
        #expect(families.map(\.name) == ["weir_m"])
        #expect(families[0].lines.map { $0.labels["of"] } == ["a", "b"])
    }

    @Test func `a timing counts into every bucket that is wide enough`() {
        let registry = MetricRegistry()
        let timing = registry.timing("weir_x_seconds", "X.")
        timing.record(.milliseconds(3))
        timing.record(.seconds(90))
        let lines = registry.snapshot()[0].lines
        let buckets = Dictionary(
            uniqueKeysWithValues: lines.filter { $0.suffix == "_bucket" }
                .map { ($0.labels["le"], $0.value) })
        #expect(buckets["0.0025"] == 0)
        #expect(buckets["0.005"] == 1)
        #expect(buckets["60.0"] == 1)
        #expect(buckets["+Inf"] == 2)
        #expect(lines.first { $0.suffix == "_sum" }?.value == 90.003)
        #expect(lines.first { $0.suffix == "_count" }?.value == 2)
    }

    @Test func `the process says what it uses`() throws {
        let registry = MetricRegistry()
        ProcessMetrics.register(in: registry)
        let values = Dictionary(
            uniqueKeysWithValues: registry.snapshot().map { ($0.name, $0.lines[0].value) })
        let resident = try #require(values["process_resident_memory_bytes"])
        #expect(resident > 1_000_000 && resident < 10_000_000_000)
        #expect(try #require(values["process_cpu_seconds"]) >= 0)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_threads"]) >= 1)
        let started = try #require(values["process_start_time_seconds"])
        let now = Double(WallClock.now.milliseconds) / 1000
        #expect(started <= now + 2 && started > now - 86_400)
    }
}

import Head
import Model
import Telemetry
import Testing

struct NewestTests {
    private func head() -> Head {
        Head(span: .hours(2), registry: MetricRegistry()) { .at(0) }
    }

    private func metadata(_ family: String, _ type: MetricType) -> FamilyMetadata {
        FamilyMetadata(family: family, metadata: MetricMetadata(type: type, help: "H"))
    }

    @Test func `families know their metrics, their type and their newest samples`() async throws {
        let head = head()
        var writer = try await Writer(head)
        let bucket = { (bound: String, job: String) -> Labels in
            ["__name__": "h_bucket", "le": bound, "job": job]
        }
        let plain = { (name: String) -> Labels in ["__name__": name, "job": "a"] }
        let samples: [(Labels, Double)] = [
            (plain("up"), 1), (plain("h_count"), 3), (bucket("+Inf", "b"), 7),
            (bucket("+Inf", "a"), 3), (plain("h_sum"), 2), (bucket("0.5", "a"), 1),
            (bucket("10", "a"), 2), (plain("c_total"), 5), (plain("stray_count"), 1),
            (plain("gone"), 1),
        ]
        try writer.tick(.at(0), samples) {
            $0.metadata = [
                metadata("h", .histogram), metadata("c", .counter), metadata("up", .gauge),
                metadata("stray", .gauge),
            ]
        }
        try writer.tick(
            .at(30), samples.dropLast() + [(plain("gone"), StaleMarker.value)],
            ended: [plain("gone")])
        let families = head.families()
        #expect(families.map(\.name) == ["c", "gone", "h", "stray_count", "up"])
        #expect(
            families.map(\.metadata.type) == [.counter, .unknown, .histogram, .unknown, .gauge])
        #expect(families[2].metrics == ["h_bucket", "h_sum", "h_count"])
        let newest = try families.map { try head.newestSamples(of: $0, since: .at(30)) }
        #expect(newest[1].isEmpty)
        #expect(newest[0].map(\.value) == [5])
        #expect(newest[0].map(\.time) == [.at(30)])
        let histogram = newest[2].map { "\($0.labels.metric) \($0.labels["le"]) \($0.value)" }
        #expect(
            histogram == [
                "h_bucket 0.5 1.0", "h_bucket 10 2.0", "h_bucket +Inf 3.0", "h_sum  2.0",
                "h_count  3.0", "h_bucket +Inf 7.0",
            ])
        let only = try head.newestSamples(
            of: families[2], matching: [Matcher("job", equals: "b")], since: .at(30))
        #expect(only.map(\.value) == [7])
        #expect(try head.newestSamples(of: families[4], since: .at(31)).isEmpty)
    }

    @Test func `of what was said of a family the newest counts`() async throws {
        let head = head()
        var writer = try await Writer(head)
        try writer.tick(.at(0), [(["__name__": "x"], 1)]) {
            $0.metadata = [metadata("x", .gauge)]
        }
        try writer.tick(.at(30), [(["__name__": "x"], 1)]) {
            $0.metadata = [metadata("x", .counter)]
        }
        #expect(head.families().first?.metadata.type == .counter)
        #expect(head.metadata()["x"]?.map(\.type) == [.gauge, .counter])
    }

    @Test func `a sample with an instant of its own is the newest until a newer one comes`()
        async throws
    {
        let head = head()
        var writer = try await Writer(head)
        let labels: Labels = ["__name__": "x"]
        try writer.tick(.at(0), [(labels, 1)], times: [.at(-20)])
        let family = try #require(head.families().first)
        #expect(try head.newestSamples(of: family, since: .at(-60)).map(\.time) == [.at(-20)])
        try writer.tick(.at(30), [(labels, 2)])
        #expect(try head.newestSamples(of: family, since: .at(-60)).map(\.value) == [2])
    }

    @Test func `exemplars come back with the series that they belong to`() async throws {
        let head = head()
        var writer = try await Writer(head)
        let labels: Labels = ["__name__": "x"]
        try writer.tick(.at(0), [(labels, 1), (["__name__": "y"], 1)]) { batch in
            let trace: Labels = ["trace_id": "abc"]
            batch.exemplars = [
                Exemplar(series: 0, labels: trace, value: 0.5, time: nil),
                Exemplar(series: 1, labels: trace, value: 0.7, time: .at(-5)),
            ]
        }
        let found = try head.exemplars(
            matching: [Matcher("__name__", equals: "x")], in: .at(-60)...(.at(60)))
        #expect(found.map(\.labels) == [labels])
        #expect(found.first?.exemplars.map(\.time) == [.at(0)])
        #expect(try head.exemplars(matching: [], in: .at(-60)...(.at(-1))).count == 1)
    }
}

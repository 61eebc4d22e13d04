import Head
import Model
import Telemetry
import Testing

/// What the index says of labels, beside a plain list that is asked one by one.
struct LabelsTests {
    private static let all: [Labels] = [
        ["__name__": "up", "job": "a", "instance": "1"],
        ["__name__": "up", "job": "b", "instance": "2"],
        ["__name__": "up", "job": "b", "instance": "10"],
        // Two texts that mean the same and are not the same bytes.
        ["__name__": "down", "job": "a", "env": "\u{e9}"],
        ["__name__": "down", "job": "a", "env": "e\u{301}"],
        ["__name__": "down", "zone": ""],
    ]

    private func head(_ labels: [Labels]) async throws -> Head {
        let head = Head(span: .hours(2), registry: MetricRegistry()) { .at(0) }
        var writer = try await Writer(head)
        try writer.tick(.at(0), labels.map { ($0, 1) })
        return head
    }

    @Test(
        arguments: [
            "{}", #"{__name__="up"}"#, #"{job=~"a|b"}"#, #"{job!="a"}"#, #"{env!=""}"#,
            #"{env=~".+", job="a"}"#, #"{instance=~"1.*"}"#, #"{job="nosuch"}"#, #"{zone=""}"#,
        ], [nil, 0, 1, 2, 100] as [Int?])
    func `names and values are those of the series that are selected, the first by their bytes`(
        selector: String, limit: Int?
    ) async throws {
        let head = try await head(Self.all)
        let matchers = try Selector(selector).matchers
        let chosen = Self.all.filter { matchers.accept($0) }
        let names = try await head.labelNames(matching: matchers, in: ever, limit: limit)
        #expect(names == chosen.labelNames(limit: limit))
        for name in ["__name__", "job", "instance", "env", "nosuch"] {
            let values = try await head.labelValues(
                of: name, matching: matchers, in: ever, limit: limit)
            let expected = chosen.labelValues(of: name, limit: limit)
            #expect(values.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(name)")
        }
        let sets = try await head.labelSets(matching: matchers, in: ever, limit: limit)
        #expect(sets.count == min(limit ?? .max, chosen.count))
        #expect(Set(sets).isSubset(of: chosen))
        #expect(Set(sets).count == sets.count)
    }

    @Test func `a clock that was silent then has no part in the answer`() async throws {
        let head = try await head([["__name__": "up", "job": "a"]])
        var other = try await Writer(head, "other")
        try other.tick(.at(3600), [(["__name__": "up", "job": "b"], 1), (["__name__": "x"], 1)])
        let late = Timestamp.at(1800)...(.at(9000))
        let up = [Matcher("__name__", equals: "up")]
        let values = try await head.labelValues(of: "job", matching: up, in: late, limit: nil)
        #expect(values == ["b"])
        #expect(try await head.labelSets(matching: [], in: late, limit: nil).count == 2)
        let never = Timestamp.at(90_000)...(.at(99_000))
        #expect(try await head.labelNames(matching: [], in: never, limit: nil).isEmpty)
        #expect(try await head.labelValues(of: "job", matching: [], in: never, limit: nil).isEmpty)
        // Without matchers memory answers as a whole.
        let both = try await head.labelValues(of: "job", matching: [], in: late, limit: nil)
        #expect(both == ["a", "b"])
    }
}

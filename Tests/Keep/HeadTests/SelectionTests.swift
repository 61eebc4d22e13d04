import Head
import Model
import Telemetry
import Testing

/// Matchers to series, beside a plain list that is asked one by one.
struct SelectionTests {
    private static let all: [Labels] = [
        ["__name__": "up", "job": "a", "instance": "1"],
        ["__name__": "up", "job": "a", "instance": "2"],
        ["__name__": "up", "job": "b", "instance": "1"],
        ["__name__": "up"],
        ["__name__": "down", "job": "a", "env": "prod"],
        ["__name__": "down", "job": "c", "env": "é", "instance": ""],
        ["__name__": "down", "job": "ab", "env": "test\nline"],
        [:],
    ]

    private func head(_ labels: [Labels]) async throws -> Head {
        let head = Head(span: .hours(2), registry: MetricRegistry()) { .at(0) }
        var writer = try await Writer(head)
        try writer.tick(.at(0), labels.map { ($0, 1) })
        return head
    }

    @Test(
        arguments: [
            "{}", #"{__name__="up"}"#, #"{job="a"}"#, #"{job=""}"#, #"{job!=""}"#, #"{job!="a"}"#,
            #"{job=~"a|b"}"#, #"{job=~"a.*"}"#, #"{job=~".*"}"#, #"{job=~".+"}"#, #"{job!~".+"}"#,
            #"{job!~"a|b"}"#, #"{job!~""}"#, #"{job=~""}"#, #"{job=~"a|"}"#, #"{job!~"a|"}"#,
            #"{nosuch=""}"#, #"{nosuch!=""}"#, #"{nosuch="x"}"#, #"{nosuch!="x"}"#,
            #"{nosuch=~".*"}"#, #"{nosuch=~".+"}"#, #"{nosuch!~".+"}"#, #"{job="nosuch"}"#,
            #"{job!="nosuch"}"#, #"{env="é"}"#, #"{env=~"."}"#, #"{env=~"test.line"}"#,
            #"{__name__=~"up|down", job="a"}"#, #"{__name__="up", job=~"a|b|a", instance!="2"}"#,
            #"{job="a", job!="a"}"#, #"{job=~"a.*", job!~".*b"}"#, #"{env!="prod", job=~".+"}"#,
            #"{instance=~"1|2", job=""}"#,
        ])
    func `matchers select what they accept, as Prometheus reads them`(text: String) async throws {
        let head = try await head(Self.all)
        let matchers = try Selector(text).matchers
        let expected = Set(Self.all.filter { matchers.accept($0) }.map(\.description))
        let found = try await head.labelSets(matching: matchers, in: ever, limit: nil)
        #expect(Set(found.map(\.description)) == expected)
        #expect(found.count == expected.count)
    }

    @Test func `random matchers over random series select what they accept`() async throws {
        var random = Seeded(3)
        let names = ["__name__", "a", "b", "c"]
        let values = ["", "x", "y", "xy", "yx", "xx", "z.z"]
        var labels: Set<Labels> = []
        for _ in 0..<250 {
            labels.insert(
                Labels(
                    names.map { name in
                        let number = Int.random(in: 0..<40, using: &random)
                        return Label(name, number < 7 ? values[number] : "v\(number)")
                    }))
        }
        let head = try await head(Array(labels))
        let texts = ["x.*", ".*y", "x|y|v9", "v[0-9]+", "", ".+", ".*", "(x|y)+", "v1.|", "[^v].*"]
        for _ in 0..<150 {
            let matchers = try (0..<Int.random(in: 0...3, using: &random)).map { _ in
                let operation = Matcher.Operator.allCases[Int.random(in: 0...3, using: &random)]
                let isRegex = operation == .matches || operation == .notMatches
                return try Matcher(
                    names[Int.random(in: 0..<4, using: &random)], operation,
                    isRegex
                        ? texts[Int.random(in: 0..<texts.count, using: &random)]
                        : values[Int.random(in: 0..<values.count, using: &random)])
            }
            let found = try await head.labelSets(matching: matchers, in: ever, limit: nil)
            #expect(found.count == Set(found).count)
            #expect(Set(found) == labels.filter { matchers.accept($0) }, "\(matchers)")
        }
    }

    @Test func `what is counted is what is there`() async throws {
        let head = try await head(Self.all)
        let counts = head.cardinality(limit: 2)
        #expect(counts.seriesCount == 8)
        #expect(counts.labelPairCount == 11)
        #expect(counts.seriesByMetric.map { "\($0.name) \($0.value)" } == ["up 4", "down 3"])
        #expect(counts.valuesByLabel.map { "\($0.name) \($0.value)" } == ["job 4", "env 3"])
        #expect(counts.bytesByLabel.map { "\($0.name) \($0.value)" } == ["__name__ 20", "env 15"])
        #expect(
            counts.seriesByPair.map { "\($0.name) \($0.value)" } == ["__name__=up 4", "job=a 3"])
        #expect(counts.times == .at(0)...(.at(0)))
    }

    @Test func `a cancelled task is told so`() async throws {
        let head = try await head(Self.all)
        let task = Task { () async throws -> Int in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await head.series(matching: [], in: ever).count
        }
        await #expect(throws: SourceError.cancelled) { try await task.value }
    }
}

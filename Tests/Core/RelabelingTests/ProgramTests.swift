import Model
import Testing

@testable import Relabeling

/// Rules made ready for a shape and rules run one by one come to the same.
struct ProgramTests {
    private func draft(
        _ action: RelabelRule.Action, _ change: (inout RelabelRule.Draft) -> Void
    ) throws -> RelabelRule {
        var draft = RelabelRule.Draft(action)
        change(&draft)
        return try RelabelRule(draft)
    }

    @Test func `maps that feed each other make what was there before longer, once each`() throws {
        let rules = [
            try draft(.replace) { $0.targetLabel = "a" },
            try draft(.labelMap) { ($0.regex, $0.replacement) = ("(a+)", "a$1") },
        ]
        let relabeler = Relabeler(rules)
        for _ in 0..<3 {
            #expect(relabeler.relabel(["a": "x"]) == [:])
            #expect(relabeler.relabel(["aa": "x"]) == ["aa": "x", "aaa": "x"])
            #expect(
                relabeler.relabel(["aa": "x", "aaa": "y"])
                    == ["aa": "x", "aaa": "x", "aaaa": "y"])
        }
    }

    @Test func `maps that double the labels each time are run one by one`() throws {
        let rules = try (0..<12).map { number in
            try draft(.labelMap) { ($0.regex, $0.replacement) = ("(.*)", "m\(number)_$1") }
        }
        let labels: Labels = ["a": "x"]
        #expect(Plan(try #require(Program(rules)), for: labels) == nil)
        let relabeler = Relabeler(rules)
        for _ in 0..<3 { #expect(relabeler.relabel(labels)?.count == 4096) }
    }

    @Test func `a target that depends on what matched is run one by one`() throws {
        let rule = try draft(.replace) {
            ($0.sourceLabels, $0.targetLabel, $0.replacement) = (["a"], "$1", "v")
        }
        #expect(Program([rule]) == nil)
        for _ in 0..<3 { #expect(Relabeler([rule]).relabel(["a": "b"]) == ["a": "b", "b": "v"]) }
    }

    @Test func `names that look alike and are not the same bytes are two labels`() throws {
        let rule = try draft(.replace) { ($0.targetLabel, $0.replacement) = ("e\u{301}", "v") }
        let relabeler = Relabeler([rule])
        for _ in 0..<3 {
            #expect(
                relabeler.relabel(["\u{e9}": "w"]) == ["\u{e9}": "w", "e\u{301}": "v"])
        }
    }

    @Test func `a label set with more labels than a word has bits is relabeled too`() throws {
        let labels = Labels((0..<100).map { Label("label_\($0)", "\($0)") })
        let rules = [
            try draft(.labelDrop) { $0.regex = "label_[1-9].*" },
            try draft(.replace) { ($0.sourceLabels, $0.targetLabel) = (["label_0"], "b") },
        ]
        let relabeler = Relabeler(rules)
        for _ in 0..<3 { #expect(relabeler.relabel(labels) == ["b": "0", "label_0": "0"]) }
    }

    @Test func `values longer than the memory at hand are kept whole`() throws {
        let long = String(repeating: "lang-é ", count: 3000)
        let rules = try (0..<4).map { number in
            try draft(.replace) {
                $0.sourceLabels = ["a", "b"]
                $0.targetLabel = number % 2 == 0 ? "a" : "c"
                $0.regex = "(.*);(.*)"
                $0.replacement = "$2-$1-$2"
            }
        }
        let labels: Labels = ["a": long, "b": "b"]
        let relabeler = Relabeler(rules)
        for _ in 0..<3 {
            let result = relabeler.relabel(labels)
            #expect(result == relabeler.relabelOneByOne(labels))
            #expect((result?["a"].utf8.count ?? 0) > long.utf8.count)
        }
    }

    @Test func `a label set that the rules leave as it is comes back as it is`() throws {
        let rules = [
            try draft(.replace) { ($0.sourceLabels, $0.targetLabel) = (["a"], "a") },
            try draft(.lowercase) { ($0.sourceLabels, $0.targetLabel) = (["a"], "a") },
            try draft(.drop) { ($0.sourceLabels, $0.regex) = (["a"], "y") },
        ]
        let relabeler = Relabeler(rules)
        for _ in 0..<3 {
            #expect(relabeler.relabel(["a": "x", "b": "y"]) == ["a": "x", "b": "y"])
        }
    }
}

import Model
import Testing

@testable import Relabeling

/// Rules compiled to slots and rules run one by one come to the same.
struct ProgramTests {
    private func draft(
        _ action: RelabelRule.Action, _ change: (inout RelabelRule.Draft) -> Void
    ) throws -> RelabelRule {
        var draft = RelabelRule.Draft(action)
        change(&draft)
        return try RelabelRule(draft)
    }

    @Test func `maps that feed each other without end are run one by one`() throws {
        let rules = [
            try draft(.replace) { $0.targetLabel = "a" },
            try draft(.labelMap) { ($0.regex, $0.replacement) = ("(a+)", "a$1") },
        ]
        #expect(Program(rules) == nil)
        #expect(Relabeler(rules).relabel(["a": "x"]) == [:])
        #expect(Relabeler(rules).relabel(["aa": "x"]) == ["aa": "x", "aaa": "x"])
    }

    @Test func `names that are not ASCII are run one by one`() throws {
        let rule = try draft(.replace) { ($0.targetLabel, $0.replacement) = ("e\u{301}", "v") }
        #expect(Program([rule]) == nil)
        #expect(
            Relabeler([rule]).relabel(["\u{e9}": "w"]) == ["\u{e9}": "w", "e\u{301}": "v"])
    }

    @Test func `a label set with more labels than a word has bits is relabeled too`() throws {
        let labels = Labels((0..<100).map { Label("label_\($0)", "\($0)") })
        let rules = [
            try draft(.labelDrop) { $0.regex = "label_[1-9].*" },
            try draft(.replace) { ($0.sourceLabels, $0.targetLabel) = (["label_0"], "b") },
        ]
        #expect(Relabeler(rules).relabel(labels) == ["b": "0", "label_0": "0"])
    }

    @Test func `values longer than the memory at hand are kept whole`() throws {
        let long = String(repeating: "lang-é ", count: 3000)
        let rules = try (0..<4).map { number in
            try draft(.replace) {
                $0.sourceLabels = ["a", "b"]
                $0.targetLabel = number % 2 == 0 ? "a" : "$2"
                $0.regex = "(.*);(.*)"
                $0.replacement = "$2-$1-$2"
            }
        }
        let labels: Labels = ["a": long, "b": "b"]
        let result = Relabeler(rules).relabel(labels)
        #expect(result == Relabeler(rules).relabelOneByOne(labels))
        #expect((result?["a"].utf8.count ?? 0) > long.utf8.count)
    }

    @Test func `a label set that the rules leave as it is comes back as it is`() throws {
        let rules = [
            try draft(.replace) { ($0.sourceLabels, $0.targetLabel) = (["a"], "a") },
            try draft(.lowercase) { ($0.sourceLabels, $0.targetLabel) = (["a"], "a") },
            try draft(.drop) { ($0.sourceLabels, $0.regex) = (["a"], "y") },
        ]
        #expect(Relabeler(rules).relabel(["a": "x", "b": "y"]) == ["a": "x", "b": "y"])
    }
}

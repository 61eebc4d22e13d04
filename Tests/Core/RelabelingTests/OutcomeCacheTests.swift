import Model
import RE2
import Testing

@testable import Relabeling

/// What is kept of one label set says the truth of the next.
struct OutcomeCacheTests {
    @Test func `label sets that look alike get what the rules make of each`() throws {
        var random = RandomRules(seed: 23)
        for _ in 0..<150 {
            let rules = try (0...random.below(5)).map { _ in
                try RelabelRule(random.rule(), scheme: .legacy)
            }
            let relabeler = Relabeler(rules)
            // Three sets of names at most, and values that often come again.
            let shapes = (0..<3).map { _ in random.labels() }
            for _ in 0..<60 {
                let shape = shapes[random.below(3)]
                let labels = Labels(
                    shape.map { random.below(3) == 0 ? Label($0.name, random.value()) : $0 })
                let expected = relabeler.relabelOneByOne(labels)
                for _ in 0..<3 {
                    let result = relabeler.relabel(labels)
                    #expect(result == expected, "\(labels): \(rules)")
                }
            }
        }
    }

    /// The two sets differ in a label that is only written over, or only copied.
    @Test(
        arguments: [
            (["a": "x", "b": "y"], ["a": "x", "b": "x"]),
            (["a": "x", "b": "x"], ["a": "x", "b": "y"]),
            (["a": "x", "b": "y"], ["a": "z", "b": "y"]),
        ] as [(Labels, Labels)])
    func `a value that no rule looked at does not decide`(first: Labels, second: Labels) throws {
        for regex in ["(.*)", "x|y|z"] {
            var copy = RelabelRule.Draft(.replace)
            (copy.sourceLabels, copy.targetLabel) = (["a"], "b")
            copy.regex = regex
            copy.replacement = regex == "(.*)" ? "$1" : "x"
            let relabeler = Relabeler([try RelabelRule(copy)])
            for labels in [first, second, first] {
                #expect(relabeler.relabel(labels) == relabeler.relabelOneByOne(labels))
            }
        }
    }

    @Test func `a rule that looks at more later forgets what was kept with less`() throws {
        // Only where a is 1 is b looked at.
        var first = RelabelRule.Draft(.keep)
        (first.sourceLabels, first.regex) = (["a"], "1")
        var second = RelabelRule.Draft(.replace)
        (second.sourceLabels, second.regex) = (["b"], "(.)(.)")
        (second.targetLabel, second.replacement) = ("c", "$2$1")
        let relabeler = Relabeler([try RelabelRule(first), try RelabelRule(second)])
        #expect(relabeler.relabel(["a": "2", "b": "xy"]) == nil)
        #expect(relabeler.relabel(["a": "1", "b": "xy"]) == ["a": "1", "b": "xy", "c": "yx"])
        #expect(relabeler.relabel(["a": "1", "b": "vw"]) == ["a": "1", "b": "vw", "c": "wv"])
        #expect(relabeler.relabel(["a": "2", "b": "vw"]) == nil)
        #expect(relabeler.relabel(["a": "1", "b": "xy"]) == ["a": "1", "b": "xy", "c": "yx"])
    }

    @Test func `more label sets than are kept, and none of them again, change nothing`() throws {
        var draft = RelabelRule.Draft(.replace)
        (draft.sourceLabels, draft.regex) = (["a"], "(\\d+)-(\\d+)")
        (draft.targetLabel, draft.replacement) = ("b", "$2")
        let relabeler = Relabeler([try RelabelRule(draft)])
        for number in 0..<OutcomeCache.outcomeLimit * 3 {
            let labels: Labels = ["a": "\(number)-\(number % 7)", "id": "\(number)"]
            let result = relabeler.relabel(labels)
            #expect(result?["b"] == "\(number % 7)")
            #expect(result?["id"] == "\(number)")
        }
    }
}

import Model
import RE2
import Relabeling
import Testing

private func draft(
    _ action: RelabelRule.Action, _ change: (inout RelabelRule.Draft) -> Void = { _ in }
) -> RelabelRule.Draft {
    var draft = RelabelRule.Draft(action)
    change(&draft)
    return draft
}

struct RelabelRuleTests {
    @Test func `an action is known in any case of letters`() throws {
        for action in RelabelRule.Action.allCases {
            #expect(try RelabelRule.Action(name: action.rawValue) == action)
            #expect(try RelabelRule.Action(name: action.rawValue.uppercased()) == action)
        }
        #expect(throws: RelabelError.unknownAction("relpace")) {
            try RelabelRule.Action(name: "relpace")
        }
    }

    @Test(arguments: [
        RelabelRule.Action.replace, .hashMod, .lowercase, .uppercase, .keepEqual, .dropEqual,
    ])
    func `an action that writes or compares needs a target`(action: RelabelRule.Action) {
        let problems = draft(action) { $0.modulus = action == .hashMod ? 2 : 0 }.problems()
        #expect(problems == [.targetMissing(action)])
    }

    @Test(arguments: [
        ("a", true, true), ("a.b", true, false), ("1a", true, false), ("ä", true, false),
        ("$1", true, true), ("${1}_x", true, true), ("x${name}", true, true), ("${1", true, false),
        ("$", true, false), ("a$", true, false), ("$1-", true, false), ("$1.x", true, false),
        ("a:b", true, false),
    ])
    func `a target of replace may be a template`(text: String, utf8: Bool, legacy: Bool) {
        let replace = draft(.replace) { $0.targetLabel = text }
        #expect(replace.problems(scheme: .utf8).isEmpty == utf8)
        #expect(replace.problems(scheme: .legacy).isEmpty == legacy)
        let map = draft(.labelMap) { $0.replacement = text }
        #expect(map.problems(scheme: .utf8).isEmpty == utf8)
        #expect(map.problems(scheme: .legacy).isEmpty == legacy)
    }

    @Test func `a target of the others is a name as it stands`() {
        for action in [RelabelRule.Action.lowercase, .uppercase, .keepEqual, .hashMod] {
            let problems = draft(action) {
                $0.targetLabel = "$1"
                $0.modulus = action == .hashMod ? 2 : 0
            }.problems(scheme: .legacy)
            #expect(problems == [.badTarget("$1", action)])
        }
    }

    @Test func `all problems of a rule are told at once`() {
        let problems = draft(.hashMod) {
            $0.regex = "(("
            $0.sourceLabels = ["a", ""]
        }.problems()
        #expect(problems.map(\.field) == ["regex", "source_labels", "modulus", "target_label"])
    }

    @Test(arguments: [RelabelRule.Action.keepEqual, .dropEqual])
    func `keepequal and dropequal take sources and a target only`(action: RelabelRule.Action) {
        let fine = draft(action) {
            $0.sourceLabels = ["a"]
            $0.targetLabel = "b"
        }
        #expect(fine.problems().isEmpty)
        var stray = fine
        stray.regex = "(.*)"
        stray.modulus = 1
        stray.separator = ","
        stray.replacement = "x"
        #expect(
            stray.problems().map(\.field) == ["regex", "modulus", "separator", "replacement"])
    }

    @Test(arguments: [RelabelRule.Action.labelDrop, .labelKeep])
    func `labeldrop and labelkeep take an expression only`(action: RelabelRule.Action) {
        #expect(draft(action) { $0.regex = "a" }.problems().isEmpty)
        let stray = draft(action) {
            $0.sourceLabels = []
            $0.targetLabel = "b"
        }
        #expect(stray.problems().map(\.field) == ["source_labels", "target_label"])
    }

    @Test func `a change of case takes no replacement`() {
        let stray = draft(.lowercase) {
            $0.targetLabel = "a"
            $0.replacement = "b"
        }
        #expect(
            stray.problems().map(\.description) == [
                "lowercase does not use replacement; remove it, only source_labels, separator and "
                    + "target_label may stand here"
            ])
    }

    @Test func `every problem says what to do`() throws {
        #expect(
            RelabelError.unknownAction("relpace").description
                == "there is no relabel action \"relpace\"; use one of replace, keep, drop, "
                + "keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, "
                + "uppercase")
        #expect(
            RelabelError.modulusMissing.description
                == "hashmod needs a modulus over 0; set modulus to the number of shards")
        #expect(
            RelabelError.targetMissing(.keepEqual).description
                == "keepequal needs a target_label; name the label to compare with")
        #expect(
            RelabelError.targetMissing(.replace).description
                == "replace needs a target_label; name the label to write")
        #expect(
            RelabelError.badTarget("a-b", .replace).description
                == "\"a-b\" cannot be the target_label of replace; use letters, digits and _, "
                + "not beginning with a digit")
        #expect(
            RelabelError.badReplacement("", .labelMap).description
                == "\"\" cannot be the replacement of labelmap, where it makes a label's name; "
                + "use a name such as $1 or node_$1")
        #expect(
            RelabelError.badSource("").description
                == "\"\" is not a label name; remove it from source_labels")
        let error = try #require(draft(.drop) { $0.regex = "a(" }.problems().first)
        #expect(
            error.description == "cannot use the regular expression \"a(\": missing ): a(")
    }

    @Test func `a rule prints as one line of YAML`() throws {
        let rule = try RelabelRule(
            draft(.replace) {
                $0.sourceLabels = ["__address__", "a.b"]
                $0.separator = ","
                $0.regex = "(.+):\\d+"
                $0.targetLabel = "host"
            })
        #expect(
            rule.description
                == "{source_labels: [__address__, \"a.b\"], separator: \",\", "
                + "regex: \"(.+):\\\\d+\", target_label: host, action: replace}")
    }

    @Test func `rules that say the same are the same`() throws {
        func rule(_ name: String) throws -> RelabelRule {
            try RelabelRule(draft(.replace) { $0.targetLabel = name })
        }
        #expect(try rule("a") == rule("a"))
        #expect(try rule("a").hashValue == rule("a").hashValue)
        #expect(try rule("a") != rule("b"))
    }
}

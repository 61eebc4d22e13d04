import Model
import Relabeling
import Testing

/// One rule, what it is given, and what it leaves; `nil` where it drops.
private struct Row: CustomTestStringConvertible, Sendable {
    let what: String
    let rule: RelabelRule.Draft
    let input: Labels
    let output: Labels?
    var testDescription: String { what }

    init(
        _ what: String, _ action: RelabelRule.Action = .replace, from sources: [String]? = nil,
        regex: String? = nil, to target: String = "", with replacement: String = "$1",
        separator: String = ";", modulus: UInt64 = 0, _ input: Labels, _ output: Labels?
    ) {
        self.what = what
        var rule = RelabelRule.Draft(action)
        rule.sourceLabels = sources
        rule.regex = regex
        rule.targetLabel = target
        rule.replacement = replacement
        rule.separator = separator
        rule.modulus = modulus
        self.rule = rule
        (self.input, self.output) = (input, output)
    }
}

private let rows: [Row] = [
    Row("replace copies by default", from: ["a"], to: "b", ["a": "x"], ["a": "x", "b": "x"]),
    Row("replace with nothing removes", from: ["z"], to: "a", ["a": "x"], [:]),
    Row(
        "replace leaves what does not match", from: ["a"], regex: "y", to: "b", with: "z",
        ["a": "x"], ["a": "x"]),
    Row(
        "replace anchors at both ends", from: ["a"], regex: "x", to: "b", with: "z",
        ["a": "xx"], ["a": "xx"]),
    Row(
        "alternatives are anchored as a whole", from: ["a"], regex: "x|y", to: "b", with: "z",
        ["a": "xy"], ["a": "xy"]),
    Row(
        "replace joins with the separator", from: ["a", "none", "b"], to: "c", separator: "-",
        ["a": "1", "b": "2"], ["a": "1", "b": "2", "c": "1--2"]),
    Row(
        "replace fills the target in", from: ["a"], regex: "(.*)-(.*)", to: "${1}_x", with: "$2",
        ["a": "k-v"], ["a": "k-v", "k_x": "v"]),
    Row(
        "a target that comes to nothing is left", from: ["a"], regex: "(b)?.*", to: "$1", with: "v",
        ["a": "k"], ["a": "k"]),
    Row(
        "$1x is the group called 1x", from: ["a"], to: "b", with: "$1x-", ["a": "v"],
        ["a": "v", "b": "-"]),
    Row("a fixed value needs no source", to: "b", with: "v", [:], ["b": "v"]),
    Row("a fixed empty value removes", to: "b", with: "", ["b": "v"], [:]),
    Row("keep keeps what matches", .keep, from: ["a"], regex: "x.*", ["a": "xy"], ["a": "xy"]),
    Row("keep drops the rest", .keep, from: ["a"], regex: "x", ["a": "xy"], nil),
    Row("a missing label is an empty text", .keep, from: ["b"], regex: "", ["a": "x"], ["a": "x"]),
    Row("drop drops what matches", .drop, from: ["a"], regex: "x.*", ["a": "xy"], nil),
    Row("drop keeps the rest", .drop, from: ["a"], regex: "x", ["a": "xy"], ["a": "xy"]),
    Row("a dot matches a newline", .drop, from: ["a"], regex: "x.y", ["a": "x\ny"], nil),
    Row(
        "keepequal keeps equals", .keepEqual, from: ["a"], to: "b", ["a": "x", "b": "x"],
        ["a": "x", "b": "x"]),
    Row("keepequal drops others", .keepEqual, from: ["a"], to: "b", ["a": "x"], nil),
    Row(
        "equal means the same bytes", .keepEqual, from: ["a"], to: "b",
        ["a": "\u{e9}", "b": "e\u{301}"], nil),
    Row("dropequal drops equals", .dropEqual, from: ["a"], to: "b", [:], nil),
    // The sums are those of `printf foo | md5sum`, last eight bytes.
    Row(
        "hashmod takes the tail of MD5", .hashMod, from: ["a"], to: "b", modulus: 1000,
        ["a": "foo"], ["a": "foo", "b": "696"]),
    Row(
        "hashmod takes the whole range", .hashMod, from: ["a"], to: "b", modulus: .max,
        ["a": "foo"], ["a": "foo", "b": "17145033699835028696"]),
    Row(
        "labelmap copies by name", .labelMap, regex: "meta_(.+)", ["meta_a": "1", "b": "2"],
        ["meta_a": "1", "a": "1", "b": "2"]),
    Row(
        "labelmap does not see its own copies", .labelMap, regex: "(a+)", with: "a$1",
        ["a": "1", "aa": "2"], ["a": "1", "aa": "1", "aaa": "2"]),
    Row(
        "of two that labelmap brings to one name the last counts", .labelMap, regex: "(a|b)",
        with: "c", ["a": "1", "b": "2"], ["a": "1", "b": "2", "c": "2"]),
    Row(
        "labelmap makes no label without a name", .labelMap, regex: "a(b)?", ["a": "1"], ["a": "1"]),
    Row("labeldrop removes names", .labelDrop, regex: "a.*", ["ab": "1", "b": "2"], ["b": "2"]),
    Row(
        "labelkeep removes the others", .labelKeep, regex: "a.*", ["ab": "1", "b": "2"], ["ab": "1"]
    ),
    Row("lowercase", .lowercase, from: ["a"], to: "b", ["a": "ÄBİς"], ["a": "ÄBİς", "b": "äbiς"]),
    Row(
        "uppercase goes character by character", .uppercase, from: ["a"], to: "b",
        ["a": "straße ŉ ᾀ ǆ"], ["a": "straße ŉ ᾀ ǆ", "b": "STRAßE ŉ ᾈ Ǆ"]),
]

struct RelabelerTests {
    @Test(arguments: rows)
    fileprivate func `a rule does what Prometheus does`(row: Row) throws {
        let relabeler = Relabeler([try RelabelRule(row.rule)])
        #expect(relabeler.relabel(row.input) == row.output)
        #expect(relabeler.trace(row.input).output == row.output)
    }

    @Test func `without rules everything passes`() {
        #expect(Relabeler([]).relabel(["a": "b"]) == ["a": "b"])
        #expect(Relabeler([]).trace(["a": "b"]).output == ["a": "b"])
    }

    @Test func `rules see what those before them left`() throws {
        var first = RelabelRule.Draft()
        first.sourceLabels = ["a"]
        first.targetLabel = "b"
        var second = RelabelRule.Draft(.drop)
        second.sourceLabels = ["b"]
        second.regex = "x"
        let relabeler = Relabeler([try RelabelRule(first), try RelabelRule(second)])
        #expect(relabeler.relabel(["a": "x"]) == nil)
        #expect(relabeler.relabel(["a": "y", "b": "x"]) == ["a": "y", "b": "y"])
    }

    @Test func `names that legacy forbids are left unwritten there`() throws {
        var draft = RelabelRule.Draft()
        draft.sourceLabels = ["a"]
        draft.targetLabel = "$1"
        draft.replacement = "v"
        let labels: Labels = ["a": "x-y"]
        #expect(Relabeler([try RelabelRule(draft, scheme: .legacy)]).relabel(labels) == labels)
        #expect(
            Relabeler([try RelabelRule(draft)]).relabel(labels) == ["a": "x-y", "x-y": "v"])
    }
}

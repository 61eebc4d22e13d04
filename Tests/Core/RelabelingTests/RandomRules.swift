import Model
import Relabeling

/// Rules and label sets drawn from a seed, with everything in them that has ever bitten.
struct RandomRules {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    static let names = [
        "a", "b", "env", "pod", "region", "__meta_kube_label_app", "__tmp_h", "none",
    ]
    private static let values = [
        "prod", "a-b", "10.0.0.1:9100", "Straße", "x;y", "ÄÖ-ab", "12", "foo", "aab", "ab1", "-",
        " ",
        "ᾀ ŉ İς ǆ", "a$1b", "\"quoted\\\"", "K\u{212a}",
    ]
    private static let templates = [
        "$1", "${1}", "$1x", "${n}", "$n", "$$", "$2-$1", "fixed", "", "$", "${", "é$1", "$0",
        "$01",
        "a${1}b$2", "$n-${1}", "${1", "$1$$1",
    ]
    // No template that comes to a name which is there already: where its value comes to nothing,
    // 2.42 removes the label called like the template itself. Prometheus 3 removes the right one.
    private static let targets = [
        "a", "b", "env", "pod", "new", "__tmp_h", "none", "$1", "${1}_x", "x_${n}", "k$2",
    ]
    private static let namePatterns = [
        "a|b", "(env|pod)", "__meta_.*", "[a-c]+", "x.*", "(a)", "__tmp_.*|new", "region", "r(.*)n",
    ]
    private static let mapPatterns = [
        "__meta_kube_label_(.+)", "(a|b|env)", "(.)", "(?P<n>[a-z]+)", "__tmp_(?P<n>.*)", "(p)(o)d",
    ]
    private static let mapTemplates = ["$1", "x_$1", "${1}_y", "${n}z", "fixed", "k$2_$1"]

    /// The next number below `bound`.
    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    private mutating func pick(_ list: [String]) -> String { list[below(list.count)] }

    /// A value of a label, never empty and on one line.
    mutating func value() -> String {
        if below(3) > 0 { return pick(Self.values) }
        return (0...below(5)).map { _ in pick(["a", "b", "1", "-", ":", ";", ".", "é"]) }.joined()
    }

    /// A label set of a target.
    mutating func labels() -> [Label] {
        Self.names.dropLast().compactMap { below(10) < 7 ? Label($0, value()) : nil }
    }

    /// A rule that may or may not be valid.
    mutating func draft() -> RelabelRule.Draft {
        var draft = RelabelRule.Draft(RelabelRule.Action.allCases[below(11)])
        switch draft.action {
        case .labelDrop: draft.regex = pick(Self.namePatterns)
        // What a target cannot live without stays.
        case .labelKeep: draft.regex = pick(Self.namePatterns) + "|id|__.*"
        case .labelMap:
            draft.regex = pick(Self.mapPatterns)
            draft.replacement = pick(Self.mapTemplates)
        default: fill(&draft)
        }
        if below(40) == 0 { draft.separator = "," }
        return draft
    }

    /// A rule that is valid with Prometheus 2's names.
    mutating func rule() -> RelabelRule.Draft {
        while true {
            let draft = draft()
            // k$2_$1 and the like may come to a name that is none, which 2.42 does not look at.
            if draft.problems(scheme: .legacy).isEmpty { return draft }
        }
    }

    private mutating func fill(_ draft: inout RelabelRule.Draft) {
        if below(12) > 0 { draft.sourceLabels = (0...below(3)).map { _ in pick(Self.names) } }
        if !(draft.action == .keepEqual || draft.action == .dropEqual) {
            if below(4) > 0 { draft.regex = expression(depth: 3) }
            if below(4) == 0 { draft.separator = pick(["", "-", ";;", "é"]) }
        }
        if draft.action == .keep || draft.action == .drop, below(2) == 0 {
            draft.regex = pick([".*", ".+", "[^z]*", "(.*)", "(?i)P.*|.*a.*", "prod|foo"])
        }
        if draft.action == .replace, below(3) > 0 { draft.replacement = pick(Self.templates) }
        if draft.action == .hashMod { draft.modulus = UInt64(below(5) * 7) }
        // Only 2.42 takes templates for targets that are no templates; Prometheus 3 does not.
        let isTemplate = draft.action == .replace || draft.action == .hashMod
        let targets = isTemplate ? Self.targets : Self.names
        draft.targetLabel =
            below(20) == 0 ? pick(["a-b", "", "9", "${", "$1é"]) : pick(targets)
    }

    private mutating func expression(depth: Int) -> String {
        var text = ""
        for _ in 0...below(3) {
            var atom = pick(["a", "b", "1", "-", ".", "[ab]", "\\d", ";", "[^a]", "é", "\\.", ":"])
            if depth > 0, below(3) == 0 {
                let inner = expression(depth: depth - 1)
                let group = text.contains("?P<") || depth < 3 ? "(" : pick(["(", "(?:", "(?P<n>"])
                atom = group + inner + ")"
            }
            text += atom + pick(["", "", "*", "+", "?", "*", ".*", ".*", "{1,2}", "*?"])
        }
        return below(6) == 0 ? text + "|" + pick(["foo", ".*a", "(b)", ""]) : text
    }
}

import Model
import RE2
import Relabeling
import YAML

/// A relabel rule as it is written, before it is a rule.
struct RelabelBlock: Sendable {
    var draft = RelabelRule.Draft()
    var action = RelabelRule.Action.replace.rawValue

    static let table = YAMLTable<RelabelBlock>(
        "relabel_config", "One step that rewrites a label set, or drops it.",
        make: { RelabelBlock() }
    ) {
        YAMLField(
            "source_labels", \.draft.sourceLabels, .list(.text),
            "The labels whose values are joined and looked at.")
        YAMLField("separator", \.draft.separator, .text, "What stands between the values.")
        YAMLField(
            "target_label", \.draft.targetLabel, .text,
            "The label that is written; needed by replace, hashmod, lowercase, uppercase, keepequal and dropequal."
        )
        YAMLField(
            "regex", \.draft.regex, .text, standard: "(.*)",
            "What the joined values, or a label's name, must match from end to end.")
        YAMLField("modulus", \.draft.modulus, .modulus, "How many shards hashmod spreads over.")
        YAMLField(
            "replacement", \.draft.replacement, .text,
            "What is written; `$1` and `${name}` are captures.")
        YAMLField("action", \.action, .action, "What the rule does.")
    }
}

extension YAMLCodec where Value == UInt64 {
    fileprivate static var modulus: YAMLCodec {
        YAMLCodec(.whole(0...Int.max)) { node, decoding in
            YAMLCodec<Int>.whole().read(node, &decoding).map(UInt64.init)
        } write: {
            .plain("\($0)")
        }
    }
}

extension YAMLCodec where Value == String {
    fileprivate static var action: YAMLCodec {
        let names = RelabelRule.Action.allCases.map(\.rawValue)
        return YAMLCodec(.choice(names)) { node, decoding in
            guard let text = YAMLCodec<String>.text.read(node, &decoding) else { return nil }
            guard names.contains(text.lowercased()) else {
                decoding.unknownChoice(text, among: names, at: node.mark)
                return nil
            }
            return text.lowercased()
        } write: {
            .text($0)
        }
    }
}

extension YAMLCodec where Value == RelabelRule {
    /// A relabel rule, checked under the names that its block allows.
    static var relabelRule: YAMLCodec {
        YAMLCodec(.block(RelabelBlock.table.shape)) { node, decoding in
            let before = decoding.complaints.count
            guard var block = RelabelBlock.table.decode(node, &decoding) else { return nil }
            do { block.draft.action = try .init(name: block.action) } catch { return nil }
            guard decoding.complaints.count == before else { return nil }
            for problem in block.draft.problems(scheme: decoding.scheme) {
                let parts = problem.description.split(separator: "; ", maxSplits: 1)
                decoding.error(
                    String(parts[0]), parts.count > 1 ? String(parts[1]) : "correct it",
                    at: node[problem.field]?.mark ?? node.mark)
            }
            // The problems above are all that could be thrown here.
            return try? RelabelRule(block.draft, scheme: decoding.scheme)
        } write: { rule in
            var entries: [(name: String, value: YAMLNode)] = []
            if !rule.sourceLabels.isEmpty {
                entries.append(("source_labels", .list(rule.sourceLabels.map(YAMLNode.text))))
            }
            entries.append(("separator", .text(rule.separator)))
            if !rule.targetLabel.isEmpty {
                entries.append(("target_label", .text(rule.targetLabel)))
            }
            if rule.action.readsRegex { entries.append(("regex", .text(rule.pattern.text))) }
            if rule.modulus != 0 { entries.append(("modulus", .plain("\(rule.modulus)"))) }
            if rule.action.writesReplacement {
                entries.append(("replacement", .text(rule.replacement)))
            }
            entries.append(("action", .text(rule.action.rawValue)))
            return .map(entries)
        }
    }
}

extension RelabelRule.Action {
    fileprivate var readsRegex: Bool { self != .keepEqual && self != .dropEqual }
    fileprivate var writesReplacement: Bool {
        switch self {
        case .replace, .labelMap, .hashMod, .keep, .drop: true
        default: false
        }
    }
}

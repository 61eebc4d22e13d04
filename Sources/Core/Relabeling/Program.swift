import Model
import RE2

/// Rules made ready for speed, as far as that can be done before a label set is seen; `Plan` does
/// the rest for each shape.
final class Program: Sendable {
    /// A rule whose templates are read.
    struct Rule: Sendable {
        let rule: RelabelRule
        let template: Template
        /// The label that is written or compared with; `nil` where the action has none.
        let target: String?
    }

    let rules: [Rule]

    /// Prepares `rules`; `nil` where what one writes to depends on what it matched, and they are
    /// run one by one.
    init?(_ rules: [RelabelRule]) {
        var prepared: [Rule] = []
        for rule in rules {
            var target: String?
            if rule.action == .replace {
                let name = Template(rule.targetLabel, for: rule.pattern).constant
                guard let name, rule.scheme.allows(labelName: name) else { return nil }
                target = name
            } else if rule.action.needsTarget {
                target = rule.targetLabel
            }
            let template = Template(rule.replacement, for: rule.pattern)
            prepared.append(Rule(rule: rule, template: template, target: target))
        }
        self.rules = prepared
    }
}

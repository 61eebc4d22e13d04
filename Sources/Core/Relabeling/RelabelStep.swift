import Crypto
import Model
import RE2

extension Relabeler {
    /// One rule, made ready to run: its templates are read, and what needs no match is known.
    ///
    /// A class, since a value of this size is copied, and counted, each time it is looked at.
    final class Step: Sendable {
        private let operation: Operation
        private let sourceLabels: [String]
        private let separator: String

        private enum Operation: Sendable {
            case keep(Pattern)
            case drop(Pattern)
            case keepEqual(String)
            case dropEqual(String)
            /// The target is fixed, which it nearly always is.
            case replace(Pattern, target: String, Template)
            /// The target is a template too; its result may be no name.
            case replaceTemplate(Pattern, target: Template, Template, NameScheme)
            /// Both are fixed: the match alone decides.
            case set(Pattern, target: String, String)
            case hashMod(UInt64, target: String)
            case labelMap(Pattern, Template)
            case labelDrop(Pattern)
            case labelKeep(Pattern)
            case lowercase(target: String)
            case uppercase(target: String)
        }

        init(_ rule: RelabelRule) {
            sourceLabels = rule.sourceLabels
            separator = rule.separator
            let (pattern, target) = (rule.pattern, rule.targetLabel)
            operation =
                switch rule.action {
                case .replace: Self.replace(rule)
                case .keep: .keep(pattern)
                case .drop: .drop(pattern)
                case .keepEqual: .keepEqual(target)
                case .dropEqual: .dropEqual(target)
                case .hashMod: .hashMod(rule.modulus, target: target)
                case .labelMap: .labelMap(pattern, Template(rule.replacement, for: pattern))
                case .labelDrop: .labelDrop(pattern)
                case .labelKeep: .labelKeep(pattern)
                case .lowercase: .lowercase(target: target)
                case .uppercase: .uppercase(target: target)
                }
        }

        private static func replace(_ rule: RelabelRule) -> Operation {
            let target = Template(rule.targetLabel, for: rule.pattern)
            let replacement = Template(rule.replacement, for: rule.pattern)
            guard let name = target.constant, rule.scheme.allows(labelName: name) else {
                return .replaceTemplate(rule.pattern, target: target, replacement, rule.scheme)
            }
            guard let value = replacement.constant else {
                return .replace(rule.pattern, target: name, replacement)
            }
            return .set(rule.pattern, target: name, value)
        }

        /// Whether the rule looks at the values of source labels, and not at names.
        var readsSource: Bool {
            switch operation {
            case .labelMap, .labelDrop, .labelKeep: false
            default: true
            }
        }

        /// The values of the source labels, joined.
        func subject(of builder: borrowing LabelsBuilder) -> String {
            switch sourceLabels.count {
            case 0: return ""
            case 1: return builder[sourceLabels[0]]
            default:
                var joined = builder[sourceLabels[0]]
                for index in 1..<sourceLabels.count {
                    joined += separator
                    joined += builder[sourceLabels[index]]
                }
                return joined
            }
        }

        /// Changes `builder` as the rule says; false where the rule drops the label set.
        func run(on builder: inout LabelsBuilder) -> Bool {
            switch operation {
            case .keep(let pattern): return pattern.matches(subject(of: builder))
            case .drop(let pattern): return !pattern.matches(subject(of: builder))
            case .keepEqual(let target):
                return builder[target].hasSameBytes(as: subject(of: builder))
            case .dropEqual(let target):
                return !builder[target].hasSameBytes(as: subject(of: builder))
            case .replace(let pattern, let target, let replacement):
                if let value = pattern.expand(subject(of: builder), into: replacement) {
                    builder[target] = value
                }
            case .replaceTemplate(let pattern, let target, let replacement, let scheme):
                let result = pattern.expand(subject(of: builder), into: target, and: replacement)
                if let (name, value) = result, scheme.allows(labelName: name) {
                    builder[name] = value
                }
            case .set(let pattern, let target, let value):
                if pattern.matches(subject(of: builder)) { builder[target] = value }
            case .hashMod(let modulus, let target):
                builder[target] = String(Digest.md5Tail(subject(of: builder)) % modulus)
            case .labelMap(let pattern, let replacement):
                Self.map(&builder, pattern, replacement)
            case .labelDrop(let pattern): builder.removeAll { pattern.matches($0.name) }
            case .labelKeep(let pattern): builder.removeAll { !pattern.matches($0.name) }
            case .lowercase(let target): builder[target] = subject(of: builder).simpleLowercase
            case .uppercase(let target): builder[target] = subject(of: builder).simpleUppercase
            }
            return true
        }

        /// Copies labels to the names that their names give, going by what was there before.
        ///
        /// Of two that come to one name, the one whose old name sorts last counts.
        private static func map(
            _ builder: inout LabelsBuilder, _ pattern: Pattern, _ replacement: Template
        ) {
            for label in builder.labels {
                // A label without a name is none: Prometheus would keep one, and print it.
                if let name = pattern.expand(label.name, into: replacement), !name.isEmpty {
                    builder[name] = label.value
                }
            }
        }
    }
}

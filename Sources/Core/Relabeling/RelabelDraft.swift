public import Model
import RE2

extension RelabelRule {
    /// The fields of a rule as they were written, not checked yet; each begins with its default.
    public struct Draft: Sendable {
        static let defaultRegex = "(.*)"
        static let defaultSeparator = ";"
        static let defaultReplacement = "$1"

        /// What the rule does.
        public var action: Action = .replace
        /// The source labels; `nil` where the field is not written.
        public var sourceLabels: [String]?
        /// What stands between the source labels' values.
        public var separator = defaultSeparator
        /// The expression; `nil` where the field is not written, which stands for `(.*)`.
        public var regex: String?
        /// The number of shards, for `hashmod`.
        public var modulus: UInt64 = 0
        /// The label that is written.
        public var targetLabel = ""
        /// What is written.
        public var replacement = defaultReplacement

        /// A draft of `action`, with every other field at its default.
        public init(_ action: Action = .replace) { self.action = action }

        /// Everything that keeps this from being a rule, as Prometheus 3 sees it.
        public func problems(scheme: NameScheme = .utf8) -> [RelabelError] {
            var problems: [RelabelError] = []
            if let regex {
                do { _ = try Pattern(regex) } catch { problems.append(.pattern(error)) }
            }
            // A source is only read: any name may stand there.
            for name in sourceLabels ?? [] where name.isEmpty { problems.append(.badSource(name)) }
            if action == .hashMod, modulus == 0 { problems.append(.modulusMissing) }
            if action.needsTarget { problems += targetProblems(scheme) }
            if action == .labelMap, !Self.isNameTemplate(replacement, scheme) {
                problems.append(.badReplacement(replacement, action))
            }
            return problems + strayFields
        }

        private func targetProblems(_ scheme: NameScheme) -> [RelabelError] {
            guard !targetLabel.isEmpty else { return [.targetMissing(action)] }
            let isValid =
                action == .replace && targetLabel.utf8.contains(UInt8(ascii: "$"))
                ? Self.isNameTemplate(targetLabel, scheme)
                : scheme.allows(labelName: targetLabel)
            return isValid ? [] : [.badTarget(targetLabel, action)]
        }

        /// Fields that were written although the action has no use for them.
        ///
        /// Prometheus compares with the default and so allows some fields to repeat it; but
        /// `regex`, and `source_labels` beside labeldrop, may not be written at all.
        private var strayFields: [RelabelError] {
            var fields: [String] = []
            let allowed: String
            switch action {
            case .keepEqual, .dropEqual:
                allowed = "source_labels and target_label"
                if regex != nil { fields.append("regex") }
            case .labelDrop, .labelKeep:
                allowed = "regex"
                if sourceLabels != nil { fields.append("source_labels") }
                if !targetLabel.isEmpty { fields.append("target_label") }
            case .lowercase, .uppercase:
                guard replacement != Self.defaultReplacement else { return [] }
                let allowed = "source_labels, separator and target_label"
                return [.fieldNotForAction(field: "replacement", action, allowed: allowed)]
            default: return []
            }
            if modulus != 0 { fields.append("modulus") }
            if separator != Self.defaultSeparator { fields.append("separator") }
            if replacement != Self.defaultReplacement { fields.append("replacement") }
            return fields.map { .fieldNotForAction(field: $0, action, allowed: allowed) }
        }

        /// Whether `text` can become a label name once its `$1` are filled in.
        static func isNameTemplate(_ text: String, _ scheme: NameScheme) -> Bool {
            guard scheme == .legacy else { return !text.isEmpty }
            var rest = Array(text.utf8)[...]
            var isFirst = true
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "$") {
                    guard skipVariable(in: &rest) else { return false }
                } else if !isWord(byte) || isFirst && isDigit(byte) {
                    return false
                }
                isFirst = false
            }
            return !isFirst
        }

        /// Takes `name` or `{name}`; false where neither stands there.
        private static func skipVariable(in rest: inout ArraySlice<UInt8>) -> Bool {
            let isBraced = rest.first == UInt8(ascii: "{")
            if isBraced { rest.removeFirst() }
            let name = rest.prefix(while: isWord)
            rest.removeFirst(name.count)
            guard !name.isEmpty else { return false }
            return !isBraced || rest.popFirst() == UInt8(ascii: "}")
        }

        private static func isDigit(_ byte: UInt8) -> Bool {
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"):
                true
            default: isDigit(byte)
            }
        }
    }
}

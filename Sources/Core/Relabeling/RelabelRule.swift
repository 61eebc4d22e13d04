public import Model
public import RE2

/// One relabel rule; one that exists is valid.
public struct RelabelRule: Sendable {
    /// What it does.
    public let action: Action
    /// The labels whose values, joined, are looked at.
    public let sourceLabels: [String]
    /// What stands between the values.
    public let separator: String
    /// What the joined values, or a label's name, must match from end to end.
    public let pattern: Pattern
    /// How many shards `hashmod` spreads over; 0 elsewhere.
    public let modulus: UInt64
    /// The label that is written; a template where the action is `replace`.
    public let targetLabel: String
    /// What is written: a template.
    public let replacement: String
    /// Which names the result of `replace` may have.
    public let scheme: NameScheme

    /// The rule that `draft` asks for.
    ///
    /// It throws the first of `draft.problems`, which knows all of them.
    public init(_ draft: Draft, scheme: NameScheme = .utf8) throws(RelabelError) {
        if let problem = draft.problems(scheme: scheme).first { throw problem }
        do { pattern = try Pattern(draft.regex ?? Draft.defaultRegex) } catch {
            throw .pattern(error)
        }
        action = draft.action
        sourceLabels = draft.sourceLabels ?? []
        separator = draft.separator
        modulus = draft.modulus
        targetLabel = draft.targetLabel
        replacement = draft.replacement
        self.scheme = scheme
    }
}

extension RelabelRule: Hashable {
    /// Whether both say the same.
    public static func == (left: RelabelRule, right: RelabelRule) -> Bool {
        left.texts.elementsEqual(right.texts) { $0.hasSameBytes(as: $1) }
    }

    /// Hashes all fields.
    public func hash(into hasher: inout Hasher) {
        var hash = StableHash()
        for text in texts { hash.combine(text) }
        hasher.combine(hash.value)
    }

    private var texts: [String] {
        [
            action.rawValue, separator, pattern.text, String(modulus), targetLabel, replacement,
            scheme.rawValue,
        ] + sourceLabels
    }
}

extension RelabelRule: CustomStringConvertible {
    /// The rule in one line of YAML, without the fields that hold their default.
    public var description: String {
        var fields: [String] = []
        func add(_ name: String, _ value: String) { fields.append("\(name): \(value)") }
        if !sourceLabels.isEmpty {
            add("source_labels", "[" + sourceLabels.map(Self.plain).joined(separator: ", ") + "]")
        }
        if separator != Draft.defaultSeparator { add("separator", Labels.quoted(separator)) }
        if pattern.text != Draft.defaultRegex { add("regex", Labels.quoted(pattern.text)) }
        if modulus != 0 { add("modulus", String(modulus)) }
        if !targetLabel.isEmpty { add("target_label", Self.plain(targetLabel)) }
        if replacement != Draft.defaultReplacement {
            add("replacement", Labels.quoted(replacement))
        }
        add("action", action.rawValue)
        return "{" + fields.joined(separator: ", ") + "}"
    }

    private static func plain(_ name: String) -> String {
        NameScheme.legacy.allows(labelName: name) ? name : Labels.quoted(name)
    }
}

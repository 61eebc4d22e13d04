public import Model

/// What each rule did to one label set, in order.
public struct RelabelTrace: Sendable {
    /// One rule, and the label set before and after it.
    public struct Entry: Sendable {
        /// The rule that ran.
        public let rule: RelabelRule
        /// The joined values that the rule looked at; `nil` where it looks at names.
        public let subject: String?
        /// The label set that the rule was given.
        public let before: Labels
        /// The label set that it left.
        public let after: Labels
        /// False where the rule dropped the label set.
        public let keeps: Bool
    }

    /// The label set before the first rule.
    public let input: Labels
    /// The rules that ran: all, or those up to the one that dropped the label set.
    public let entries: [Entry]

    /// What came out, or `nil` where a rule dropped it.
    public var output: Labels? {
        guard let last = entries.last else { return input }
        return last.keeps ? last.after : nil
    }

    /// The place, in the list, of the rule that dropped the label set; `nil` where none did.
    public var droppedBy: Int? { entries.last?.keeps == false ? entries.count - 1 : nil }
}

extension RelabelTrace.Entry {
    /// One label that differs between before and after.
    public struct Change: Sendable, Hashable {
        /// The label's name.
        public let name: String
        /// Its value before; empty where it was not there.
        public let old: String
        /// Its value after; empty where it is gone.
        public let new: String
    }

    /// The labels that the rule added, changed or removed, sorted by name.
    public var changes: [Change] {
        let names = Labels((Array(before) + Array(after)).map { Label($0.name, "x") })
        return names.compactMap { label in
            let (old, new) = (before[label.name], after[label.name])
            guard !old.hasSameBytes(as: new) else { return nil }
            return Change(name: label.name, old: old, new: new)
        }
    }
}

extension RelabelTrace: CustomStringConvertible {
    /// The run for people: each rule, what it looked at, and what came of it.
    public var description: String {
        var lines = ["   " + input.description]
        for (index, entry) in entries.enumerated() {
            lines.append("\(index + 1)  \(entry.rule)")
            if let subject = entry.subject { lines.append("   reads \(Labels.quoted(subject))") }
            if entry.keeps {
                lines += entry.changes.isEmpty ? ["   nothing changes"] : entry.changes.map(\.line)
            } else {
                lines.append("   drops the label set")
            }
        }
        if let output {
            lines.append("=  " + output.description)
        } else {
            lines.append("=  dropped by rule \(entries.count)")
        }
        return lines.joined(separator: "\n")
    }
}

extension RelabelTrace.Entry.Change {
    fileprivate var line: String {
        let shown = Labels.quoted(name).dropFirst().dropLast()
        if new.isEmpty { return "   - \(shown)=\(Labels.quoted(old))" }
        if old.isEmpty { return "   + \(shown)=\(Labels.quoted(new))" }
        return "   ~ \(shown)=\(Labels.quoted(old)) -> \(Labels.quoted(new))"
    }
}

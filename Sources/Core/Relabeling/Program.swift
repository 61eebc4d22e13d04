import Model
import RE2

/// Rules made ready for speed.
///
/// Every label that they name has a number, its slot, so that running them looks no name up. What
/// has no slot is carried along and only met by `labelmap` and its like.
final class Program: Sendable {
    /// The names of the slots, sorted by their bytes.
    let names: [String]
    let table: SlotTable
    let operations: [Operation]

    /// One rule, with slots in place of names.
    final class Operation: Sendable {
        let action: RelabelRule.Action
        let pattern: Pattern
        let template: Template
        /// The replacement where it is always the same.
        let constant: [UInt8]?
        let sources: [Int]
        let separator: [UInt8]
        let modulus: UInt64
        /// The slot that is written; -1 where the rule's target is a template.
        let target: Int
        let targetTemplate: Template
        let scheme: NameScheme
        /// Whether the rule writes its one source as it is.
        let isCopy: Bool
        /// For each slot what its name means to the rule: `labelmap` has the slot to copy to, or
        /// -1; `labeldrop` and `labelkeep` have 1 where the label goes, else 0.
        let fates: [Int]

        init(_ rule: RelabelRule, slots: [String: Int], names: [String]) {
            action = rule.action
            pattern = rule.pattern
            template = Template(rule.replacement, for: rule.pattern)
            constant = template.constant.map { Array($0.utf8) }
            sources = rule.sourceLabels.map { slots[$0] ?? -1 }
            separator = Array(rule.separator.utf8)
            modulus = rule.modulus
            scheme = rule.scheme
            targetTemplate = Template(rule.targetLabel, for: rule.pattern)
            target = Program.fixedTarget(of: rule).flatMap { slots[$0] } ?? -1
            let (pattern, template) = (rule.pattern, template)
            isCopy =
                rule.action == .replace && pattern.isWholeGroup && template.onlyGroup == 1
                && sources.count == 1 && target >= 0
            switch rule.action {
            case .labelMap:
                fates = names.map { pattern.expand($0, into: template).flatMap { slots[$0] } ?? -1 }
            case .labelDrop: fates = names.map { pattern.matches($0) ? 1 : 0 }
            case .labelKeep: fates = names.map { pattern.matches($0) ? 0 : 1 }
            default: fates = []
            }
        }
    }

    /// The most slots that a program may have, so that a set of them fits into one word.
    static let slotLimit = 40

    /// Compiles `rules`; `nil` where they name too many labels, which then are run one by one.
    init?(_ rules: [RelabelRule]) {
        // Swift takes names that look alike for the same: then there are fewer names than texts.
        let texts = rules.flatMap { rule in
            rule.sourceLabels + (Self.fixedTarget(of: rule).map { [$0] } ?? [])
        }
        var known = Set(texts)
        guard texts.allSatisfy({ NameScheme.legacy.allows(labelName: $0) }) else { return nil }
        // What labelmap makes of a slot has to be a slot; maps may feed each other.
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for rule in rules where rule.action == .labelMap {
                let template = Template(rule.replacement, for: rule.pattern)
                for name in known {
                    guard let result = rule.pattern.expand(name, into: template), !result.isEmpty
                    else { continue }
                    guard NameScheme.legacy.allows(labelName: result) else { return nil }
                    isGrowing = known.insert(result).inserted || isGrowing
                }
                guard known.count <= Self.slotLimit else { return nil }
            }
        }
        guard known.count <= Self.slotLimit else { return nil }
        let names = known.sorted { $0.isBytewiseLess(than: $1) }
        let slots = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        self.names = names
        table = SlotTable(names)
        operations = rules.map { Operation($0, slots: slots, names: names) }
    }

    /// The label that a rule writes or compares with, where that is always the same.
    private static func fixedTarget(of rule: RelabelRule) -> String? {
        guard rule.action == .replace else {
            return rule.action.needsTarget ? rule.targetLabel : nil
        }
        let name = Template(rule.targetLabel, for: rule.pattern).constant
        return name.flatMap { rule.scheme.allows(labelName: $0) ? $0 : nil }
    }
}

/// Finds the slot of a name, nearly always with one comparison.
struct SlotTable: Sendable {
    private let names: [[UInt8]]
    /// 256 buckets: slot + 1 of the first name with this key, and how to go on from each slot.
    private let first: [UInt8]
    private let next: [UInt8]

    init(_ names: [String]) {
        self.names = names.map { Array($0.utf8) }
        var first = [UInt8](repeating: 0, count: 256)
        var next = [UInt8](repeating: 0, count: names.count)
        for (slot, name) in self.names.enumerated() {
            let key = Self.key(name.span)
            next[slot] = first[key]
            first[key] = UInt8(slot + 1)
        }
        (self.first, self.next) = (first, next)
    }

    /// The slot of `name`, or -1.
    @inline(__always)
    func slot(of name: Span<UInt8>) -> Int {
        if name.isEmpty { return -1 }
        var candidate = Int(first[Self.key(name)])
        while candidate > 0 {
            if Self.isEqual(names[candidate - 1], name) { return candidate - 1 }
            candidate = Int(next[candidate - 1])
        }
        return -1
    }

    @inline(__always)
    private static func key(_ name: Span<UInt8>) -> Int {
        let count = name.count
        if count == 0 { return 0 }
        return (count &* 31 &+ Int(name[count - 1]) &* 7 &+ Int(name[count / 2])) & 255
    }

    @inline(__always)
    private static func isEqual(_ left: [UInt8], _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where left[index] != right[index] { return false }
        return true
    }
}

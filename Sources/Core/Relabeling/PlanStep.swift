import Model
import RE2

/// One rule, with columns in place of names; what it points to is its plan's.
// Safe: the plan owns what it points to, and lends it to its own runs alone.
@safe struct PlanStep: BitwiseCopyable {
    enum Kind: UInt8 {
        case keep, drop, keepEqual, dropEqual, hash, lowercase, uppercase
        /// Writes its one source as it is.
        case copy
        /// Writes the same text where the sources match.
        case constant
        /// Fills in a template.
        case expand
        /// Copies columns to others.
        case map
        /// Empties columns.
        case clear
    }

    /// A column that is copied to another.
    struct Move: BitwiseCopyable {
        let source: Int
        let target: Int
    }

    let kind: Kind
    let pattern: Unmanaged<Pattern>
    let template: Unmanaged<Template>
    /// Whether the pattern matches anything: it need not be asked.
    let matchesAll: Bool
    /// The columns that are read, -1 for a label that is never there.
    let sources: UnsafeBufferPointer<Int>
    let separator: UnsafeBufferPointer<UInt8>
    let modulus: UInt64
    /// The column that is written or compared with.
    let target: Int
    /// The text that is written, and its number among the plan's.
    let constant: UnsafeBufferPointer<UInt8>
    let constantNumber: Int
    /// What is copied, in the order of the old names.
    let moves: UnsafeBufferPointer<Move>
    /// Whether a column that is written is also read later, which must see what was there before.
    let isTangled: Bool
    /// What is emptied.
    let cleared: UnsafeBufferPointer<Int>

    init(
        _ prepared: Program.Rule, _ names: [String], _ constants: inout [String],
        _ memory: PlanMemory
    ) {
        let (rule, template) = (prepared.rule, prepared.template)
        kind = Self.kind(of: rule, template)
        unsafe pattern = Unmanaged.passUnretained(rule.pattern)
        unsafe self.template = Unmanaged.passUnretained(template)
        matchesAll = rule.pattern.isWholeGroup
        unsafe sources = memory.copy(rule.sourceLabels.map { Plan.column(of: $0, in: names) })
        unsafe separator = memory.copy(Array(rule.separator.utf8))
        modulus = rule.modulus
        target = prepared.target.map { Plan.column(of: $0, in: names) } ?? -1
        let text = kind == .constant ? template.constant ?? "" : ""
        unsafe constant = memory.copy(Array(text.utf8))
        constantNumber = constants.count
        if kind == .constant { constants.append(text) }
        let moves = kind == .map ? Self.moves(rule.pattern, template, names) : []
        unsafe self.moves = memory.copy(moves)
        isTangled = moves.indices.contains { index in
            moves[(index + 1)...].contains { $0.source == moves[index].target }
        }
        let keeps = rule.action == .labelKeep
        unsafe cleared = memory.copy(
            kind == .clear
                ? names.indices.filter { rule.pattern.matches(names[$0]) != keeps } : [])
    }

    private static func kind(of rule: RelabelRule, _ template: Template) -> Kind {
        switch rule.action {
        case .keep: return .keep
        case .drop: return .drop
        case .keepEqual: return .keepEqual
        case .dropEqual: return .dropEqual
        case .hashMod: return .hash
        case .lowercase: return .lowercase
        case .uppercase: return .uppercase
        case .labelMap: return .map
        case .labelDrop, .labelKeep: return .clear
        case .replace:
            if template.constant != nil { return .constant }
            let isWhole = rule.pattern.isWholeGroup && template.onlyGroup == 1
            return isWhole && rule.sourceLabels.count == 1 ? .copy : .expand
        }
    }

    /// Which columns go where; of two that go to one the later counts.
    private static func moves(
        _ pattern: Pattern, _ template: Template, _ names: [String]
    ) -> [Move] {
        names.indices.compactMap { column in
            guard let name = pattern.expand(names[column], into: template), !name.isEmpty else {
                return nil
            }
            let target = Plan.column(of: name, in: names)
            // Names that only later rules make are no columns of this one's.
            return target < 0 || target == column ? nil : Move(source: column, target: target)
        }
    }
}

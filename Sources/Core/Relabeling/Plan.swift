import Model
import RE2

// Safe to share: nothing of it is written once it is made.
/// The rules of a program made ready for label sets of one shape: those that have the same names.
///
/// Every label that the shape has, or that a rule may write, has a number, its column, in the
/// order of the names: running the rules looks no name up, and what comes out stands in order.
@safe final class Plan: @unchecked Sendable {
    /// The names of the columns, sorted by their bytes.
    let names: [String]
    /// The column of each label of the shape.
    let inputs: UnsafeBufferPointer<Int>
    let steps: UnsafeBufferPointer<PlanStep>
    /// The texts that rules write whatever they read.
    let constants: [String]
    // They own what the steps point to.
    private let program: Program
    private let memory = PlanMemory()

    /// More columns than this, and maps that double them, are run one by one.
    private static let columnLimit = 512

    /// Makes `program` ready for label sets like `labels`; `nil` where it needs too many columns.
    init?(_ program: Program, for labels: Labels) {
        guard let names = Self.names(labels, program) else { return nil }
        var constants: [String] = []
        unsafe inputs = memory.copy(labels.map { Self.column(of: $0.name, in: names) })
        var steps: [PlanStep] = []
        for rule in program.rules {
            steps.append(PlanStep(rule, names, &constants, memory))
        }
        unsafe self.steps = memory.copy(steps)
        (self.names, self.constants, self.program) = (names, constants, program)
    }

    /// The place of `name` among the sorted `names`, or -1.
    static func column(of name: String, in names: [String]) -> Int {
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle].isBytewiseLess(than: name) { low = middle + 1 } else { high = middle }
        }
        return low < names.count && names[low].hasSameBytes(as: name) ? low : -1
    }

    /// Every name that a label set may have on its way.
    private static func names(_ labels: Labels, _ program: Program) -> [String]? {
        var names = labels.map(\.name)
        func insert(_ name: String) {
            guard column(of: name, in: names) < 0 else { return }
            let place = names.firstIndex { name.isBytewiseLess(than: $0) } ?? names.endIndex
            names.insert(name, at: place)
        }
        for rule in program.rules {
            if let target = rule.target { insert(target) }
            guard rule.rule.action == .labelMap else { continue }
            for name in names {
                let copy = rule.rule.pattern.expand(name, into: rule.template)
                // A label without a name is none.
                if let copy, !copy.isEmpty { insert(copy) }
            }
            guard names.count <= columnLimit else { return nil }
        }
        return names.count <= columnLimit ? names : nil
    }
}

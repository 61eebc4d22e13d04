public import Model

/// A list of relabel rules, compiled once and run over any number of label sets.
public struct Relabeler: Sendable {
    /// The rules, in the order in which they run.
    public let rules: [RelabelRule]
    private let steps: [Step]

    /// Compiles `rules`; without any, label sets pass as they are.
    public init(_ rules: [RelabelRule]) {
        self.rules = rules
        steps = rules.map(Step.init)
    }

    /// What the rules make of `labels`, or `nil` where one of them dropped it.
    public func relabel(_ labels: Labels) -> Labels? {
        if steps.isEmpty { return labels }
        var builder = LabelsBuilder(labels)
        return relabel(&builder) ? Labels(builder) : nil
    }

    /// Runs the rules over `builder`; false where one of them dropped it, and then `builder`
    /// holds what it held at that rule.
    public func relabel(_ builder: inout LabelsBuilder) -> Bool {
        for step in steps where !step.run(on: &builder) { return false }
        return true
    }

    /// Runs the rules over `labels` and writes down what each of them did.
    public func trace(_ labels: Labels) -> RelabelTrace {
        var builder = LabelsBuilder(labels)
        var entries: [RelabelTrace.Entry] = []
        var before = labels
        for (rule, step) in zip(rules, steps) {
            let subject = step.readsSource ? step.subject(of: builder) : nil
            let keeps = step.run(on: &builder)
            let after = Labels(builder)
            entries.append(
                RelabelTrace.Entry(
                    rule: rule, subject: subject, before: before, after: after, keeps: keeps))
            if !keeps { break }
            before = after
        }
        return RelabelTrace(input: labels, entries: entries)
    }
}

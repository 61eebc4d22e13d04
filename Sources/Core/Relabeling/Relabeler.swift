public import Model

/// A list of relabel rules, compiled once and run over any number of label sets.
public struct Relabeler: Sendable {
    /// The rules, in the order in which they run.
    public let rules: [RelabelRule]
    private let steps: [Step]
    /// The same rules, ready for speed; `nil` where that is not possible.
    private let program: Program?
    private let cache = OutcomeCache()

    /// Compiles `rules`; without any, label sets pass as they are.
    public init(_ rules: [RelabelRule]) {
        self.rules = rules
        steps = rules.map { Step($0) }
        program = Program(rules)
    }

    /// What the rules make of `labels`, or `nil` where one of them dropped it.
    public func relabel(_ labels: Labels) -> Labels? {
        if steps.isEmpty { return labels }
        guard let program else { return relabelOneByOne(labels) }
        switch cache.find(labels, program) {
        case .known(let outcome): return outcome.labels(from: labels)
        case .unknown(nil, _): return relabelOneByOne(labels)
        case .unknown(let plan?, isWanted: false):
            return run(plan, on: labels) { run in
                if run.isDropped { return nil }
                return run.isChanged ? run.result(plan) : labels
            }
        case .unknown(let plan?, isWanted: true):
            var read: UInt64 = 0
            let outcome = run(plan, on: labels, recording: true) { run in
                read = run.read
                return run.outcome(plan)
            }
            cache.add(outcome, for: labels, read: read)
            return outcome.labels(from: labels)
        }
    }

    /// Runs a plan; `finish` says what is to be made of its end.
    @inline(__always)
    private func run<Result>(
        _ plan: Plan, on labels: Labels, recording: Bool = false,
        _ finish: (borrowing PlanRun) -> Result
    ) -> Result {
        labels.withSpan { labels in
            // Safe: all three stretches outlive the run, which ends inside.
            unsafe labels.withUnsafeBufferPointer { labels in
                unsafe withUnsafeTemporaryAllocation(
                    of: PlanRun.Value.self, capacity: plan.names.count + 1
                ) { values in
                    unsafe withUnsafeTemporaryAllocation(
                        of: UInt8.self, capacity: PlanRun.lentBytes
                    ) { bytes in
                        var run = unsafe PlanRun(
                            labels, plan, isRecording: recording, values: values, bytes: bytes)
                        unsafe run.run(plan.steps)
                        return finish(run)
                    }
                }
            }
        }
    }

    /// The same without a program: each rule looks its labels up by name.
    func relabelOneByOne(_ labels: Labels) -> Labels? {
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

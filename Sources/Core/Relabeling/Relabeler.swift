public import Model

/// A list of relabel rules, compiled once and run over any number of label sets.
public struct Relabeler: Sendable {
    /// The rules, in the order in which they run.
    public let rules: [RelabelRule]
    private let steps: [Step]
    /// The same rules, ready for speed; `nil` where they are too many for it.
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
        guard let program, labels.count <= ProgramRun.labelLimit else {
            return relabelOneByOne(labels)
        }
        switch cache.find(labels) {
        case .known(let outcome): return outcome.labels(from: labels)
        case .unknown(isWanted: false): return run(program, on: labels) { $0.result(program) }
        case .unknown(isWanted: true):
            var read: UInt64 = 0
            let outcome = run(program, on: labels, recording: true) { run in
                read = run.read
                return run.outcome(program)
            }
            cache.add(outcome, for: labels, read: read)
            return outcome.labels(from: labels)
        }
    }

    /// Runs the program; `finish` says what is to be made of its end.
    private func run<Result>(
        _ program: Program, on labels: Labels, recording: Bool = false,
        _ finish: (inout ProgramRun) -> Result
    ) -> Result {
        // Safe: both stretches outlive the run, which ends inside.
        unsafe withUnsafeTemporaryAllocation(
            of: ProgramRun.Value.self, capacity: program.names.count + 1
        ) { values in
            unsafe withUnsafeTemporaryAllocation(
                of: UInt8.self, capacity: ProgramRun.lentBytes
            ) { bytes in
                var run = unsafe ProgramRun(labels, program, values: values, bytes: bytes)
                run.isRecording = recording
                run.run(program)
                return finish(&run)
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

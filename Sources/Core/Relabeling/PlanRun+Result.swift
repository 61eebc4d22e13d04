import Model

// What the rules left.
extension PlanRun {
    /// The label set, which differs from the input; not for one that was dropped.
    func result(_ plan: borrowing Plan) -> Labels {
        let columns = plan.names.count
        var count = 0
        for column in 0..<columns where unsafe !values[column].isAbsent { count += 1 }
        // Safe: every element up to the count is initialised.
        let result = unsafe [Label](unsafeUninitializedCapacity: count) { buffer, filled in
            for column in 0..<columns where unsafe !values[column].isAbsent {
                let label = unsafe Label(plan.names[column], text(values[column], plan))
                unsafe buffer.initializeElement(at: filled, to: label)
                filled += 1
            }
        }
        return Labels(inOrder: result)
    }

    /// What came of the label set, for others like it too.
    func outcome(_ plan: borrowing Plan) -> Outcome {
        if isDropped { return Outcome(.dropped) }
        guard isChanged else { return Outcome(.unchanged) }
        var entries: [Outcome.Entry] = []
        for column in 0..<plan.names.count {
            let value = unsafe values[column]
            if value.isAbsent { continue }
            let text = value.origin < 0 ? text(value, plan) : ""
            entries.append(
                Outcome.Entry(
                    name: plan.names[column], input: max(-1, value.origin), text: text))
        }
        return Outcome(.changed(entries))
    }

    private func text(_ value: Value, _ plan: borrowing Plan) -> String {
        if value.origin >= 0 { return unsafe labels[value.origin].value }
        if value.origin <= Value.constants { return plan.constants[Value.constants - value.origin] }
        return unsafe String(
            decoding: UnsafeBufferPointer(start: value.start, count: value.count), as: UTF8.self)
    }
}

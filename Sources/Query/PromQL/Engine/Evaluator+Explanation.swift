import Model

extension Evaluator {
    /// What was done to each part, as a tree whose leaves are what was read.
    func explained(_ plan: Plan) -> ExplainedNode {
        let cost = costs[plan.id] ?? Cost()
        return ExplainedNode(
            expression: plan.source.description,
            method: cost.method.isEmpty ? plan.method : cost.method, series: cost.series,
            samples: cost.samples, bytes: cost.bytes, time: cost.time,
            parts: plan.parts.map(explained) + plan.selections.map(explained))
    }

    private func explained(_ selection: Selection) -> ExplainedNode {
        let read = reads[selection.read]
        return ExplainedNode(
            expression: Selector(read.matchers).description, method: "reads \(read.span)",
            series: read.series, samples: read.samples,
            bytes: read.samples * MemoryLayout<Double>.stride, time: read.time, parts: [])
    }
}

extension Plan {
    /// What it reads itself.
    var selections: [Selection] {
        switch kind {
        case .select(let selection), .call(_, _, let selection?): [selection]
        case .samples(let input): input.selections
        case .window(let window): window.input.selections
        default: []
        }
    }

    /// How it is done, in a few words.
    fileprivate var method: String {
        switch kind {
        case .number, .string: "constant"
        case .select: "the newest sample at each step"
        case .samples: "all samples in the range"
        case .invariant: "once, for all steps"
        case .window(let window):
            if case .subquery(let inner, _) = window.input.origin {
                "over the range at each step, of \(inner.steps.count) steps"
            } else {
                "over the range at each step"
            }
        case .negate, .scalars, .vectorAndScalar, .vectors, .aggregate, .call: "at each step"
        }
    }
}

extension RangeInput {
    fileprivate var selections: [Selection] {
        if case .selection(let selection) = origin { [selection] } else { [] }
    }
}

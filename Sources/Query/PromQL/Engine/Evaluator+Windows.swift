import Model

extension Evaluator {
    /// A function of samples in a range.
    mutating func window(_ window: WindowPlan, _ plan: Plan) async throws(PromQLError) -> Table {
        let input = try await self.input(window.input, at: plan.steps)
        var scalars: [ScalarColumn] = []
        for scalar in window.scalars { scalars.append(try await self.scalar(of: scalar)) }
        try check(window.function, scalars, input)
        let table = try await windowTable(window, input, scalars)
        if window.function == .rate || window.function == .increase {
            remarkNonCounters(table, input)
        }
        if window.function == .absentOverTime { return absence(of: table, window.matchers) }
        return try unique(table)
    }

    /// The columns of a function whose series all have floats alone, and the groups to put them in.
    ///
    /// `nil` where the table has to be made, because something else may be among them.
    mutating func plainColumns(
        _ window: WindowPlan, _ plan: Plan
    ) async throws(PromQLError) -> (Columns, WindowInput)? {
        guard window.function != .absentOverTime,
            case .selection(let selection) = window.input.origin,
            window.input.extent == .plain
        else { return nil }
        let set = sets[selection.read]
        guard
            set.series.allSatisfy({
                $0.histograms.isEmpty && (!options.usesStartTimes || $0.starts.isEmpty)
            })
        else { return nil }
        let input = try await self.input(window.input, at: plan.steps)
        guard options.delaysNameRemoval || set.hasOneName else { return nil }
        var scalars: [ScalarColumn] = []
        for scalar in window.scalars { scalars.append(try await self.scalar(of: scalar)) }
        try check(window.function, scalars, input)
        remarkArguments(window, scalars, input)
        return (columns(window.function, input, scalars), input)
    }

    /// The series that `range` gives at `steps`.
    mutating func input(
        _ range: RangeInput, at steps: Steps
    ) async throws(PromQLError) -> WindowInput {
        let source: WindowInput.Source
        switch range.origin {
        case .selection(let selection): source = .set(sets[selection.read])
        case .subquery(let plan, _): source = .rows(try await rows(of: plan))
        }
        return WindowInput(
            source: source, steps: steps, reference: range.reference, length: range.length,
            extent: range.extent, position: range.position)
    }

    /// The samples that a subquery's expression yields.
    private mutating func rows(of plan: Plan) async throws(PromQLError) -> [Samples] {
        let table: Table
        switch try await value(of: plan) {
        case .vector(let vector): table = vector
        case .scalar(let column):
            var one = Table(steps: plan.steps.count)
            one.append(Labels(), isNameDropped: false, column.values(plan.steps.count))
            table = one
        case .string: preconditionFailure("BUG: a text has no samples")
        }
        var times: [Timestamp] = []
        times.reserveCapacity(plan.steps.count)
        for step in 0..<plan.steps.count {
            times.append(Timestamp(milliseconds: plan.steps[step]))
        }
        var rows: [Samples] = []
        rows.reserveCapacity(table.count)
        for row in 0..<table.count {
            var samples = Samples(row: row, of: table, steps: plan.steps, times: times)
            if let column = table.histograms[row] {
                // What is known of resets is only true between samples that follow one another.
                for (step, histogram) in column.enumerated() {
                    guard let histogram else { continue }
                    samples.histograms.append(
                        Samples.HistogramSample(
                            time: plan.steps[step], start: 0,
                            histogram: histogram.forgettingResets))
                }
            }
            if !samples.values.isEmpty || !samples.histograms.isEmpty { rows.append(samples) }
        }
        return rows
    }

    /// What a function yields for the floats of `input`.
    func columns(_ function: Function, _ input: WindowInput, _ scalars: [ScalarColumn]) -> Columns {
        Kernels.use(function, scalars, ColumnsOf(input: input))
    }

    private mutating func windowTable(
        _ window: WindowPlan, _ input: WindowInput, _ scalars: [ScalarColumn]
    ) async throws(PromQLError) -> Table {
        remarkArguments(window, scalars, input)
        let columns = columns(window.function, input, scalars)
        let careful = CarefulWindows(
            function: window.function, input: input,
            floats: Kernels.use(window.function, scalars, SingleWindows()), lookback: lookback,
            usesStarts: options.usesStartTimes)
        let keepsName = window.function == .lastOverTime || window.function == .firstOverTime
        let (budget, usesStarts) = (budget, options.usesStartTimes)
        let parts = try await Chunks.map(input.count, weight: input.steps.count) {
            (rows) throws(PromQLError) -> (Table, Annotations) in
            try budget.check()
            var table = Table(steps: input.steps.count)
            table.reserve(rows.count)
            var remarks = Annotations()
            var looked = 0
            var row = rows.lowerBound
            while row < rows.upperBound {
                let start = row
                while row < rows.upperBound, input.isPlain(row, usesStarts: usesStarts) { row += 1 }
                looked += try columns.fill(start..<row) { (series, column) throws(PromQLError) in
                    guard column.contains(where: { !$0.isAbsent }) else { return }
                    table.append(
                        input.labels(series),
                        isNameDropped: !keepsName || input.isNameDropped(series), column)
                }
                if row < rows.upperBound {
                    let column = try careful.column(of: input[row], &remarks, &looked)
                    if column.isPresent {
                        table.append(
                            input.labels(row),
                            isNameDropped: !keepsName || input.isNameDropped(row),
                            column.values, histograms: column.histograms)
                    }
                    row += 1
                }
            }
            budget.look(at: looked)
            try budget.hold(table.heldCount)
            return (table, remarks)
        }
        for part in parts { annotations.add(part.1) }
        return Table(joining: parts.map(\.0), steps: input.steps.count)
    }

    // MARK: Remarks and errors

    /// Refuses numbers that a function cannot work with.
    private func check(
        _ function: Function, _ scalars: [ScalarColumn], _ input: WindowInput
    ) throws(PromQLError) {
        guard function == .doubleExponentialSmoothing, input.count > 0 else { return }
        for (name, short, column) in [("smoothing", "sf", scalars[0]), ("trend", "tf", scalars[1])]
        {
            for step in 0..<input.steps.count {
                let value = column[step]
                guard value <= 0 || value >= 1 else { continue }
                throw .execution(
                    "invalid \(name) factor. Expected: 0 < \(short) < 1, got: "
                        + GoText.fixed(value))
            }
        }
    }

    private mutating func remarkArguments(
        _ window: WindowPlan, _ scalars: [ScalarColumn], _ input: WindowInput
    ) {
        guard window.function == .quantileOverTime, input.count > 0 else { return }
        for step in 0..<input.steps.count {
            let quantile = scalars[0][step]
            if quantile.isNaN || quantile < 0 || quantile > 1 {
                annotations.invalidQuantile(quantile, at: window.scalars[0].position)
            }
        }
    }

    /// Says where a rate was taken of what may be no counter.
    func nonCounterRemark(
        _ labels: Labels, _ remarks: inout Annotations, at position: PositionRange
    ) {
        let name = labels.metric
        guard !name.isEmpty else { return }
        if options.usesTypeLabels {
            let type = labels["__type__"]
            if type != "counter", type != "histogram" {
                remarks.possibleNonCounter(name, type: type, at: position)
            }
            return
        }
        let isCounter = ["_total", "_sum", "_count", "_bucket"].contains { name.hasSuffix($0) }
        if !isCounter { remarks.possibleNonCounter(name, at: position) }
    }

    private mutating func remarkNonCounters(_ table: Table, _ input: WindowInput) {
        var last = ""
        for row in 0..<table.count {
            let name = table.labels[row].metric
            if !options.usesTypeLabels, !last.isEmpty, name.hasSameBytes(as: last) { continue }
            guard table.values[table.range(of: row)].contains(where: { !$0.isAbsent }) else {
                continue
            }
            last = name
            nonCounterRemark(table.labels[row], &annotations, at: input.position)
        }
    }

    /// One where no series of `table` has a value.
    private func absence(of table: Table, _ matchers: [Matcher]) -> Table {
        var column = [Double](repeating: 1, count: table.steps)
        for row in 0..<table.count {
            for step in 0..<table.steps where table.isPresent(row, step) {
                column[step] = Table.absent
            }
        }
        var result = Table(steps: table.steps)
        if column.contains(where: { !$0.isAbsent }) {
            result.append(
                AbsenceLabels.labels(matchers), isNameDropped: true, column)
        }
        return result
    }
}

extension ElementColumn {
    /// Whether there is a value at any step.
    var isPresent: Bool {
        values.contains { !$0.isAbsent } || (histograms?.contains { $0 != nil } ?? false)
    }
}

extension SeriesSet {
    /// Whether the series differ by more than the labels that are dropped with the name.
    var hasOneName: Bool {
        guard let first = series.first?.labels else { return true }
        let name = first.metric
        let (type, unit) = (first["__type__"], first["__unit__"])
        return series.allSatisfy {
            $0.labels.metric.hasSameBytes(as: name) && $0.labels["__type__"].hasSameBytes(as: type)
                && $0.labels["__unit__"].hasSameBytes(as: unit)
        }
    }
}

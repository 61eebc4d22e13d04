import Model

extension Evaluator {
    /// The functions of histograms.
    mutating func histogramCall(
        _ function: Function, _ arguments: [Plan], _ plan: Plan
    ) async throws(PromQLError) -> Table {
        switch function {
        case .histogramCount: try await ofNative(arguments[0]) { $0.count }
        case .histogramSum: try await ofNative(arguments[0]) { $0.sum }
        case .histogramAvg: try await ofNative(arguments[0]) { $0.average }
        case .histogramStdvar: try await ofNative(arguments[0]) { $0.variance }
        case .histogramStddev: try await ofNative(arguments[0]) { $0.variance.squareRoot() }
        case .histogramQuantile:
            try await quantiles(
                of: arguments[1], [try await scalar(of: arguments[0])], [arguments[0]], label: nil)
        case .histogramQuantiles:
            try await quantiles(arguments)
        case .histogramFraction: try await fractions(arguments)
        default: preconditionFailure("BUG: \(function.rawValue) is evaluated nowhere")
        }
    }

    /// What `estimate` says of each native histogram; floats are left out.
    private mutating func ofNative(
        _ argument: Plan, _ estimate: (FloatHistogram) -> Double
    ) async throws(PromQLError) -> Table {
        let table = try await self.table(of: argument)
        var result = Table(steps: table.steps)
        for row in 0..<table.count {
            guard let column = table.histograms[row] else { continue }
            let values = column.map { $0.map(estimate) ?? Table.absent }
            guard values.contains(where: { !$0.isAbsent }) else { continue }
            result.append(table.labels[row], isNameDropped: true, values)
        }
        return try unique(result)
    }

    private mutating func quantiles(_ arguments: [Plan]) async throws(PromQLError) -> Table {
        var columns: [ScalarColumn] = []
        for argument in arguments.dropFirst(2) { columns.append(try await scalar(of: argument)) }
        return try await quantiles(
            of: arguments[0], columns, Array(arguments.dropFirst(2)),
            label: Self.texts(arguments[1...1])[0])
    }

    /// `histogram_quantile` and `histogram_quantiles`.
    private mutating func quantiles(
        of argument: Plan, _ quantiles: [ScalarColumn], _ sources: [Plan], label: String?
    ) async throws(PromQLError) -> Table {
        let table = try await self.table(of: argument)
        for (column, source) in zip(quantiles, sources) {
            for step in 0..<table.steps {
                let quantile = column[step]
                if quantile.isNaN || quantile < 0 || quantile > 1 {
                    annotations.invalidQuantile(quantile, at: source.position)
                }
                if case .constant = column { break }
            }
        }
        let rows = histogramRows(table, at: argument.position)
        var result = Table(steps: table.steps)
        var remarks = Annotations()
        let times = argument.steps
        for quantile in quantiles {
            for row in rows.native {
                let values = native(table, row, rows, argument, &remarks) { histogram, step in
                    histogram.quantile(quantile[step])
                }
                append(table.labels[row], values, label, quantile, to: &result)
            }
            var buckets = ClassicBuckets()
            for (number, histogram) in rows.classic.enumerated() {
                let first = histogram[0].row
                let blocked = blockedSteps(table, rows, number)
                var values = [Double](repeating: Table.absent, count: table.steps)
                for step in 0..<table.steps where !blocked.contains(step) {
                    gather(table, histogram, step, &buckets)
                    guard !buckets.isEmpty else { continue }
                    let (value, repair) = buckets.quantile(quantile[step])
                    values[step] = value
                    guard let repair else { continue }
                    remarks.repaired(
                        BucketRepair(
                            bounds: repair.bounds, difference: repair.difference,
                            times: times[step]...times[step]),
                        metric: metricForRemarks(table, first), at: argument.position)
                }
                append(
                    LabelSubset.without([LabelName.bucketBound]).apply(to: table.labels[first]),
                    values, label, quantile, to: &result)
            }
        }
        annotations.add(remarks)
        return try unique(result)
    }

    private mutating func fractions(_ arguments: [Plan]) async throws(PromQLError) -> Table {
        let lower = try await scalar(of: arguments[0])
        let upper = try await scalar(of: arguments[1])
        let table = try await self.table(of: arguments[2])
        let rows = histogramRows(table, at: arguments[2].position)
        var result = Table(steps: table.steps)
        var remarks = Annotations()
        for row in rows.native {
            let values = native(table, row, rows, arguments[2], &remarks) { histogram, step in
                histogram.fraction(from: lower[step], to: upper[step])
            }
            append(table.labels[row], values, nil, lower, to: &result)
        }
        var buckets = ClassicBuckets()
        for (number, histogram) in rows.classic.enumerated() {
            let blocked = blockedSteps(table, rows, number)
            var values = [Double](repeating: Table.absent, count: table.steps)
            for step in 0..<table.steps where !blocked.contains(step) {
                gather(table, histogram, step, &buckets)
                if !buckets.isEmpty {
                    values[step] = buckets.fraction(from: lower[step], to: upper[step])
                }
            }
            append(
                LabelSubset.without([LabelName.bucketBound])
                    .apply(to: table.labels[histogram[0].row]), values, nil, lower, to: &result)
        }
        annotations.add(remarks)
        return try unique(result)
    }

    // MARK: Rows as histograms

    private mutating func histogramRows(_ table: Table, at position: PositionRange) -> HistogramRows
    {
        var bad: [Int] = []
        let evaluator = self
        let rows = HistogramRows(
            table, subset: { evaluator.subset($0, of: table, row: $1) },
            onBadBound: { bad.append($0) })
        for row in bad {
            annotations.badBucketLabel(
                table.labels[row][LabelName.bucketBound], metric: metricForRemarks(table, row),
                at: position)
        }
        for (row, number) in rows.counterpart {
            let isMixed = (0..<table.steps).contains { step in
                table.histogram(row, step) != nil
                    && rows.classic[number].contains {
                        !table.values[$0.row * table.steps + step].isAbsent
                    }
            }
            if isMixed {
                annotations.mixedClassicAndNative(metricForRemarks(table, row), at: position)
            }
        }
        return rows
    }

    /// The name that remarks give: only known where names are dropped at the end.
    private func metricForRemarks(_ table: Table, _ row: Int) -> String {
        options.delaysNameRemoval ? table.labels[row].metric : ""
    }

    /// The steps at which a classic histogram has a native one of the same labels.
    private func blockedSteps(_ table: Table, _ rows: HistogramRows, _ number: Int) -> Set<Int> {
        var steps: Set<Int> = []
        for (row, counterpart) in rows.counterpart where counterpart == number {
            for step in 0..<table.steps where table.histogram(row, step) != nil {
                steps.insert(step)
            }
        }
        return steps
    }

    private func gather(
        _ table: Table, _ histogram: [(row: Int, bound: Double)], _ step: Int,
        _ buckets: inout ClassicBuckets
    ) {
        buckets.removeAll()
        for (row, bound) in histogram {
            let count = table.values[row * table.steps + step]
            if !count.isAbsent { buckets.add(bound, count) }
        }
    }

    /// What `estimate` says of a row of native histograms.
    private func native(
        _ table: Table, _ row: Int, _ rows: HistogramRows, _ argument: Plan,
        _ remarks: inout Annotations,
        _ estimate: (FloatHistogram, Int) -> HistogramEstimate
    ) -> [Double] {
        let metric = metricForRemarks(table, row)
        return (0..<table.steps).map { step in
            guard let histogram = table.histogram(row, step) else { return Table.absent }
            if let number = rows.counterpart[row],
                rows.classic[number].contains(where: {
                    !table.values[$0.row * table.steps + step].isAbsent
                })
            {
                return Table.absent
            }
            let result = estimate(histogram, step)
            switch result.oddity {
            case .isNaN: remarks.quantileIsNaN(metric, at: argument.position)
            case .isSkewed: remarks.quantileIsSkewed(metric, at: argument.position)
            case .isExcluded: remarks.fractionExcludesNaN(metric, at: argument.position)
            case nil: break
            }
            return result.value
        }
    }

    /// Adds a row, or one for each value that the quantile takes where that is to be its label.
    private func append(
        _ labels: Labels, _ values: [Double], _ label: String?, _ quantile: ScalarColumn,
        to result: inout Table
    ) {
        guard values.contains(where: { !$0.isAbsent }) else { return }
        guard let label else {
            result.append(labels, isNameDropped: true, values)
            return
        }
        var byText: [String: [Double]] = [:]
        var order: [String] = []
        for (step, value) in values.enumerated() where !value.isAbsent {
            let text = GoText.openMetrics(quantile[step])
            if byText[text] == nil {
                order.append(text)
                byText[text] = [Double](repeating: Table.absent, count: values.count)
            }
            byText[text]?[step] = value
        }
        for text in order {
            var builder = LabelsBuilder(labels)
            builder[label] = text
            result.append(Labels(builder), isNameDropped: true, byText[text] ?? [])
        }
    }
}

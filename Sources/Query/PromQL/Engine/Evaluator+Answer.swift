import Model

extension Evaluator {
    /// What a whole plan yields, in the shape that the query asks for.
    mutating func answer(_ plan: Plan, isRange: Bool) async throws(PromQLError) -> QueryValue {
        if case .samples(let range) = plan.kind {
            return .matrix(try await samples(range, at: plan.steps))
        }
        switch try await value(of: plan) {
        case .string(let text):
            return .string(text, at: Timestamp(milliseconds: plan.steps.start))
        case .scalar(let column) where isRange:
            var table = Table(steps: plan.steps.count)
            table.append(Labels(), isNameDropped: false, column.values(plan.steps.count))
            return .matrix(table.matrix(plan.steps))
        case .scalar(let column):
            return .scalar(
                Sample(
                    time: Timestamp(milliseconds: plan.steps.start), value: column.first))
        case .vector(var table):
            if options.delaysNameRemoval { table = try merged(table) }
            return isRange ? .matrix(table.matrix(plan.steps)) : .vector(table.vector(plan.steps))
        }
    }

    /// The samples of a range themselves.
    private mutating func samples(
        _ range: RangeInput, at steps: Steps
    ) async throws(PromQLError) -> [MatrixSeries] {
        let input = try await self.input(range, at: steps)
        let end = range.reference.time(from: steps.start)
        let inRange = { (time: Int64) in time > end - range.length && time <= end }
        var result: [MatrixSeries] = []
        for index in 0..<input.count {
            let samples = input[index]
            if range.extent != .plain {
                if let series = try extended(samples, range, end) { result.append(series) }
                continue
            }
            var series = MatrixSeries(
                labels: samples.isNameDropped ? samples.labels.withoutMetadata : samples.labels,
                times: [], values: [])
            for (place, time) in samples.times.enumerated() where inRange(time.milliseconds) {
                series.times.append(time)
                series.values.append(samples.values[place])
            }
            for sample in samples.histograms where inRange(sample.time) {
                series.histograms.append(
                    MatrixSeries.HistogramValue(
                        time: Timestamp(milliseconds: sample.time), histogram: sample.histogram))
            }
            guard !series.times.isEmpty || !series.histograms.isEmpty else { continue }
            budget.look(at: series.times.count + series.histograms.count)
            result.append(series)
        }
        return result
    }
}

extension Table {
    /// The rows as series over time; rows without a value are left out.
    func matrix(_ steps: Steps) -> [MatrixSeries] {
        var all: [Timestamp] = []
        all.reserveCapacity(steps.count)
        for step in 0..<steps.count { all.append(Timestamp(milliseconds: steps[step])) }
        var result: [MatrixSeries] = []
        result.reserveCapacity(count)
        for row in 0..<count {
            let column = values[range(of: row)]
            var series: MatrixSeries
            if column.allSatisfy({ !$0.isAbsent }) {
                series = MatrixSeries(
                    labels: shownLabels(row), times: all, values: Array(column))
            } else {
                series = MatrixSeries(labels: shownLabels(row), times: [], values: [])
                for (step, value) in column.enumerated() where !value.isAbsent {
                    series.times.append(all[step])
                    series.values.append(value)
                }
            }
            for case (let step, let histogram?) in (histograms[row] ?? []).enumerated() {
                series.histograms.append(
                    MatrixSeries.HistogramValue(time: all[step], histogram: histogram))
            }
            if !series.times.isEmpty || !series.histograms.isEmpty { result.append(series) }
        }
        return result
    }

    /// The rows' values at the only step.
    func vector(_ steps: Steps) -> [VectorElement] {
        let time = Timestamp(milliseconds: steps.start)
        var result: [VectorElement] = []
        result.reserveCapacity(count)
        for row in 0..<count where isPresent(row, 0) {
            let histogram = histogram(row, 0)
            result.append(
                VectorElement(
                    labels: shownLabels(row), time: time,
                    value: histogram == nil ? values[row] : 0, histogram: histogram))
        }
        return result
    }
}

extension QueryValue {
    /// The same, ordered by labels where the order is not part of the answer.
    func sorted(isRange: Bool) -> QueryValue {
        guard case .matrix(let series) = self else { return self }
        return .matrix(series.sorted { $0.labels < $1.labels })
    }
}

import Model

extension Evaluator {
    /// The newest values of the selected series at every step.
    mutating func select(
        _ selection: Selection, at steps: Steps, position: PositionRange
    ) async throws(PromQLError) -> Table {
        if selection.extent == .smoothed {
            return try await smooth(selection, at: steps, position: position)
        }
        let set = sets[selection.read]
        let (budget, lookback) = (budget, lookback)
        let tables = try await Chunks.map(set.series.count, weight: steps.count) {
            (rows) throws(PromQLError) -> Table in
            try budget.check()
            var table = Table(steps: steps.count)
            table.reserve(rows.count)
            var shared = SharedByTimes<Picks>()
            for row in rows {
                let series = set.series[row]
                let picks = shared.found(for: series.times) {
                    Picks(series.times, steps, selection.reference, lookback: lookback)
                }
                if series.histograms.isEmpty {
                    table.append(series, picks)
                } else {
                    table.append(
                        InstantColumn(series, picks, steps, selection.reference, lookback),
                        of: series)
                }
            }
            let samples = table.heldCount
            budget.look(at: samples)
            try budget.hold(samples)
            return table
        }
        return Table(joining: tables, steps: steps.count)
    }
}

extension Table {
    /// The rows of all `tables`, which have as many steps.
    init(joining tables: [Table], steps: Int) {
        if tables.count == 1 {
            self = tables[0]
            return
        }
        self.init(steps: steps)
        reserve(tables.reduce(0) { $0 + $1.count })
        for table in tables { append(table) }
    }

    /// Adds the values of `series` at the places of `picks`, unless there is none.
    fileprivate mutating func append(_ series: Series, _ picks: Picks) {
        let start = values.count
        let span = series.values.span
        var isPresent = false
        for place in picks.places {
            // A stale marker says that there is nothing, here as in what was read.
            let value = place < 0 ? Table.absent : span[Int(place)]
            isPresent = isPresent || !value.isAbsent
            values.append(value)
        }
        if isPresent {
            labels.append(series.labels)
            isNameDropped.append(false)
        } else {
            values.removeLast(values.count - start)
        }
    }

    /// Adds a column that may hold histograms, unless it is empty.
    fileprivate mutating func append(_ column: InstantColumn, of series: Series) {
        guard column.isPresent else { return }
        append(
            series.labels, isNameDropped: false, column.values,
            histograms: column.hasHistograms ? column.histograms : nil)
    }
}

/// The newest values of one series that has histograms too.
struct InstantColumn {
    private(set) var values: [Double] = []
    private(set) var histograms: [FloatHistogram?] = []
    private(set) var hasHistograms = false

    /// Whether there is a value at any step.
    var isPresent: Bool { hasHistograms || values.contains { !$0.isAbsent } }

    init(
        _ series: Series, _ picks: Picks, _ steps: Steps, _ reference: Reference, _ lookback: Int64
    ) {
        values.reserveCapacity(steps.count)
        histograms.reserveCapacity(steps.count)
        let points = Picks(
            series.histograms.map(\.time), steps, reference, lookback: lookback)
        var converted: (place: Int32, histogram: FloatHistogram)?
        for step in 0..<steps.count {
            let float = picks.places[step]
            let point = points.places[step]
            let isHistogram =
                point >= 0
                && (float < 0 || series.times[Int(float)] < series.histograms[Int(point)].time)
            guard isHistogram else {
                values.append(float < 0 ? Table.absent : series.values[Int(float)])
                histograms.append(nil)
                continue
            }
            values.append(Table.absent)
            let native = series.histograms[Int(point)].histogram
            guard !native.sum.isStaleMarker else {
                histograms.append(nil)
                continue
            }
            if converted?.place != point { converted = (point, FloatHistogram(native)) }
            histograms.append(converted?.histogram)
            hasHistograms = true
        }
    }
}

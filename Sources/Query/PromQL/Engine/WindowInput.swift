import Model

/// The samples of one series that ranges are taken of: no stale marker is among them.
struct Samples: Sendable {
    var labels: Labels
    var isNameDropped = false
    var times: [Timestamp]
    var values: [Double]
    var histograms: [HistogramSample] = []
    /// When the counting of each value began, or empty.
    var starts: [Timestamp] = []
    /// Whether `times` belongs to what was read, so that other series may have the same array.
    var hasLastingTimes = false

    /// A histogram at an instant.
    struct HistogramSample: Sendable {
        let time: Int64
        let start: Int64
        let histogram: FloatHistogram
    }

    /// The samples of `series`, without its stale markers where it has any.
    init(_ series: Series) {
        labels = series.labels
        if !series.values.containsStaleMarker {
            times = series.times
            values = series.values
            starts = series.starts
            hasLastingTimes = true
        } else {
            times = []
            values = []
            for (place, value) in series.values.enumerated() where !value.isStaleMarker {
                times.append(series.times[place])
                values.append(value)
                if !series.starts.isEmpty { starts.append(series.starts[place]) }
            }
        }
        for point in series.histograms where !point.histogram.sum.isStaleMarker {
            histograms.append(
                HistogramSample(
                    time: point.time.milliseconds, start: point.start.milliseconds,
                    histogram: FloatHistogram(point.histogram)))
        }
    }

    /// The samples of a row of a subquery's table.
    init(row: Int, of table: Table, steps: Steps, times all: [Timestamp]) {
        labels = table.labels[row]
        isNameDropped = table.isNameDropped[row]
        let row = table.values[table.range(of: row)]
        if row.allSatisfy({ !$0.isAbsent }) {
            times = all
            values = Array(row)
            hasLastingTimes = true
        } else {
            times = []
            values = []
            for (step, value) in row.enumerated() where !value.isAbsent {
                times.append(all[step])
                values.append(value)
            }
        }
    }
}

/// The series that a function of a range sees, and how it looks at them.
struct WindowInput: Sendable {
    /// Where the samples come from.
    enum Source: Sendable {
        case set(SeriesSet)
        case rows([Samples])
    }

    let source: Source
    let steps: Steps
    let reference: Reference
    /// How far the range reaches back, in milliseconds.
    let length: Int64
    let extent: RangeExtent
    /// The bytes of the argument.
    let position: PositionRange

    /// How many series there are.
    var count: Int {
        switch source {
        case .set(let set): set.series.count
        case .rows(let rows): rows.count
        }
    }

    /// The samples of a series.
    subscript(index: Int) -> Samples {
        switch source {
        case .set(let set): Samples(set.series[index])
        case .rows(let rows): rows[index]
        }
    }

    /// The labels of a series, without its samples.
    func labels(_ index: Int) -> Labels {
        switch source {
        case .set(let set): set.series[index].labels
        case .rows(let rows): rows[index].labels
        }
    }

    /// Whether the name of a series was dropped before.
    func isNameDropped(_ index: Int) -> Bool {
        switch source {
        case .set: false
        case .rows(let rows): rows[index].isNameDropped
        }
    }

    /// Whether a series has floats and nothing else that the ranges would have to look at.
    func isPlain(_ index: Int, usesStarts: Bool) -> Bool {
        guard extent == .plain else { return false }
        switch source {
        case .set(let set):
            let series = set.series[index]
            return series.histograms.isEmpty && (!usesStarts || series.starts.isEmpty)
        case .rows(let rows): return rows[index].histograms.isEmpty
        }
    }

    /// The ranges of a series' floats.
    func bounds(_ times: [Timestamp]) -> WindowBounds {
        WindowBounds(times, steps, reference, before: length)
    }

    /// The range of a step, without samples.
    @inline(__always)
    func window(_ step: Int) -> Window {
        let time = steps[step]
        return Window(
            step: step, time: time, rangeEnd: reference.time(from: time), length: length)
    }
}

/// Columns that are made one after the other, for whoever wants to see them.
struct Columns: Sendable {
    /// Makes the columns of some series: each is handed on and then forgotten.
    ///
    /// It gives back how many samples it looked at.
    typealias Fill =
        @Sendable (Range<Int>, (_ series: Int, _ column: [Double]) throws(PromQLError) -> Void)
        throws(PromQLError) -> Int

    let fill: Fill

    /// What `kernel` yields for the floats of `input`.
    init<Kernel: WindowKernel>(_ kernel: Kernel, of input: WindowInput) {
        fill = { (rows, emit) throws(PromQLError) -> Int in
            var kernel = kernel
            var shared = SharedByTimes<WindowBounds>()
            var column = [Double](repeating: Table.absent, count: input.steps.count)
            var looked = 0
            for row in rows {
                let samples = input[row]
                let bounds =
                    samples.hasLastingTimes
                    ? shared.found(for: samples.times) { input.bounds(samples.times) }
                    : input.bounds(samples.times)
                looked += Self.fill(&column, &kernel, samples, bounds, input)
                try emit(row, column)
            }
            return looked
        }
    }

    private static func fill<Kernel: WindowKernel>(
        _ column: inout [Double], _ kernel: inout Kernel, _ samples: Samples,
        _ bounds: WindowBounds, _ input: WindowInput
    ) -> Int {
        let values = samples.values.span
        let times = samples.times.span
        kernel.begin(values, times)
        var looked = 0
        var window = Window(length: input.length)
        let first = bounds.first.span
        let end = bounds.end.span
        var target = column.mutableSpan
        for step in 0..<input.steps.count {
            window.first = Int(first[step])
            window.end = Int(end[step])
            guard window.count > 0 else {
                target[step] = Table.absent
                continue
            }
            looked += window.count
            window.step = step
            window.time = input.steps[step]
            window.rangeEnd = input.reference.time(from: window.time)
            target[step] = kernel.value(values, times, window)
        }
        return looked
    }
}

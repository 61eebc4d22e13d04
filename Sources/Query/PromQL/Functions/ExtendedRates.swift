import Model

/// `anchored` and `smoothed`: rates between the very ends of a range.
extension CarefulWindows {
    private var isCounter: Bool { function != .delta }
    private var isSmoothed: Bool { input.extent == .smoothed }

    /// `rate`, `increase` and `delta` with samples from outside of the range.
    func extended(_ range: Range, _ remarks: inout Annotations) -> Element {
        guard range.points.isEmpty || range.window.count == 0 else {
            remarks.mixedFloatsAndHistograms(range.metric, at: input.position)
            return .absent
        }
        if range.points.isEmpty { return extendedFloats(range) }
        return extendedHistograms(range, &remarks)
    }

    private func seconds(_ range: Range) -> Double { Double(range.window.length) / 1000 }

    /// The places of the samples at both ends, or `nil` where the range has none.
    private func ends(_ times: [Int64], _ window: Window) -> (first: Int, last: Int)? {
        let start = window.rangeEnd - window.length
        var last = times.count - 1
        let after = times.prefix(last).firstIndex { $0 > start } ?? last
        let first = max(0, after - 1)
        if isSmoothed { last = times.prefix(last).firstIndex { $0 >= window.rangeEnd } ?? last }
        if times[last] <= start { return nil }
        if isSmoothed, times[first] > window.rangeEnd { return nil }
        return (first, last)
    }

    private func extendedFloats(_ range: Range) -> Element {
        let window = range.window
        let times = range.samples.times[window.first..<window.end].map(\.milliseconds)
        let values = Array(range.samples.values[window.first..<window.end])
        guard var (first, last) = ends(times, window) else { return .absent }
        let start = window.rangeEnd - window.length
        func between(_ place: Int, _ time: Int64) -> Double {
            Interpolation.float(
                (times[place], values[place]), (times[place + 1], values[place + 1]), at: time,
                isCounter: isCounter)
        }
        let left = isSmoothed && times[first] < start ? between(first, start) : values[first]
        let right =
            isSmoothed && last > 0 && times[last] > window.rangeEnd
            ? between(last - 1, window.rangeEnd) : values[last]
        var difference = right - left
        if isCounter {
            // Resets at the ends are in what was interpolated there.
            if times[first] <= start { first += 1 }
            if times[last] >= window.rangeEnd { last -= 1 }
            var before = left
            if first <= last {
                for value in values[first...last] {
                    if value < before { difference += before }
                    before = value
                }
            }
            if right < before { difference += before }
        }
        return .float(function == .rate ? difference / seconds(range) : difference)
    }

    private func extendedHistograms(_ range: Range, _ remarks: inout Annotations) -> Element {
        let points = Array(range.points)
        let window = range.window
        guard let (first, last) = ends(points.map(\.time), window) else { return .absent }
        guard isUniform(points[first...last], range, &remarks) else { return .absent }
        let start = window.rangeEnd - window.length
        let left: FloatHistogram
        let right: FloatHistogram
        if isSmoothed, points[first].time < start {
            guard let found = between(points[first], points[first + 1], start, range, &remarks)
            else { return .absent }
            left = found
        } else {
            left = points[first].histogram
        }
        if isSmoothed, last > 0, points[last].time > window.rangeEnd {
            guard
                let found = between(
                    points[last - 1], points[last], window.rangeEnd, range, &remarks)
            else { return .absent }
            right = found
        } else {
            right = points[last].histogram
        }
        if !isCounter, left.resetHint != .gauge || right.resetHint != .gauge {
            remarks.notGauge(range.metric, at: input.position)
        }
        guard var difference = combine(right, left, isSum: false, range, &remarks) else {
            return .absent
        }
        if isCounter {
            for lost in lostByResets(points, first, last, left, right, start) {
                guard let sum = combine(difference, lost, isSum: true, range, &remarks) else {
                    return .absent
                }
                difference = sum
            }
        }
        if function == .rate { difference = difference.divided(by: seconds(range)) }
        difference.resetHint = .gauge
        return .histogram(difference.compacted)
    }

    /// Whether all histograms are of one kind; says where one is no counter's.
    private func isUniform(
        _ points: ArraySlice<Samples.HistogramSample>, _ range: Range,
        _ remarks: inout Annotations
    ) -> Bool {
        let isCustom = points.first?.histogram.usesCustomBounds ?? false
        for point in points {
            if point.histogram.usesCustomBounds != isCustom {
                remarks.mixedSchemas(range.metric, at: input.position)
                return false
            }
            if isCounter, point.histogram.resetHint == .gauge {
                remarks.notCounter(range.metric, at: input.position)
            }
        }
        return true
    }

    /// What counters held when they began anew inside of the range.
    private func lostByResets(
        _ points: [Samples.HistogramSample], _ first: Int, _ last: Int, _ left: FloatHistogram,
        _ right: FloatHistogram, _ start: Int64
    ) -> [FloatHistogram] {
        var next = first + 1
        var before = left
        if isSmoothed, points[first].time < start,
            points[first + 1].histogram.isReset(after: points[first].histogram)
        {
            // That reset is in what was interpolated at the left end.
            before = points[first + 1].histogram
            next += 1
        }
        guard next <= last else { return [] }
        var lost: [FloatHistogram] = []
        for point in points[next..<last] {
            if point.histogram.isReset(after: before) { lost.append(before) }
            before = point.histogram
        }
        if right.isReset(after: before) { lost.append(before) }
        return lost
    }

    private func between(
        _ left: Samples.HistogramSample, _ right: Samples.HistogramSample, _ time: Int64,
        _ range: Range, _ remarks: inout Annotations
    ) -> FloatHistogram? {
        let found = Interpolation.histogram(
            (left.time, left.histogram), (right.time, right.histogram), at: time,
            isCounter: isCounter)
        guard let found else {
            remarks.mixedSchemas(range.metric, at: input.position)
            return nil
        }
        if found.isReconciled {
            remarks.bucketsReconciled("subtraction", at: input.position)
            remarks.bucketsReconciled("addition", at: input.position)
        }
        return found.histogram
    }
}

/// Values between two samples.
enum Interpolation {
    /// The value at `time` on the line between two samples; a counter that fell began at zero.
    static func float(
        _ left: (time: Int64, value: Double), _ right: (time: Int64, value: Double),
        at time: Int64, isCounter: Bool
    ) -> Double {
        let from = isCounter && right.value < left.value ? 0 : left.value
        return from + (right.value - from) * Double(time - left.time)
            / Double(right.time - left.time)
    }

    /// The same for histograms; `nil` where they are of different kinds.
    static func histogram(
        _ left: (time: Int64, value: FloatHistogram), _ right: (time: Int64, value: FloatHistogram),
        at time: Int64, isCounter: Bool
    ) -> HistogramCombination? {
        if time == left.time { return HistogramCombination(histogram: left.value) }
        if time == right.time { return HistogramCombination(histogram: right.value) }
        guard left.value.usesCustomBounds == right.value.usesCustomBounds else { return nil }
        let share = Double(time - left.time) / Double(right.time - left.time)
        if isCounter, right.value.isReset(after: left.value) {
            return HistogramCombination(histogram: right.value.scaled(by: share))
        }
        guard let difference = right.value.combined(with: left.value, isSum: false),
            var sum = difference.histogram.scaled(by: share)
                .combined(with: left.value, isSum: true)
        else { return nil }
        // The hint of what is interpolated is that of the sample that it leads to.
        sum.histogram.resetHint = right.value.resetHint
        sum.isReconciled = sum.isReconciled || difference.isReconciled
        return sum
    }
}

extension Evaluator {
    /// A `smoothed` selector: the values between the samples around each step.
    mutating func smooth(
        _ selection: Selection, at steps: Steps, position: PositionRange
    ) async throws(PromQLError) -> Table {
        let set = sets[selection.read]
        var table = Table(steps: steps.count)
        for index in set.series.indices {
            let samples = Samples(set.series[index])
            let metric = samples.labels.metric
            var column = ElementColumn(steps: steps.count)
            for step in 0..<steps.count {
                let now = selection.reference.time(from: steps[step])
                column[step] = smoothed(samples, now, metric, position)
            }
            guard column.isPresent else { continue }
            table.append(
                samples.labels, isNameDropped: false, column.values,
                histograms: column.histograms)
        }
        let samples = table.sampleCount
        budget.look(at: samples)
        try budget.hold(samples)
        return table
    }

    private mutating func smoothed(
        _ samples: Samples, _ now: Int64, _ metric: String, _ position: PositionRange
    ) -> Element {
        let inRange = { [lookback] (time: Int64) in
            time > now - lookback && time <= now + lookback
        }
        let places = samples.times.indices.filter { inRange(samples.times[$0].milliseconds) }
        let points = samples.histograms.filter { inRange($0.time) }
        guard places.isEmpty || points.isEmpty else {
            annotations.mixedFloatsAndHistograms(metric, at: position)
            return .absent
        }
        if let next = points.firstIndex(where: { $0.time >= now }) {
            if points[next].time == now { return .histogram(points[next].histogram) }
            guard next > 0 else { return .absent }
            let (left, right) = (points[next - 1], points[next])
            guard
                let found = Interpolation.histogram(
                    (left.time, left.histogram), (right.time, right.histogram), at: now,
                    isCounter: right.histogram.resetHint != .gauge)
            else {
                annotations.mixedSchemas(metric, at: position)
                return .absent
            }
            return .histogram(found.histogram)
        }
        if let last = points.last { return .histogram(last.histogram) }
        func sample(_ place: Int) -> (time: Int64, value: Double) {
            (samples.times[place].milliseconds, samples.values[place])
        }
        guard let next = places.first(where: { sample($0).time >= now }) else {
            return places.last.map { .float(samples.values[$0]) } ?? .absent
        }
        if sample(next).time == now { return .float(samples.values[next]) }
        guard next > (places.first ?? 0) else { return .absent }
        return .float(
            Interpolation.float(sample(next - 1), sample(next), at: now, isCounter: false))
    }

    /// The samples of an `anchored` or `smoothed` range, with what stands at its ends.
    func extended(
        _ samples: Samples, _ range: RangeInput, _ end: Int64
    ) throws(PromQLError) -> MatrixSeries? {
        let isSmoothed = range.extent == .smoothed
        let start = end - range.length
        let upper = isSmoothed ? end + lookback : end
        guard
            !samples.histograms.contains(where: { $0.time > start - lookback && $0.time <= upper })
        else {
            throw .execution("\(range.extent.rawValue) modifier is not supported with histograms")
        }
        let all = samples.times.indices
            .filter {
                let time = samples.times[$0].milliseconds
                return time > start - lookback && time <= upper
            }
            .map { (time: samples.times[$0].milliseconds, value: samples.values[$0]) }
        guard !all.isEmpty else { return nil }
        var last = all.count - 1
        var first = max(0, (all.prefix(last).firstIndex { $0.time > start } ?? last) - 1)
        if isSmoothed { last = all.prefix(last).firstIndex { $0.time >= end } ?? last }
        guard all[last].time > start else { return nil }
        let left =
            isSmoothed && all[first].time < start
            ? Interpolation.float(all[first], all[first + 1], at: start, isCounter: false)
            : all[first].value
        let right =
            isSmoothed && last > 0 && all[last].time > end
            ? Interpolation.float(all[last - 1], all[last], at: end, isCounter: false)
            : all[last].value
        if all[first].time <= start { first += 1 }
        if all[last].time >= end { last -= 1 }
        let inner = first <= last ? Array(all[first...last]) : []
        return MatrixSeries(
            labels: samples.labels,
            times: ([start] + inner.map(\.time) + [end]).map(Timestamp.init(milliseconds:)),
            values: [left] + inner.map(\.value) + [right])
    }
}

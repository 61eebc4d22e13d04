import Model

extension CarefulWindows {
    private var isCounter: Bool { function != .delta && function != .idelta }
    private var isRate: Bool { function == .rate || function == .irate }

    /// `rate`, `increase` and `delta` of floats or histograms.
    func rate(_ range: Range, _ remarks: inout Annotations) -> Element {
        guard range.points.isEmpty || range.window.count == 0 else {
            remarks.mixedFloatsAndHistograms(range.metric, at: input.position)
            return .absent
        }
        return range.points.isEmpty
            ? .float(floatRate(range, &remarks)).unlessAbsent : histogramRate(range, &remarks)
    }

    private func floatRate(_ range: Range, _ remarks: inout Annotations) -> Double {
        let window = range.window
        let (times, values) = (range.samples.times, range.samples.values)
        let last = window.end - 1
        var difference = values[last] - values[window.first]
        if isCounter {
            var overlaps = false
            for place in (window.first + 1)..<max(window.first + 1, window.end) {
                let before = (range.start(place - 1), times[place - 1].milliseconds)
                let now = (range.start(place), times[place].milliseconds)
                overlaps = overlaps || StartTimes.overlap(before.0, before.1, now.0)
                if values[place] < values[place - 1]
                    || StartTimes.areReset(before.0, before.1, now.0, now.1)
                {
                    difference += values[place - 1]
                }
            }
            if overlaps { remarks.startTimeOverlap(range.metric, at: input.position) }
        }
        var extrapolation = Extrapolation(
            first: times[window.first].milliseconds, last: times[last].milliseconds,
            gaps: last - window.first, window)
        if let start = zeroPoint(
            range.start(window.first), times[window.first].milliseconds, window)
        {
            extrapolation.begin(at: start, before: times[last].milliseconds)
            difference += values[window.first]
        } else if window.count < 2 {
            return Table.absent
        }
        let share =
            isCounter && difference > 0 && values[window.first] >= 0
            ? values[window.first] / difference : nil
        return difference * extrapolation.factor(zeroAfter: share, perSecond: isRate)
    }

    /// When counting of a range's first sample began, where that is inside the range.
    private func zeroPoint(_ start: Int64, _ first: Int64, _ window: Window) -> Int64? {
        guard isCounter, start != 0, start > window.rangeEnd - window.length, start < first else {
            return nil
        }
        return start
    }

    private func histogramRate(_ range: Range, _ remarks: inout Annotations) -> Element {
        guard let first = range.points.first, let last = range.points.last else { return .absent }
        var difference: FloatHistogram?
        if range.points.count > 1 {
            guard let found = histogramDifference(range, &remarks) else { return .absent }
            difference = found
        }
        var extrapolation = Extrapolation(
            first: first.time, last: last.time, gaps: range.points.count - 1, range.window)
        let start = usesStarts ? first.start : 0
        if let start = zeroPoint(start, first.time, range.window) {
            extrapolation.begin(at: start, before: last.time)
            if let known = difference {
                guard let sum = combine(known, first.histogram, isSum: true, range, &remarks) else {
                    return .absent
                }
                difference = sum
            } else {
                difference = first.histogram
            }
        }
        guard let difference else { return .absent }
        let share =
            isCounter && difference.count > 0 && first.histogram.count >= 0
            ? first.histogram.count / difference.count : nil
        return .histogram(
            difference.scaled(by: extrapolation.factor(zeroAfter: share, perSecond: isRate)))
    }

    /// What was counted between the first and the last histogram of a range.
    private func histogramDifference(
        _ range: Range, _ remarks: inout Annotations
    ) -> FloatHistogram? {
        let points = Array(range.points)
        var first = points[0].histogram
        let last = points[points.count - 1].histogram
        if isCounter, first.resetHint == .gauge || last.resetHint == .gauge {
            remarks.notCounter(range.metric, at: input.position)
        }
        if isCounter, isReset(points[0], points[1]) {
            // What came before does not matter, not even the kind of its buckets.
            var nothing = FloatHistogram()
            nothing.schema = points[1].histogram.schema
            nothing.customBounds = points[1].histogram.customBounds
            first = nothing
        }
        guard last.usesCustomBounds == first.usesCustomBounds else {
            remarks.mixedSchemas(range.metric, at: input.position)
            return nil
        }
        var schema = min(last.schema, first.schema)
        for point in points.dropFirst().dropLast() where isCounter {
            if point.histogram.resetHint == .gauge {
                remarks.notCounter(range.metric, at: input.position)
            }
            schema = min(schema, point.histogram.schema)
            if point.histogram.usesCustomBounds != first.usesCustomBounds {
                remarks.mixedSchemas(range.metric, at: input.position)
                return nil
            }
        }
        guard
            var result = combine(
                last.reduced(toSchema: schema), first, isSum: false, range, &remarks)
        else { return nil }
        if isCounter {
            guard addResets(points, first, to: &result, range, &remarks) else { return nil }
        } else if points[0].histogram.resetHint != .gauge || last.resetHint != .gauge {
            remarks.notGauge(range.metric, at: input.position)
        }
        result.resetHint = .gauge
        return result.compacted
    }

    private func addResets(
        _ points: [Samples.HistogramSample], _ first: FloatHistogram,
        to result: inout FloatHistogram, _ range: Range, _ remarks: inout Annotations
    ) -> Bool {
        var before = first
        var overlaps = false
        for place in 1..<points.count {
            let (old, new) = (points[place - 1], points[place])
            if usesStarts {
                overlaps = overlaps || StartTimes.overlap(old.start, old.time, new.start)
            }
            let beganAnew =
                usesStarts && StartTimes.areReset(old.start, old.time, new.start, new.time)
            if beganAnew || new.histogram.isReset(after: before) {
                guard let sum = combine(result, before, isSum: true, range, &remarks) else {
                    return false
                }
                result = sum
            }
            before = new.histogram
        }
        if overlaps { remarks.startTimeOverlap(range.metric, at: input.position) }
        return true
    }

    private func isReset(
        _ old: Samples.HistogramSample, _ new: Samples.HistogramSample
    ) -> Bool {
        let beganAnew =
            usesStarts && StartTimes.areReset(old.start, old.time, new.start, new.time)
        return beganAnew || new.histogram.isReset(after: old.histogram)
    }

    /// Both made one; what is said of resets is dealt with elsewhere.
    func combine(
        _ left: FloatHistogram, _ right: FloatHistogram, isSum: Bool, _ range: Range,
        _ remarks: inout Annotations
    ) -> FloatHistogram? {
        guard let both = left.combined(with: right, isSum: isSum) else {
            remarks.mixedSchemas(range.metric, at: input.position)
            return nil
        }
        if both.isReconciled {
            remarks.bucketsReconciled(isSum ? "addition" : "subtraction", at: input.position)
        }
        return both.histogram
    }

    // MARK: irate and idelta

    /// The difference of the last two samples, which have to be of one kind.
    func instantDelta(_ range: Range, _ remarks: inout Annotations) -> Element {
        var moments: [Moment] = []
        for place in max(range.window.first, range.window.end - 2)..<range.window.end {
            moments.append(
                Moment(
                    time: range.samples.times[place].milliseconds, start: range.start(place),
                    element: .float(range.samples.values[place])))
        }
        for point in range.points.suffix(2) {
            moments.append(
                Moment(
                    time: point.time, start: usesStarts ? point.start : 0,
                    element: .histogram(point.histogram)))
        }
        moments.sort { $0.time < $1.time }
        guard moments.count >= 2 else { return .absent }
        let (old, new) = (moments[moments.count - 2], moments[moments.count - 1])
        let seconds = Double(new.time - old.time) / 1000
        guard seconds != 0 else { return .absent }
        switch (old.element, new.element) {
        case (.float(let before), .float(let now)):
            let isReset = isCounter && (now < before || new.beganAnew(since: old))
            let difference = isReset ? now : now - before
            return .float(isRate ? difference / seconds : difference)
        case (.histogram(let before), .histogram(let now)):
            let gauges = [before, now].filter { $0.resetHint == .gauge }.count
            if isCounter, gauges > 0 { remarks.notCounter(range.metric, at: input.position) }
            if !isCounter, gauges < 2 { remarks.notGauge(range.metric, at: input.position) }
            var result = now
            if !isCounter || !new.isReset(after: old) {
                guard let difference = combine(now, before, isSum: false, range, &remarks) else {
                    return .absent
                }
                result = difference
            }
            result.resetHint = .gauge
            result = result.compacted
            return .histogram(isRate ? result.divided(by: seconds) : result)
        default:
            remarks.mixedFloatsAndHistograms(range.metric, at: input.position)
            return .absent
        }
    }
}

extension Extrapolation {
    /// Takes a sample of zero at `start` as the first, so that nothing is guessed before it.
    mutating func begin(at start: Int64, before last: Int64) {
        toStart = 0
        sampled = Double(last - start) / 1000
        isExact = true
    }
}

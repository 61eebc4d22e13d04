import Model

/// Functions of ranges that may hold histograms, starts of counting, or samples from outside.
///
/// Slower than kernels, since it looks at every sample of every range, and complete.
struct CarefulWindows: Sendable {
    let function: Function
    let input: WindowInput
    /// What the function yields for floats alone.
    let floats: @Sendable (Samples, Window) -> Double
    /// How far samples outside of a range may lie from it, in milliseconds.
    let lookback: Int64
    let usesStarts: Bool

    /// The samples of one step.
    struct Range {
        let samples: Samples
        let metric: String
        /// The floats.
        let window: Window
        /// The histograms.
        let points: ArraySlice<Samples.HistogramSample>

        /// When counting of the float at `place` began, zero where nobody said.
        func start(_ place: Int) -> Int64 {
            samples.starts.isEmpty ? 0 : samples.starts[place].milliseconds
        }
    }

    /// What the function yields for `samples` at every step.
    func column(
        of samples: Samples, _ remarks: inout Annotations, _ looked: inout Int
    ) throws(PromQLError) -> ElementColumn {
        var samples = samples
        if !usesStarts { samples.starts = [] }
        let before = input.length + (input.extent == .plain ? 0 : lookback)
        let after = input.extent == .smoothed ? lookback : 0
        let floats = WindowBounds(
            samples.times, input.steps, input.reference, before: before, after: after)
        let points = WindowBounds(
            samples.histograms.map { Timestamp(milliseconds: $0.time) }, input.steps,
            input.reference, before: before, after: after)
        let metric = samples.labels.metric
        var column = ElementColumn(steps: input.steps.count)
        for step in 0..<input.steps.count {
            var window = input.window(step)
            window.first = Int(floats.first[step])
            window.end = Int(floats.end[step])
            let range = Range(
                samples: samples, metric: metric, window: window,
                points: samples.histograms[Int(points.first[step])..<Int(points.end[step])])
            guard window.count > 0 || !range.points.isEmpty else { continue }
            looked += window.count + range.points.reduce(0) { $0 + $1.histogram.sampleWeight }
            column[step] = element(range, &remarks)
        }
        return column
    }

    private func element(_ range: Range, _ remarks: inout Annotations) -> Element {
        switch function {
        case .rate, .increase, .delta:
            return input.extent == .plain ? rate(range, &remarks) : extended(range, &remarks)
        case .irate, .idelta: return instantDelta(range, &remarks)
        case .changes, .resets: return .float(changes(range) ?? Table.absent).unlessAbsent
        case .sumOverTime, .avgOverTime: return total(range, &remarks)
        case .countOverTime: return .float(Double(range.window.count + range.points.count))
        case .presentOverTime, .absentOverTime: return .float(1)
        case .firstOverTime, .lastOverTime, .tsOfFirstOverTime, .tsOfLastOverTime:
            return end(range)
        case .deriv, .predictLinear, .doubleExponentialSmoothing:
            return floatsOnly(range, atLeast: 2, &remarks)
        default: return floatsOnly(range, atLeast: 1, &remarks)
        }
    }

    /// Functions that know floats only say so where they left out histograms.
    private func floatsOnly(
        _ range: Range, atLeast least: Int, _ remarks: inout Annotations
    ) -> Element {
        guard range.window.count > 0 else { return .absent }
        if !range.points.isEmpty {
            remarks.histogramsIgnoredInRange(range.metric, at: input.position)
        }
        guard range.window.count >= least else { return .absent }
        return .float(floats(range.samples, range.window)).unlessAbsent
    }

    /// The first or last sample of either kind, or its instant.
    private func end(_ range: Range) -> Element {
        let isFirst = function == .firstOverTime || function == .tsOfFirstOverTime
        let place = isFirst ? range.window.first : range.window.end - 1
        let point = isFirst ? range.points.first : range.points.last
        let time = range.window.count > 0 ? range.samples.times[place].milliseconds : nil
        let isPoint =
            point.map { point in
                time.map { isFirst ? point.time < $0 : point.time > $0 } ?? true
            } ?? false
        if function == .tsOfFirstOverTime || function == .tsOfLastOverTime {
            return .float(Double((isPoint ? point?.time : time) ?? 0) / 1000)
        }
        if isPoint, let point { return .histogram(point.histogram) }
        return .float(range.samples.values[place])
    }

    /// The sum or the mean of a range that holds one kind of samples.
    private func total(_ range: Range, _ remarks: inout Annotations) -> Element {
        guard range.points.isEmpty || range.window.count == 0 else {
            remarks.mixedFloatsAndHistograms(range.metric, at: input.position)
            return .absent
        }
        guard let first = range.points.first else {
            return .float(floats(range.samples, range.window)).unlessAbsent
        }
        var sum = HistogramSum(first.histogram)
        for point in range.points.dropFirst() where !sum.add(point.histogram) {
            remarks.mixedSchemas(range.metric, at: input.position)
            return .absent
        }
        if sum.collides { remarks.resetCollision("aggregation", at: input.position) }
        if sum.isReconciled { remarks.bucketsReconciled("aggregation", at: input.position) }
        return .histogram(function == .avgOverTime ? sum.mean : sum.total)
    }

    // MARK: From one sample to the next

    /// How often the samples changed, or counting began anew; `nil` where there are none.
    private func changes(_ range: Range) -> Double? {
        var float = range.window.first
        var point = range.points.startIndex
        if input.extent == .anchored {
            guard let first = anchor(range) else { return nil }
            (float, point) = first
        }
        var count = 0
        var before: Moment?
        while float < range.window.end || point < range.points.endIndex {
            let isFloat =
                point == range.points.endIndex
                || (float < range.window.end
                    && range.samples.times[float].milliseconds < range.points[point].time)
            let now: Moment
            if isFloat {
                now = Moment(
                    time: range.samples.times[float].milliseconds, start: range.start(float),
                    element: .float(range.samples.values[float]))
                float += 1
            } else {
                let sample = range.points[point]
                now = Moment(
                    time: sample.time, start: usesStarts ? sample.start : 0,
                    element: .histogram(sample.histogram))
                point += 1
            }
            if let before {
                let differs = function == .resets ? now.isReset(after: before) : now.differs(before)
                if differs { count += 1 }
            }
            before = now
        }
        return before == nil ? nil : Double(count)
    }

    /// Where an anchored range begins: with its last sample at or before the start, if any.
    private func anchor(_ range: Range) -> (float: Int, point: Int)? {
        let start = range.window.rangeEnd - range.window.length
        var float = range.window.first
        while float < range.window.end, range.samples.times[float].milliseconds <= start {
            float += 1
        }
        var point = range.points.startIndex
        while point < range.points.endIndex, range.points[point].time <= start { point += 1 }
        guard float < range.window.end || point < range.points.endIndex else { return nil }
        let lastFloat = float > range.window.first ? float - 1 : nil
        let lastPoint = point > range.points.startIndex ? point - 1 : nil
        switch (lastFloat, lastPoint) {
        case (nil, nil): return (float, point)
        case (let floatPlace?, nil): return (floatPlace, point)
        case (nil, let pointPlace?): return (float, pointPlace)
        case (let floatPlace?, let pointPlace?):
            let isFloat =
                range.samples.times[floatPlace].milliseconds >= range.points[pointPlace].time
            return isFloat ? (floatPlace, point) : (float, pointPlace)
        }
    }
}

/// A sample of either kind, and when its counting began.
struct Moment {
    let time: Int64
    let start: Int64
    let element: Element

    /// Whether counting began anew since `before`.
    func isReset(after before: Moment) -> Bool {
        switch (before.element, element) {
        case (.float(let old), .float(let new)): new < old || beganAnew(since: before)
        case (.histogram(let old), .histogram(let new)):
            beganAnew(since: before) || new.isReset(after: old)
        default: true
        }
    }

    /// Whether the value is another than before.
    func differs(_ before: Moment) -> Bool {
        switch (before.element, element) {
        case (.float(let old), .float(let new)): new != old && !(new.isNaN && old.isNaN)
        case (.histogram(let old), .histogram(let new)): !new.hasSameContent(as: old)
        default: true
        }
    }

    /// Whether the start of counting says that it began after `before`.
    func beganAnew(since before: Moment) -> Bool {
        StartTimes.areReset(before.start, before.time, start, time)
    }
}

/// What the starts of counting of two samples say.
enum StartTimes {
    /// Whether counting began anew between a sample and the one before.
    ///
    /// A start at the sample before means so only where that one had a start of its own: a sender
    /// that does not know when it began takes the instant of its first sample.
    static func areReset(
        _ startBefore: Int64, _ before: Int64, _ start: Int64, _ now: Int64
    ) -> Bool {
        if start == 0 || start >= now || start < before { return false }
        if start > before { return true }
        if startBefore > before { return false }
        return startBefore != 0 && startBefore != before
    }

    /// Whether a sample claims to have counted while the one before did.
    static func overlap(_ startBefore: Int64, _ before: Int64, _ start: Int64) -> Bool {
        start != 0 && start < before && start != startBefore
    }
}

extension Element {
    /// Itself, or nothing for the float that stands for nothing.
    var unlessAbsent: Element {
        if case .float(let value) = self, value.isAbsent { return .absent }
        return self
    }
}

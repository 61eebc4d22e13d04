import Model

/// Compares what a query yielded with what a script expects.
struct ScriptComparison {
    private let eval: ScriptEval
    private let expected: [Labels: (place: Int, values: [ScriptValue])]

    init(_ eval: ScriptEval) {
        self.eval = eval
        var expected: [Labels: (place: Int, values: [ScriptValue])] = [:]
        for (place, line) in eval.series.enumerated() {
            expected[line.labels] = (place, line.values)
        }
        self.expected = expected
    }

    func check(_ value: QueryValue) throws(ScriptFault) {
        switch value {
        case .scalar(let sample):
            guard let scalar = eval.scalar else {
                throw ScriptFault("expected series, got the number \(sample.value)")
            }
            guard Self.isNear(scalar, sample.value) else {
                throw ScriptFault("expected \(scalar), got \(sample.value)")
            }
        case .string(let text, _):
            guard eval.string == text else {
                throw ScriptFault(
                    "expected \(eval.string.map(quoted) ?? "no text"), got \(quoted(text))")
            }
        case .vector(let elements): try check(elements)
        case .matrix(let series): try check(series)
        }
    }

    // MARK: Vectors

    private func check(_ elements: [VectorElement]) throws(ScriptFault) {
        try expectSeries()
        for (place, element) in elements.enumerated() {
            let got = Self.value(element)
            guard let wanted = expected[element.labels] else {
                throw ScriptFault("expected no series \(element.labels), got \(got.text)")
            }
            if eval.isOrdered, wanted.place != place {
                throw ScriptFault(
                    "expected \(element.labels) as number \(wanted.place + 1), "
                        + "got it as number \(place + 1)")
            }
            try compare(wanted.values.first ?? .absent, got, element.labels, "")
        }
        try expectAll(elements.map(\.labels))
    }

    private static func value(_ element: VectorElement) -> ScriptValue {
        element.histogram.map { .histogram($0, isHintTold: true) } ?? .float(element.value)
    }

    private func expectSeries() throws(ScriptFault) {
        if let scalar = eval.scalar {
            throw ScriptFault("expected the number \(scalar), got series")
        }
    }

    private func expectAll(_ found: [Labels]) throws(ScriptFault) {
        let found = Set(found)
        for (labels, wanted) in expected.sorted(by: { $0.key < $1.key })
        where !found.contains(labels) {
            let values = wanted.values.map(\.text).joined(separator: " ")
            throw ScriptFault("expected \(labels) with \(values), got no such series")
        }
    }

    private func compare(
        _ wanted: ScriptValue, _ got: ScriptValue, _ labels: Labels, _ place: String
    ) throws(ScriptFault) {
        let isSame =
            switch (wanted, got) {
            case (.float(let left), .float(let right)): Self.isNear(left, right)
            case (.histogram(let left, let isHintTold), .histogram(let right, _)):
                Self.isNear(left, right, comparesHints: isHintTold)
            default: false
            }
        guard isSame else {
            throw ScriptFault("expected \(wanted.text) for \(labels)\(place), got \(got.text)")
        }
    }

    // MARK: Matrices

    private func check(_ series: [MatrixSeries]) throws(ScriptFault) {
        try expectSeries()
        if eval.isOrdered { throw ScriptFault("expected an order, got series over time") }
        let start: Timestamp
        let end: Timestamp
        let step: TimeSpan
        switch (eval.times, eval.rangeTimes) {
        case (_, let times?): (start, end, step) = times
        case (.range(let from, let through, let every), nil):
            (start, end, step) = (from, through, every)
        case (.instant, nil): throw ScriptFault("expected one value each, got ranges")
        }
        for (left, right) in zip(series, series.dropFirst()) where right.labels < left.labels {
            throw ScriptFault(
                "expected series in the order of their labels, got \(right.labels) behind "
                    + "\(left.labels)")
        }
        for one in series {
            var got = Self.values(one)
            guard let wanted = expected[one.labels] else {
                throw ScriptFault("expected no series \(one.labels), got \(Self.text(got))")
            }
            for (index, value) in wanted.values.enumerated() {
                let time = start.milliseconds + Int64(index) * step.milliseconds
                guard time <= end.milliseconds else {
                    throw ScriptFault(
                        "expected \(wanted.values.count) values for \(one.labels), which are more "
                            + "than there are steps")
                }
                if case .absent = value { continue }
                guard let found = got.removeValue(forKey: time) else {
                    throw ScriptFault(
                        "expected \(value.text) for \(one.labels) at \(time) ms, got nothing "
                            + "(but \(Self.text(got)))")
                }
                try compare(value, found, one.labels, " at \(time) ms")
            }
            guard got.isEmpty else {
                throw ScriptFault("expected no more for \(one.labels), got \(Self.text(got))")
            }
        }
        try expectAll(series.map(\.labels))
    }

    private static func values(_ series: MatrixSeries) -> [Int64: ScriptValue] {
        var values: [Int64: ScriptValue] = [:]
        for (time, value) in zip(series.times, series.values) {
            values[time.milliseconds] = .float(value)
        }
        for point in series.histograms {
            values[point.time.milliseconds] = .histogram(point.histogram, isHintTold: true)
        }
        return values
    }

    private static func text(_ values: [Int64: ScriptValue]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.value.text) at \($0.key) ms" }
            .joined(separator: ", ")
    }

    /// Compares one step of a range query with what an instant query has to yield.
    func check(
        _ series: [MatrixSeries], at time: Timestamp, as kind: QueryValue
    ) throws(ScriptFault) {
        var elements: [VectorElement] = []
        for one in series {
            if let index = one.times.firstIndex(of: time) {
                elements.append(
                    VectorElement(labels: one.labels, time: time, value: one.values[index]))
            }
            for point in one.histograms where point.time == time {
                elements.append(
                    VectorElement(
                        labels: one.labels, time: time, value: 0, histogram: point.histogram))
            }
        }
        guard case .scalar = kind else { return try check(.vector(elements)) }
        guard let first = elements.first else { throw ScriptFault("expected a number, got none") }
        try check(.scalar(Sample(time: time, value: first.value)))
    }

    // MARK: Nearness

    /// Whether two numbers are the same but for what rounding does.
    static func isNear(_ left: Double, _ right: Double) -> Bool {
        if left.isStaleMarker || right.isStaleMarker {
            return left.isStaleMarker && right.isStaleMarker
        }
        if left.isNaN && right.isNaN || left == right { return true }
        let sum = left.magnitude + right.magnitude
        let difference = (left - right).magnitude
        let least = Double.leastNormalMagnitude
        if left == 0 || right == 0 || sum < least { return difference < 1e-6 * least }
        return difference / min(sum, .greatestFiniteMagnitude) < 1e-6
    }

    private static func isNear(
        _ left: FloatHistogram, _ right: FloatHistogram, comparesHints: Bool
    ) -> Bool {
        let (left, right) = (left.compacted, right.compacted)
        return left.schema == right.schema && isNear(left.count, right.count)
            && isNear(left.sum, right.sum)
            && (!left.usesCustomBounds || left.customBounds == right.customBounds)
            && left.zeroThreshold == right.zeroThreshold
            && isNear(left.zeroCount, right.zeroCount) && isNear(left.positive, right.positive)
            && isNear(left.negative, right.negative)
            && (!comparesHints || left.resetHint == right.resetHint)
    }

    private static func isNear(_ left: BucketSide, _ right: BucketSide) -> Bool {
        left.counts.count == right.counts.count
            && zip(left.numbered, right.numbered).allSatisfy {
                $0.number == $1.number && isNear($0.count, $1.count)
            }
    }
}

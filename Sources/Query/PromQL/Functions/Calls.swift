import Model

extension Evaluator {
    /// A function that is given no range.
    mutating func call(
        _ function: Function, _ arguments: [Plan], _ selection: Selection?, _ plan: Plan
    ) async throws(PromQLError) -> Value {
        if let change = ElementFunctions.change(function) {
            return .vector(try await changed(arguments[0], change))
        }
        if let date = ElementFunctions.date(function) {
            return .vector(try await dated(arguments.first, date, plan.steps))
        }
        switch function {
        case .time: return .scalar(times(plan.steps))
        case .minOf, .maxOf: return .scalar(try await extreme(function, arguments, plan.steps))
        case .scalar: return .scalar(try await onlyFloat(arguments[0]))
        case .vector:
            let column = try await scalar(of: arguments[0])
            var table = Table(steps: plan.steps.count)
            table.append(Labels(), isNameDropped: false, column.values(plan.steps.count))
            return .vector(table)
        case .clamp, .clampMin, .clampMax:
            return .vector(try await clamped(function, arguments))
        case .round: return .vector(try await rounded(arguments))
        case .absent: return .vector(try await absent(arguments[0], plan.steps))
        case .timestamp, .startTimestamp:
            return .vector(try await timestamps(function, arguments, selection, plan))
        case .sort, .sortDesc, .sortByLabel, .sortByLabelDesc:
            return .vector(try await sorted(function, arguments, plan))
        case .labelReplace: return .vector(try await labelReplace(arguments))
        case .labelJoin: return .vector(try await labelJoin(arguments))
        case .info: return .vector(try await info(arguments[0], selection, plan))
        default: return .vector(try await histogramCall(function, arguments, plan))
        }
    }

    /// `argument` with each float changed; histograms are left out.
    private mutating func changed(
        _ argument: Plan, _ change: (Double) -> Double
    ) async throws(PromQLError) -> Table {
        var table = try await self.table(of: argument)
        table.histograms = [:]
        for place in table.values.indices where !table.values[place].isAbsent {
            table.values[place] = change(table.values[place])
        }
        table.dropNames()
        return try unique(table)
    }

    private mutating func dated(
        _ argument: Plan?, _ part: (Double) -> Double, _ steps: Steps
    ) async throws(PromQLError) -> Table {
        if let argument { return try await changed(argument, part) }
        var table = Table(steps: steps.count)
        let column = (0..<steps.count).map { part(Double(steps[$0] / 1000)) }
        table.append(Labels(), isNameDropped: false, column)
        return table
    }

    private func times(_ steps: Steps) -> ScalarColumn {
        .steps((0..<steps.count).map { Double(steps[$0]) / 1000 })
    }

    private mutating func extreme(
        _ function: Function, _ arguments: [Plan], _ steps: Steps
    ) async throws(PromQLError) -> ScalarColumn {
        let left = try await scalar(of: arguments[0])
        let right = try await scalar(of: arguments[1])
        return .steps(
            (0..<steps.count).map { step in
                let (l, r) = (left[step], right[step])
                if l.isNaN || r.isNaN { return .nan }
                return function == .minOf ? min(l, r) : max(l, r)
            })
    }

    /// The only float at each step, or NaN.
    private mutating func onlyFloat(_ argument: Plan) async throws(PromQLError) -> ScalarColumn {
        let table = try await self.table(of: argument)
        return .steps(
            (0..<table.steps).map { step in
                var found: Double?
                for row in 0..<table.count {
                    let value = table.values[row * table.steps + step]
                    if value.isAbsent { continue }
                    if found != nil { return .nan }
                    found = value
                }
                return found ?? .nan
            })
    }

    private mutating func clamped(
        _ function: Function, _ arguments: [Plan]
    ) async throws(PromQLError) -> Table {
        var table = try await self.table(of: arguments[0])
        let first = try await scalar(of: arguments[1])
        let least = function == .clampMax ? .constant(-.infinity) : first
        var most = ScalarColumn.constant(.infinity)
        if function == .clampMax { most = first }
        if function == .clamp { most = try await scalar(of: arguments[2]) }
        table.histograms = [:]
        for row in 0..<table.count {
            for step in 0..<table.steps {
                let place = row * table.steps + step
                let value = table.values[place]
                if value.isAbsent { continue }
                table.values[place] =
                    most[step] < least[step]
                    ? Table.absent : Self.clamp(value, least[step], most[step])
            }
        }
        table.dropNames()
        return try unique(table)
    }

    /// As Go's `math.Max` and `math.Min` do it: NaN wins.
    private static func clamp(_ value: Double, _ least: Double, _ most: Double) -> Double {
        if value.isNaN || least.isNaN || most.isNaN { return .nan }
        return max(least, min(most, value))
    }

    private mutating func rounded(_ arguments: [Plan]) async throws(PromQLError) -> Table {
        var table = try await self.table(of: arguments[0])
        var nearest = ScalarColumn.constant(1)
        if arguments.count > 1 { nearest = try await scalar(of: arguments[1]) }
        table.histograms = [:]
        for row in 0..<table.count {
            for (step, place) in table.range(of: row).enumerated() {
                let value = table.values[place]
                if value.isAbsent { continue }
                // The inverse makes fewer errors than the number itself.
                let inverse = 1 / nearest[step]
                table.values[place] = (value * inverse + 0.5).rounded(.down) / inverse
            }
        }
        table.dropNames()
        return try unique(table)
    }

    private mutating func absent(
        _ argument: Plan, _ steps: Steps
    ) async throws(PromQLError) -> Table {
        let table = try await self.table(of: argument)
        var matchers: [Matcher] = []
        switch argument.kind {
        case .select(let selection): matchers = selection.matchers
        case .invariant(let inner):
            if case .select(let selection) = inner.kind { matchers = selection.matchers }
        default: break
        }
        var column = [Double](repeating: 1, count: steps.count)
        for row in 0..<table.count {
            for step in 0..<table.steps where table.isPresent(row, step) {
                column[step] = Table.absent
            }
        }
        var result = Table(steps: steps.count)
        if column.contains(where: { !$0.isAbsent }) {
            result.append(AbsenceLabels.labels(matchers), isNameDropped: false, column)
        }
        return result
    }

    /// `timestamp` and `start_timestamp`: of a selector's samples, or of the steps.
    private mutating func timestamps(
        _ function: Function, _ arguments: [Plan], _ selection: Selection?, _ plan: Plan
    ) async throws(PromQLError) -> Table {
        guard let selection else {
            var table = try await self.table(of: arguments[0])
            guard function == .timestamp else { return Table(steps: table.steps) }
            for row in 0..<table.count {
                for step in 0..<table.steps where table.isPresent(row, step) {
                    table.values[row * table.steps + step] = Double(plan.steps[step]) / 1000
                }
            }
            table.histograms = [:]
            table.dropNames()
            return try unique(table)
        }
        if function == .startTimestamp, !options.usesStartTimes {
            return Table(steps: plan.steps.count)
        }
        let set = sets[selection.read]
        var table = Table(steps: plan.steps.count)
        for series in set.series {
            let column = SampleInstants(series, plan.steps, selection.reference, lookback)
            let values = function == .timestamp ? column.times : column.starts
            guard values.contains(where: { !$0.isAbsent }) else { continue }
            table.append(series.labels, isNameDropped: true, values)
        }
        let samples = table.presentCount
        budget.look(at: samples)
        try budget.hold(samples)
        return try unique(table)
    }

    private mutating func sorted(
        _ function: Function, _ arguments: [Plan], _ plan: Plan
    ) async throws(PromQLError) -> Table {
        if plan.steps.count > 1 { annotations.uselessSort(at: plan.position) }
        let table = try await self.table(of: arguments[0])
        let isByValue = function == .sort || function == .sortDesc
        var source = table
        if isByValue { source.histograms = [:] }
        let rows = (0..<source.count).filter { !isByValue || !source.isEmpty(row: $0) }
        guard plan.steps.count == 1 else {
            var result = Table(steps: source.steps)
            for row in rows { result.append(row: row, of: source) }
            return result
        }
        let order: [Int]
        switch function {
        case .sort: order = Sorting.byValue(rows, source.values, isDescending: false)
        case .sortDesc: order = Sorting.byValue(rows, source.values, isDescending: true)
        default:
            let shown = (0..<source.count).map { labels(of: source, row: $0) }
            order = Sorting.byLabels(
                rows, shown, Self.texts(arguments.dropFirst()),
                isDescending: function == .sortByLabelDesc)
        }
        var result = Table(steps: 1)
        result.reserve(order.count)
        for row in order { result.append(row: row, of: source) }
        return result
    }
}

extension Table {
    /// Says of all rows that the name no longer belongs to them.
    mutating func dropNames() {
        for row in isNameDropped.indices { isNameDropped[row] = true }
    }
}

/// When the current samples of a series were said, and when their counting began, in seconds.
struct SampleInstants {
    private(set) var times: [Double] = []
    private(set) var starts: [Double] = []

    init(_ series: Series, _ steps: Steps, _ reference: Reference, _ lookback: Int64) {
        let floats = Picks(series.times, steps, reference, lookback: lookback)
        let points = Picks(series.histograms.map(\.time), steps, reference, lookback: lookback)
        for step in 0..<steps.count {
            let (float, point) = (Int(floats.places[step]), Int(points.places[step]))
            let isHistogram =
                point >= 0 && (float < 0 || series.times[float] < series.histograms[point].time)
            if isHistogram {
                let sample = series.histograms[point]
                append(
                    sample.time, sample.start, isStale: sample.histogram.sum.isStaleMarker)
            } else if float >= 0 {
                append(
                    series.times[float],
                    series.starts.isEmpty ? Series.unknownStart : series.starts[float],
                    isStale: series.values[float].isStaleMarker)
            } else {
                append(Series.unknownStart, Series.unknownStart, isStale: true)
            }
        }
    }

    private mutating func append(_ time: Timestamp, _ start: Timestamp, isStale: Bool) {
        times.append(isStale ? Table.absent : Double(time.milliseconds) / 1000)
        starts.append(isStale ? Table.absent : Double(start.milliseconds) / 1000)
    }
}

import Model

/// Which series `info` takes labels from, and which labels.
enum InfoLabels {
    /// The labels that say which target a series belongs to.
    static let identifying = ["instance", "job"]

    /// The conditions on the info series' names; the usual ones where nothing is said of them.
    static func nameMatchers(_ matchers: [Matcher], isSelectorGiven: Bool = true) -> [Matcher] {
        let onName = matchers.filter { $0.name.hasSameBytes(as: LabelName.metric) }
        guard !onName.isEmpty else { return [Matcher(LabelName.metric, equals: "target_info")] }
        let hasPositive = onName.contains { $0.operation == .equal || $0.operation == .matches }
        if hasPositive { return onName }
        // The expression is a constant that compiles.
        let isInfo = try? Matcher(LabelName.metric, .matches, ".+_info")
        return onName + [isInfo].compactMap { $0 }
    }

    /// The conditions of the info series that `info` has to see.
    static func matchersOfSeries(_ matchers: [Matcher]) -> [Matcher] {
        nameMatchers(matchers) + dataMatchers(matchers)
    }

    /// The conditions on labels other than the name.
    static func dataMatchers(_ matchers: [Matcher]) -> [Matcher] {
        matchers.filter { !$0.name.hasSameBytes(as: LabelName.metric) }
    }
}

extension Evaluator {
    /// `info`: series with the labels of the info series of the same target.
    mutating func info(
        _ argument: Plan, _ selection: Selection?, _ plan: Plan
    ) async throws(PromQLError) -> Table {
        guard let selection else { preconditionFailure("BUG: info without its series") }
        let base = try await table(of: argument)
        let names = InfoLabels.nameMatchers(selection.matchers)
        let isInfoSeries = (0..<base.count).map { row in
            names.allSatisfy { $0.accepts(labels(of: base, row: row).metric) }
        }
        var join = InfoJoin(
            steps: plan.steps, data: InfoLabels.dataMatchers(selection.matchers))
        try join.gather(
            sets[selection.read].series, selection.reference, lookback,
            values: identifyingValues(base, isInfoSeries))
        var rows: [ByteKey: Int] = [:]
        var result = Table(steps: base.steps)
        for row in 0..<base.count {
            let shown = labels(of: base, row: row)
            for step in 0..<base.steps where base.isPresent(row, step) {
                var enriched: Labels? = shown
                if !isInfoSeries[row] { enriched = try join.labels(for: shown, at: step) }
                guard let enriched else { continue }
                let key = ByteKey(enriched.description + (base.isNameDropped[row] ? "-" : "+"))
                let target = rows[key] ?? result.count
                if target == result.count {
                    rows[key] = target
                    result.append(
                        enriched, isNameDropped: base.isNameDropped[row],
                        repeatElement(Table.absent, count: base.steps))
                }
                if result.isPresent(target, step) {
                    throw .execution("vector cannot contain metrics with the same labelset")
                }
                result.values[target * base.steps + step] = base.values[row * base.steps + step]
                if let histogram = base.histogram(row, step) {
                    var column =
                        result.histograms[target]
                        ?? [FloatHistogram?](repeating: nil, count: base.steps)
                    column[step] = histogram
                    result.histograms[target] = column
                }
            }
        }
        return try unique(result)
    }

    /// The values that the identifying labels have in the series that are to get more labels.
    private func identifyingValues(_ base: Table, _ isInfo: [Bool]) -> [String: Set<ByteKey>] {
        var values: [String: Set<ByteKey>] = [:]
        for row in 0..<base.count where !isInfo[row] {
            for name in InfoLabels.identifying {
                let value = base.labels[row][name]
                if !value.isEmpty { values[name, default: []].insert(ByteKey(value)) }
            }
        }
        return values
    }
}

/// The info series of each target at each step.
struct InfoJoin {
    let steps: Steps
    /// The conditions on the labels that are wanted; none for all labels.
    let data: [Matcher]
    private var series: [Labels] = []
    private var targets = LabelKeys()
    private var names: [ByteKey] = []
    /// For each target and name: the series at each step, or -1.
    private var chosen: [[Int32]] = []
    private var placeOf: [Place: Int] = [:]
    private var known: [Combination: Labels?] = [:]

    private struct Place: Hashable {
        let target: Int
        let name: ByteKey
    }

    private struct Combination: Hashable {
        let labels: Labels
        let series: [Int32]
    }

    init(steps: Steps, data: [Matcher]) {
        self.steps = steps
        self.data = data
    }

    /// Takes in the info series of the targets that have these values.
    mutating func gather(
        _ all: [Series], _ reference: Reference, _ lookback: Int64,
        values: [String: Set<ByteKey>]
    ) throws(PromQLError) {
        guard !values.isEmpty else { return }
        var times: [[Int64]] = []
        for one in all {
            let fits = values.allSatisfy { $1.contains(ByteKey(one.labels[$0])) }
            guard fits else { continue }
            let target = targets.number(of: one.labels, .only(InfoLabels.identifying))
            let name = ByteKey(one.labels.metric)
            if !names.contains(name) { names.append(name) }
            let place = placeOf[Place(target: target, name: name)] ?? chosen.count
            if place == chosen.count {
                placeOf[Place(target: target, name: name)] = place
                chosen.append([Int32](repeating: -1, count: steps.count))
                times.append([Int64](repeating: 0, count: steps.count))
            }
            let number = Int32(series.count)
            series.append(one.labels)
            let instants = SampleInstants(one, steps, reference, lookback)
            if !one.histograms.isEmpty, instants.times.contains(where: { !$0.isAbsent }) {
                throw .execution(
                    "this should be an info metric, with float samples: \(one.labels)")
            }
            for step in 0..<steps.count where !instants.times[step].isAbsent {
                let time = Int64((instants.times[step] * 1000).rounded())
                let known = chosen[place][step]
                if known >= 0, times[place][step] == time {
                    throw .execution(
                        "found duplicate series for info metric: existing \(series[Int(known)]) @ "
                            + "\(time), new \(one.labels) @ \(time)")
                }
                if known < 0 || times[place][step] < time {
                    chosen[place][step] = number
                    times[place][step] = time
                }
            }
        }
        names.sort { $0.text.isBytewiseLess(than: $1.text) }
    }

    /// `labels` with those of its info series at a step; `nil` where it has to have some.
    mutating func labels(for labels: Labels, at step: Int) throws(PromQLError) -> Labels? {
        var found: [Int32] = []
        if let target = targets.find(labels, .only(InfoLabels.identifying)) {
            for name in names {
                guard let place = placeOf[Place(target: target, name: name)] else { continue }
                if chosen[place][step] >= 0 { found.append(chosen[place][step]) }
            }
        }
        let key = Combination(labels: labels, series: found)
        if let result = known[key] { return result }
        let result = try enriched(labels, found)
        known[key] = .some(result)
        return result
    }

    private func enriched(_ labels: Labels, _ found: [Int32]) throws(PromQLError) -> Labels? {
        if found.isEmpty { return data.allSatisfy(\.acceptsAbsence) ? labels : nil }
        var added = LabelsBuilder()
        for number in found {
            for label in series[Int(number)] {
                if label.name.hasSameBytes(as: LabelName.metric) { continue }
                if !data.isEmpty, !data.contains(where: { $0.name.hasSameBytes(as: label.name) }) {
                    continue
                }
                let before = added[label.name]
                if !before.isEmpty, !before.hasSameBytes(as: label.value) {
                    throw .execution("conflicting label: \(label.name)")
                }
                if !labels.contains(label.name) { added[label.name] = label.value }
            }
        }
        var builder = LabelsBuilder(labels)
        for label in added.labels { builder[label.name] = label.value }
        return Labels(builder)
    }
}

import Model

extension Evaluator {
    /// `quantile`: the values of a group have to be seen together.
    mutating func quantile(_ aggregate: AggregatePlan) async throws(PromQLError) -> Table {
        let parameter = try await parameter(of: aggregate)
        let table = try await self.table(of: aggregate.input)
        let position = aggregate.parameter?.position ?? .none
        let all = parameter.values(table.steps)
        if all.contains(where: \.isNaN) { annotations.invalidQuantile(.nan, at: position) }
        if let most = all.filter({ $0 > 1 }).max() {
            annotations.invalidQuantile(most, at: position)
        }
        if let least = all.filter({ $0 < 0 }).min() {
            annotations.invalidQuantile(least, at: position)
        }
        if !table.histograms.isEmpty {
            annotations.histogramIgnored(in: "quantile", at: aggregate.input.position)
        }
        let list = groups(aggregate, table)
        let rows = RowGroups(list.groups, count: list.count)
        var result = Table(steps: table.steps)
        var scratch: [Double] = []
        for group in 0..<list.count {
            try budget.check()
            var column = [Double](repeating: Table.absent, count: table.steps)
            for step in 0..<table.steps {
                scratch.removeAll(keepingCapacity: true)
                for row in rows[group] {
                    let value = table.values[row * table.steps + step]
                    if !value.isAbsent { scratch.append(value) }
                }
                if !scratch.isEmpty { column[step] = Quantile.of(&scratch, parameter[step]) }
            }
            guard column.contains(where: { !$0.isAbsent }) else { continue }
            let isDropped = rows[group].contains { table.isNameDropped[$0] }
            result.append(list.labels[group], isNameDropped: isDropped, column)
        }
        return result
    }

    private mutating func parameter(
        of aggregate: AggregatePlan
    ) async throws(PromQLError) -> ScalarColumn {
        guard let plan = aggregate.parameter else {
            preconditionFailure("BUG: an aggregation without its parameter")
        }
        return try await scalar(of: plan)
    }

    /// `topk`, `bottomk`, `limitk` and `limit_ratio`: some elements of each group stay.
    mutating func choose(
        _ aggregate: AggregatePlan, _ plan: Plan
    ) async throws(PromQLError) -> Table {
        let parameter = try await parameter(of: aggregate)
        var table = try await self.table(of: aggregate.input)
        let numbers = parameter.values(table.steps)
        guard try accepts(numbers, aggregate), table.count > 0 else {
            return Table(steps: table.steps)
        }
        if aggregate.operation == .limitk { table.sortRows() }
        let list = groups(aggregate, table)
        let choice = Choice(
            operation: aggregate.operation, rows: RowGroups(list.groups, count: list.count),
            groups: list.count, delaysNameRemoval: options.delaysNameRemoval)
        if aggregate.operation == .topk || aggregate.operation == .bottomk,
            !table.histograms.isEmpty
        {
            annotations.histogramIgnored(in: aggregate.operation.rawValue, at: plan.position)
        }
        let result = choice.result(of: table, numbers)
        try budget.hold(result.presentCount)
        return result
    }

    /// Whether there is anything to choose; throws where a number is none to choose by.
    private mutating func accepts(
        _ numbers: [Double], _ aggregate: AggregatePlan
    ) throws(PromQLError) -> Bool {
        let position = aggregate.parameter?.position ?? .none
        // As Go's comparisons do it, a NaN is neither the greatest nor the smallest.
        let most = numbers.filter { !$0.isNaN }.max() ?? .nan
        let least = numbers.filter { !$0.isNaN }.min() ?? .nan
        let hasNaN = numbers.contains(where: \.isNaN)
        if aggregate.operation == .limitRatio {
            if !hasNaN, most == 0, least == 0 { return false }
            if hasNaN { throw .execution("Ratio value is NaN") }
            if most > 1 { annotations.invalidRatio(most, cappedTo: 1, at: position) }
            if least < -1 { annotations.invalidRatio(least, cappedTo: -1, at: position) }
            return true
        }
        if most < 1 { return false }
        if hasNaN { throw .execution("Parameter value is NaN") }
        if least <= -9_223_372_036_854_775_808 {
            throw .execution("Scalar value \(GoText.general(least)) underflows int64")
        }
        if most >= 9_223_372_036_854_774_784 {
            throw .execution("Scalar value \(GoText.general(most)) overflows int64")
        }
        return true
    }

    /// `count_values`: a series for each value.
    mutating func countValues(_ aggregate: AggregatePlan) async throws(PromQLError) -> Table {
        guard let parameter = aggregate.parameter, case .string(let label) = parameter.kind else {
            preconditionFailure("BUG: count_values without its label")
        }
        guard label.isLabelName else {
            throw .execution("invalid label name \(written(parameter, otherwise: label))")
        }
        let table = try await self.table(of: aggregate.input)
        var subset = groupSubset(aggregate)
        if !aggregate.isWithout { subset = .only(aggregate.grouping + [label]) }
        var keys = LabelKeys(expecting: table.count)
        var counts: [[Int]] = []
        var isDropped: [Bool] = []
        for row in 0..<table.count {
            var known: [UInt64: Int] = [:]
            for step in 0..<table.steps {
                let group: Int
                switch table.element(row, step) {
                case .absent: continue
                case .float(let value):
                    if let seen = known[value.bitPattern] {
                        group = seen
                    } else {
                        group = number(of: GoText.plain(value), label, table, row, subset, &keys)
                        known[value.bitPattern] = group
                    }
                case .histogram(let histogram):
                    group = number(of: histogram.description, label, table, row, subset, &keys)
                }
                while counts.count <= group {
                    counts.append([Int](repeating: 0, count: table.steps))
                    isDropped.append(false)
                }
                counts[group][step] += 1
            }
        }
        var result = Table(steps: table.steps)
        for (group, column) in counts.enumerated() {
            result.append(
                keys.labels(group), isNameDropped: isDropped[group],
                column.map { $0 == 0 ? Table.absent : Double($0) })
        }
        return result
    }

    /// A text as it stands in the query: only there bytes are seen that are no UTF-8.
    private func written(_ plan: Plan, otherwise text: String) -> String {
        let bytes = Array(query.utf8)
        let range = plan.position
        guard range.start < range.end, range.end <= bytes.count else { return GoText.quoted(text) }
        return String(decoding: bytes[range.start..<range.end], as: UTF8.self)
    }

    private func number(
        of text: String, _ label: String, _ table: Table, _ row: Int, _ subset: LabelSubset,
        _ keys: inout LabelKeys
    ) -> Int {
        var builder = LabelsBuilder(labels(of: table, row: row))
        builder[label] = text
        return keys.number(of: Labels(builder), subset)
    }
}

extension String {
    /// Whether it may name a label: not where it stands for bytes that were no UTF-8.
    var isLabelName: Bool {
        NameScheme.utf8.allows(labelName: self) && !hasBrokenBytes
    }
}

extension Table {
    /// Puts the rows in the order of their labels.
    mutating func sortRows() {
        let order = (0..<count).sorted { labels[$0] < labels[$1] }
        var result = Table(steps: steps)
        result.reserve(count)
        for row in order { result.append(row: row, of: self) }
        self = result
    }
}

/// Which elements of each group stay.
struct Choice {
    let operation: AggregateOperator
    let rows: RowGroups
    let groups: Int
    let delaysNameRemoval: Bool

    /// What stays of `table`, where `numbers` holds how many or which share at each step.
    func result(of table: Table, _ numbers: [Double]) -> Table {
        if table.steps == 1 { return instant(table, numbers[0]) }
        var chosen = [Int32](repeating: -1, count: table.count)
        var result = Table(steps: table.steps)
        for group in 0..<groups {
            for step in 0..<table.steps {
                for row in choose(table, group, step, numbers[step]) {
                    if chosen[row] < 0 {
                        chosen[row] = Int32(result.count)
                        result.append(
                            table.labels[row], isNameDropped: table.isNameDropped[row],
                            repeatElement(Table.absent, count: table.steps),
                            histograms: table.histograms[row].map {
                                [FloatHistogram?](repeating: nil, count: $0.count)
                            })
                    }
                    let target = Int(chosen[row])
                    result.values[target * table.steps + step] =
                        table.values[row * table.steps + step]
                    if let histogram = table.histogram(row, step) {
                        result.histograms[target]?[step] = histogram
                    }
                }
            }
        }
        return result
    }

    /// An instant query keeps the order in which the elements were chosen.
    private func instant(_ table: Table, _ number: Double) -> Table {
        var result = Table(steps: 1)
        for group in 0..<groups {
            for row in choose(table, group, 0, number) { result.append(row: row, of: table) }
        }
        return result
    }

    /// The rows of a group that stay at a step, the best first.
    private func choose(_ table: Table, _ group: Int, _ step: Int, _ number: Double) -> [Int] {
        switch operation {
        case .limitRatio:
            let ratio = min(1, max(-1, number))
            return rows[group].filter {
                table.isPresent($0, step)
                    && Self.isSampled(
                        delaysNameRemoval ? table.labels[$0] : table.shownLabels($0), ratio)
            }
        case .limitk:
            guard number >= 1 else { return [] }
            return Array(
                rows[group].lazy.filter { table.isPresent($0, step) }.prefix(Int(number)))
        default:
            guard number >= 1 else { return [] }
            let limit = Int(min(number, Double(table.count)))
            var heap = BestRows(limit: limit, isMaximum: operation == .topk)
            for row in rows[group] {
                let value = table.values[row * table.steps + step]
                if !value.isAbsent { heap.add(row, value) }
            }
            return heap.sorted
        }
    }

    /// Whether a series is in the share of all that `ratio` asks for; told by its hash alone.
    private static func isSampled(_ labels: Labels, _ ratio: Double) -> Bool {
        let offset = Double(labels.sampleHash) / Double(UInt64.max)
        return ratio >= 0 ? offset < ratio : offset >= 1 + ratio
    }
}

/// The rows of the greatest or smallest values, NaN the least wanted.
struct BestRows {
    private let limit: Int
    private let isMaximum: Bool
    /// A heap with the least wanted on top.
    private var heap: [(row: Int, value: Double)] = []

    init(limit: Int, isMaximum: Bool) {
        self.limit = limit
        self.isMaximum = isMaximum
    }

    /// Whether the left one is less wanted.
    private func isWorse(_ left: Double, _ right: Double) -> Bool {
        if left.isNaN { return true }
        return isMaximum ? left < right : left > right
    }

    /// Offers a row.
    mutating func add(_ row: Int, _ value: Double) {
        if heap.count < limit {
            heap.append((row, value))
            var place = heap.count - 1
            while place > 0 {
                let parent = (place - 1) / 2
                guard isWorse(heap[place].value, heap[parent].value) else { break }
                heap.swapAt(place, parent)
                place = parent
            }
            return
        }
        let top = heap[0].value
        let isBetter = isMaximum ? top < value : top > value
        guard isBetter || (top.isNaN && !value.isNaN) else { return }
        heap[0] = (row, value)
        var place = 0
        while true {
            var worst = place
            for child in [place * 2 + 1, place * 2 + 2] where child < heap.count {
                if isWorse(heap[child].value, heap[worst].value) { worst = child }
            }
            guard worst != place else { return }
            heap.swapAt(place, worst)
            place = worst
        }
    }

    /// The rows, the most wanted first; of equals, the one that came first.
    var sorted: [Int] {
        heap.sorted { left, right in
            if left.value.isNaN != right.value.isNaN { return right.value.isNaN }
            if left.value == right.value || left.value.isNaN { return left.row < right.row }
            return isMaximum ? left.value > right.value : left.value < right.value
        }.map(\.row)
    }
}

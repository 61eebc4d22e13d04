import Model

extension Evaluator {
    /// An aggregation.
    mutating func aggregate(
        _ aggregate: AggregatePlan, _ plan: Plan
    ) async throws(PromQLError) -> Table {
        switch aggregate.operation {
        case .sum: try await reduce(aggregate, SumAccumulator.self)
        case .avg: try await reduce(aggregate, AverageAccumulator.self)
        case .min: try await reduce(aggregate, MinimumAccumulator.self)
        case .max: try await reduce(aggregate, MaximumAccumulator.self)
        case .count: try await reduce(aggregate, CountAccumulator.self)
        case .group: try await reduce(aggregate, GroupAccumulator.self)
        case .stddev: try await reduce(aggregate, DeviationAccumulator.self)
        case .stdvar: try await reduce(aggregate, VarianceAccumulator.self)
        case .quantile: try await quantile(aggregate)
        case .topk, .bottomk, .limitk, .limitRatio: try await choose(aggregate, plan)
        case .countValues: try await countValues(aggregate)
        }
    }

    /// The labels that groups are made by.
    func groupSubset(_ aggregate: AggregatePlan) -> LabelSubset {
        aggregate.isWithout
            ? .without(aggregate.grouping + ["__name__"]) : .only(aggregate.grouping)
    }

    /// The groups of a table's rows.
    func groups(_ aggregate: AggregatePlan, _ table: Table) -> GroupList {
        let subset = groupSubset(aggregate)
        var keys = LabelKeys(expecting: 16)
        var groups: [Int] = []
        groups.reserveCapacity(table.count)
        for row in 0..<table.count {
            groups.append(
                keys.number(of: table.labels[row], self.subset(subset, of: table, row: row)))
        }
        return GroupList(groups: groups, labels: (0..<keys.count).map(keys.labels))
    }

    // MARK: Many floats become one

    private mutating func reduce<Kind: Accumulator>(
        _ aggregate: AggregatePlan, _ kind: Kind.Type
    ) async throws(PromQLError) -> Table {
        if case .window(let window) = aggregate.input.kind,
            let (columns, input) = try await plainColumns(window, aggregate.input)
        {
            return try await reduce(aggregate, window, columns, input, kind)
        }
        let table = try await self.table(of: aggregate.input)
        let list = groups(aggregate, table)
        var cells = GroupCells<Kind>(groups: list.count, steps: table.steps)
        var histograms = HistogramGroups(aggregate.operation, steps: table.steps)
        for row in 0..<table.count {
            let group = list.groups[row]
            cells.add(table.values, table.range(of: row), to: group)
            guard let column = table.histograms[row] else { continue }
            for case (let step, let histogram?) in column.enumerated()
            where histograms.add(
                histogram, metric: table.labels[row].metric, to: group * table.steps + step,
                &annotations, at: aggregate.input.position)
            {
                cells.addOne(to: group, step)
            }
        }
        var isDropped = [Bool](repeating: false, count: list.count)
        for row in 0..<table.count where table.isNameDropped[row] {
            isDropped[list.groups[row]] = true
        }
        let result = histograms.table(
            cells, list, isNameDropped: isDropped, &annotations, at: aggregate.input.position)
        try budget.hold(result.presentCount)
        return result
    }

    /// The same without a table: each column is added to its group and forgotten.
    private mutating func reduce<Kind: Accumulator>(
        _ aggregate: AggregatePlan, _ window: WindowPlan, _ columns: Columns,
        _ input: WindowInput, _ kind: Kind.Type
    ) async throws(PromQLError) -> Table {
        let start = ContinuousClock.now
        var subset = groupSubset(aggregate)
        let keepsName = window.function == .lastOverTime || window.function == .firstOverTime
        if !options.delaysNameRemoval { subset = subset.droppingMetadata(!keepsName) }
        var keys = LabelKeys(expecting: 16)
        var groups: [Int] = []
        groups.reserveCapacity(input.count)
        for series in 0..<input.count {
            groups.append(keys.number(of: input.labels(series), subset))
        }
        let list = GroupList(groups: groups, labels: (0..<keys.count).map(keys.labels))
        let steps = input.steps.count
        let (budget, checksCounters) = (
            budget, window.function == .rate || window.function == .increase
        )
        // Each piece has cells of its own: not so many that they outweigh the columns.
        let parts = try await Chunks.map(input.count, weight: steps, atLeast: list.count * 4) {
            (rows) throws(PromQLError) -> (GroupCells<Kind>, Int?) in
            try budget.check()
            var cells = GroupCells<Kind>(groups: list.count, steps: steps)
            var firstPresent: Int?
            let looked = try columns.fill(rows) { (series, column) throws(PromQLError) in
                let isPresent = cells.add(column, 0..<steps, to: list.groups[series])
                if checksCounters, firstPresent == nil, isPresent { firstPresent = series }
            }
            budget.look(at: looked)
            return (cells, firstPresent)
        }
        var cells = GroupCells<Kind>(groups: list.count, steps: steps)
        for (place, part) in parts.enumerated() {
            if place == 0 { cells = part.0 } else { cells.add(part.0) }
        }
        if let series = parts.lazy.compactMap(\.1).first {
            nonCounterRemark(input.labels(series), &annotations, at: input.position)
        }
        if explains {
            costs[aggregate.input.id] = Cost(
                time: ContinuousClock.now - start, series: input.count,
                method: "column by column, each added to its group and forgotten")
        }
        let table = cells.table(
            list, isNameDropped: [Bool](repeating: !keepsName, count: list.count))
        try budget.hold(table.presentCount)
        return table
    }
}

/// The group of each row, and the labels of each group.
struct GroupList: Sendable {
    let groups: [Int]
    let labels: [Labels]

    /// How many groups there are.
    var count: Int { labels.count }
}

/// What is kept for every group at every step.
struct GroupCells<Kind: Accumulator>: Sendable {
    private var cells: [Kind.Cell]
    let steps: Int

    init(groups: Int, steps: Int) {
        cells = [Kind.Cell](repeating: Kind.empty, count: groups * steps)
        self.steps = steps
    }

    /// Adds the values at some places to a group; false where none is there.
    @discardableResult
    mutating func add(_ values: [Double], _ places: Range<Int>, to group: Int) -> Bool {
        let start = group * steps
        let source = values.span.extracting(places)
        var target = cells.mutableSpan
        var isPresent = false
        for step in 0..<source.count {
            let value = source[step]
            if value.isAbsent { continue }
            isPresent = true
            Kind.add(value, to: &target[start + step])
        }
        return isPresent
    }

    /// Counts something that is no float.
    mutating func addOne(to group: Int, _ step: Int) {
        Kind.add(1, to: &cells[group * steps + step])
    }

    /// Adds what other rows of the same groups made.
    mutating func add(_ other: GroupCells) {
        for place in 0..<cells.count { Kind.add(other.cells[place], to: &cells[place]) }
    }

    /// The result of a group at a step.
    func result(_ place: Int) -> Double { Kind.result(cells[place]) }

    /// A row for each group.
    func table(_ list: GroupList, isNameDropped: [Bool]) -> Table {
        var table = Table(steps: steps)
        table.reserve(list.count)
        for group in 0..<list.count {
            let column = (0..<steps).map { Kind.result(cells[group * steps + $0]) }
            guard column.contains(where: { !$0.isAbsent }) else { continue }
            table.append(list.labels[group], isNameDropped: isNameDropped[group], column)
        }
        return table
    }
}

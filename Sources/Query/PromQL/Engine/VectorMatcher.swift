import Model

/// Puts the elements of two vectors together that have the same matching labels.
///
/// Rows of one group are paired once. Where a group has one row on each side, which is nearly
/// always so, the pair is one pass over two columns.
struct VectorMatcher {
    private let operation: VectorOperation
    private let element: ElementOperation
    private let groups: Int
    /// The side of which a group may have many elements; the left one where it has only one.
    private let many: Table
    private let one: Table
    private let subset: LabelSubset
    private let options: EngineOptions
    /// Whether the many stand on the right.
    private let isSwapped: Bool
    private var result: Table
    private var keys: LabelKeys
    /// The row of the result that each key has.
    private var rowOfKey: [Int] = []
    /// The group of each row of the result, to tell whose elements are in each other's way.
    private var groupOfRow: [Int] = []
    private(set) var annotations = Annotations()

    init(
        _ operation: VectorOperation, groups: Int, left: Table, right: Table, subset: LabelSubset,
        options: EngineOptions
    ) {
        self.operation = operation
        element = ElementOperation(
            operation: operation.operation, isBool: operation.isBool, position: operation.position)
        self.groups = groups
        isSwapped = operation.matching.cardinality == .oneToMany
        many = isSwapped ? right : left
        one = isSwapped ? left : right
        self.subset = subset
        self.options = options
        result = Table(steps: left.steps)
        keys = LabelKeys(expecting: max(left.count, right.count))
    }

    /// What the operator yields where the rows of both sides are in these groups.
    mutating func result(
        _ leftGroups: [Int], _ rightGroups: [Int]
    ) throws(PromQLError) -> Table {
        let manyRows = RowGroups(isSwapped ? rightGroups : leftGroups, count: groups)
        let oneRows = RowGroups(isSwapped ? leftGroups : rightGroups, count: groups)
        result.reserve(min(many.count, max(one.count, many.count)))
        for group in 0..<groups {
            let (manyOfGroup, oneOfGroup) = (manyRows[group], oneRows[group])
            if manyOfGroup.count == 1, oneOfGroup.count == 1, isPlain {
                try pair(manyOfGroup.first ?? 0, oneOfGroup.first ?? 0, group)
            } else {
                try match(Array(manyOfGroup), Array(oneOfGroup), group)
            }
        }
        return result
    }

    private var isPlain: Bool {
        let matching = operation.matching
        return matching.fillLeft == nil && matching.fillRight == nil && many.histograms.isEmpty
            && one.histograms.isEmpty && operation.operation != .trimUpper
            && operation.operation != .trimLower
    }

    // MARK: One row on each side

    private mutating func pair(_ left: Int, _ right: Int, _ group: Int) throws(PromQLError) {
        let steps = many.steps
        let (manyStart, oneStart) = (left * steps, right * steps)
        let start = result.values.count
        var isAnyPresent = false
        for step in 0..<steps {
            let (l, r) = (many.values[manyStart + step], one.values[oneStart + step])
            guard !l.isAbsent, !r.isAbsent else {
                result.values.append(Table.absent)
                continue
            }
            isAnyPresent = true
            result.values.append(isSwapped ? element.floats(r, l) : element.floats(l, r))
        }
        guard isAnyPresent else {
            result.values.removeLast(result.values.count - start)
            return
        }
        let column = result.values[start...]
        let labels = labels(many.labels[left], and: shownLabels(one, right))
        let isDropped = isResultDropped(many.isNameDropped[left])
        guard operation.matching.cardinality != .oneToOne else {
            result.labels.append(labels)
            result.isNameDropped.append(isDropped)
            groupOfRow.append(group)
            occupied.append([])
            return
        }
        let values = Array(column)
        result.values.removeLast(steps)
        let row = row(labels, isDropped, group)
        for step in 0..<steps where !values[step].isAbsent {
            try put(.float(values[step]), row, step, group)
        }
    }

    // MARK: Any rows, step by step

    private mutating func match(
        _ manyRows: [Int], _ oneRows: [Int], _ group: Int
    ) throws(PromQLError) {
        let matching = operation.matching
        let hasFill = matching.fillLeft != nil || matching.fillRight != nil
        guard hasFill || oneRows.count > 1 || (!manyRows.isEmpty && !oneRows.isEmpty) else {
            return
        }
        var rows: [Pair: Int] = [:]
        for step in 0..<many.steps {
            let single = try theOne(of: oneRows, step, hasFill: hasFill, group)
            var matched = 0
            for row in manyRows where many.isPresent(row, step) {
                let other: Element
                if let single {
                    other = one.element(single, step)
                } else if let fill = matching.fillRight {
                    other = .float(fill)
                } else {
                    continue
                }
                matched += 1
                let value = combine(many.element(row, step), other)
                if matching.cardinality == .oneToOne, matched > 1 {
                    throw .execution(
                        "multiple matches for labels: many-to-one matching must be explicit "
                            + "(group_left/group_right)")
                }
                try put(value, Pair(many: row, one: single), &rows, step, group)
            }
            if matched == 0, let single, let fill = matching.fillLeft {
                let value = combine(.float(fill), one.element(single, step))
                try put(value, Pair(many: nil, one: single), &rows, step, group)
            }
        }
    }

    /// The element of the one side at a step; more than one is an error.
    private func theOne(
        of rows: [Int], _ step: Int, hasFill: Bool, _ group: Int
    ) throws(PromQLError) -> Int? {
        var found: Int?
        for row in rows where one.isPresent(row, step) {
            guard let first = found else {
                found = row
                continue
            }
            // Nothing is looked at where one side is empty.
            guard hasFill || (0..<many.count).contains(where: { many.isPresent($0, step) })
            else { return nil }
            throw duplicate(first, row)
        }
        return found
    }

    private func duplicate(_ first: Int, _ second: Int) -> PromQLError {
        let both = [one.labels[first], one.labels[second]].sorted()
        let side = isSwapped ? "left" : "right"
        return .execution(
            "found duplicate series for the match group \(matchLabels(one, first)) on the \(side) "
                + "hand-side of the operation: [\(both[0]), \(both[1])];many-to-many matching not "
                + "allowed: matching labels must be unique on one side")
    }

    private mutating func combine(_ manyValue: Element, _ oneValue: Element) -> Element {
        isSwapped
            ? element.elements(oneValue, manyValue, &annotations)
            : element.elements(manyValue, oneValue, &annotations)
    }

    private mutating func put(
        _ value: Element, _ pair: Pair, _ rows: inout [Pair: Int], _ step: Int, _ group: Int
    ) throws(PromQLError) {
        if let row = rows[pair] {
            try put(value, row, step, group)
            return
        }
        let labels: Labels
        let isDropped: Bool
        if let row = pair.many {
            let other = pair.one.map { shownLabels(one, $0) } ?? matchLabels(many, row)
            labels = self.labels(many.labels[row], and: other)
            isDropped = many.isNameDropped[row]
        } else {
            let single = pair.one ?? 0
            labels = self.labels(matchLabels(one, single), and: shownLabels(one, single))
            isDropped = one.isNameDropped[single]
        }
        let row = row(labels, isResultDropped(isDropped), group)
        rows[pair] = row
        try put(value, row, step, group)
    }

    private struct Pair: Hashable {
        let many: Int?
        let one: Int?
    }

    // MARK: The result

    private mutating func row(_ labels: Labels, _ isDropped: Bool, _ group: Int) -> Int {
        let subset: LabelSubset =
            options.delaysNameRemoval ? .all : LabelSubset.all.droppingMetadata(isDropped)
        let number = keys.number(of: labels, subset)
        if number == rowOfKey.count {
            rowOfKey.append(result.count)
            result.append(
                labels, isNameDropped: isDropped,
                repeatElement(Table.absent, count: result.steps))
            groupOfRow.append(group)
            occupied.append([])
        }
        return rowOfKey[number]
    }

    /// The steps of each row at which a comparison did not hold, which still take their place.
    private var occupied: [Set<Int>] = []

    private mutating func put(
        _ value: Element, _ row: Int, _ step: Int, _ group: Int
    ) throws(PromQLError) {
        if result.isPresent(row, step) || occupied[row].contains(step) {
            throw .execution(
                groupOfRow[row] == group
                    ? "multiple matches for labels: grouping labels must ensure unique matches"
                    : "vector cannot contain metrics with the same labelset")
        }
        switch value {
        case .absent:
            if operation.matching.cardinality != .oneToOne { occupied[row].insert(step) }
        case .float(let value): result.values[row * result.steps + step] = value
        case .histogram(let histogram):
            var column =
                result.histograms[row]
                ?? [FloatHistogram?](repeating: nil, count: result.steps)
            column[step] = histogram
            result.histograms[row] = column
        }
    }

    /// Whether a result of a row shows no name.
    private func isResultDropped(_ isDropped: Bool) -> Bool {
        operation.isBool || (isDropped && !element.changesMetric)
    }

    /// The labels that the match was made by.
    private func matchLabels(_ table: Table, _ row: Int) -> Labels {
        let dropped = !options.delaysNameRemoval && table.isNameDropped[row]
        return subset.droppingMetadata(dropped).apply(to: table.labels[row])
    }

    private func shownLabels(_ table: Table, _ row: Int) -> Labels {
        options.delaysNameRemoval ? table.labels[row] : table.shownLabels(row)
    }

    /// The labels of what an element of the many and one of the one side yield.
    private func labels(_ labels: Labels, and other: Labels) -> Labels {
        let matching = operation.matching
        var kept = element.changesMetric ? labels.withoutMetadata : labels
        if matching.cardinality == .oneToOne, matching.isOn || !matching.labels.isEmpty {
            let names: LabelSubset =
                matching.isOn ? .only(matching.labels) : .without(matching.labels)
            kept = names.apply(to: kept)
        }
        guard !matching.include.isEmpty else { return kept }
        var builder = LabelsBuilder(kept)
        for name in matching.include { builder[name] = other[name] }
        return Labels(builder)
    }
}

/// The rows of each group, found without a list for each.
struct RowGroups {
    private var starts: [Int]
    private var rows: [Int]

    init(_ groups: [Int], count: Int) {
        starts = [Int](repeating: 0, count: count + 1)
        for group in groups { starts[group + 1] += 1 }
        for group in 0..<count { starts[group + 1] += starts[group] }
        rows = [Int](repeating: 0, count: groups.count)
        var next = starts
        for (row, group) in groups.enumerated() {
            rows[next[group]] = row
            next[group] += 1
        }
    }

    /// The rows of a group, in their order.
    subscript(group: Int) -> ArraySlice<Int> { rows[starts[group]..<starts[group + 1]] }
}

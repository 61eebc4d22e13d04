import Model

extension Evaluator {
    /// An operator between two scalars.
    mutating func scalars(
        _ operation: BinaryOperator, _ left: Plan, _ right: Plan, steps: Int
    ) async throws(PromQLError) -> ScalarColumn {
        let operation = ElementOperation(operation: operation, isBool: true, position: .none)
        let left = try await scalar(of: left)
        let right = try await scalar(of: right)
        if case .constant(let l) = left, case .constant(let r) = right {
            return .constant(operation.scalars(l, r))
        }
        var values: [Double] = []
        values.reserveCapacity(steps)
        for step in 0..<steps { values.append(operation.scalars(left[step], right[step])) }
        return .steps(values)
    }

    /// An operator between a vector and a scalar.
    mutating func vectorAndScalar(
        _ parts: VectorScalar, position: PositionRange
    ) async throws(PromQLError) -> Table {
        let operation = ElementOperation(
            operation: parts.operation, isBool: parts.isBool, position: position)
        var table: Table
        let column: ScalarColumn
        if parts.isSwapped {
            column = try await scalar(of: parts.scalar)
            table = try await self.table(of: parts.vector)
        } else {
            table = try await self.table(of: parts.vector)
            column = try await scalar(of: parts.scalar)
        }
        let isPlain = parts.operation != .trimUpper && parts.operation != .trimLower
        for row in 0..<table.count {
            if isPlain, table.histograms[row] == nil {
                table.apply(operation, row, column, isSwapped: parts.isSwapped)
            } else {
                table.applyToElements(
                    operation, row, column, isSwapped: parts.isSwapped, &annotations)
            }
        }
        guard operation.changesMetric || parts.isBool else { return table }
        for row in table.isNameDropped.indices { table.isNameDropped[row] = true }
        return try unique(table)
    }

    /// An operator between two vectors.
    mutating func vectors(
        _ operation: VectorOperation, _ left: Plan, _ right: Plan
    ) async throws(PromQLError) -> Table {
        let leftTable = try await table(of: left)
        let rightTable = try await table(of: right)
        let matching = operation.matching
        let subset: LabelSubset =
            matching.isOn ? .only(matching.labels) : .without(matching.labels + ["__name__"])
        var keys = LabelKeys(expecting: max(leftTable.count, rightTable.count))
        func groups(_ table: Table) -> [Int] {
            (0..<table.count).map { row in
                keys.number(of: table.labels[row], self.subset(subset, of: table, row: row))
            }
        }
        let leftGroups = groups(leftTable)
        let rightGroups = groups(rightTable)
        if operation.operation.isSetOperator {
            var sets = SetOperation(
                operation: operation.operation, groups: keys.count, left: leftTable,
                right: rightTable)
            return try combined(sets.result(leftGroups, rightGroups), operation.operation)
        }
        var matcher = VectorMatcher(
            operation, groups: keys.count, left: leftTable, right: rightTable, subset: subset,
            options: options)
        defer { annotations.add(matcher.annotations) }
        let result = try matcher.result(leftGroups, rightGroups)
        try budget.hold(result.presentCount)
        return result
    }

    /// Rows of both sides of `or` may show the same labels at different steps.
    private func combined(
        _ table: Table, _ operation: BinaryOperator
    ) throws(PromQLError) -> Table {
        guard operation == .or, !options.delaysNameRemoval else { return table }
        return try merged(table)
    }
}

/// An operator between two vectors, and how their elements find each other.
struct VectorOperation: Sendable {
    let operation: BinaryOperator
    let matching: VectorMatching
    let isBool: Bool
    let position: PositionRange
}

extension Table {
    /// Puts a row of floats through an operator.
    fileprivate mutating func apply(
        _ operation: ElementOperation, _ row: Int, _ column: ScalarColumn, isSwapped: Bool
    ) {
        let filters = operation.operation.isComparison && !operation.isBool
        for (step, place) in range(of: row).enumerated() {
            let value = values[place]
            if value.isAbsent { continue }
            guard isSwapped else {
                values[place] = operation.floats(value, column[step])
                continue
            }
            let result = operation.floats(column[step], value)
            // A comparison keeps the element of the vector, on whichever side it stands.
            values[place] = filters && !result.isAbsent ? value : result
        }
    }

    /// Puts a row through an operator that may hold histograms.
    fileprivate mutating func applyToElements(
        _ operation: ElementOperation, _ row: Int, _ column: ScalarColumn, isSwapped: Bool,
        _ remarks: inout Annotations
    ) {
        let filters = operation.operation.isComparison && !operation.isBool
        var result = ElementColumn(steps: steps)
        for step in 0..<steps {
            let element = element(row, step)
            let scalar = Element.float(column[step])
            let value =
                isSwapped
                ? operation.elements(scalar, element, &remarks)
                : operation.elements(element, scalar, &remarks)
            if isSwapped, filters, case .float = value {
                result[step] = element
            } else {
                result[step] = value
            }
        }
        for (step, place) in range(of: row).enumerated() { values[place] = result.values[step] }
        histograms[row] = result.histograms
    }
}

/// `and`, `or` and `unless`: which elements stay, told by which groups are there at a step.
struct SetOperation {
    let operation: BinaryOperator
    let groups: Int
    var left: Table
    var right: Table

    /// What stays of both sides, whose rows are in these groups.
    mutating func result(_ leftGroups: [Int], _ rightGroups: [Int]) -> Table {
        switch operation {
        case .or:
            let there = presence(of: left, leftGroups)
            keep(in: &right, rightGroups) { !there[$0] }
            left.append(right)
        case .and:
            let there = presence(of: right, rightGroups)
            keep(in: &left, leftGroups) { there[$0] }
        default:
            let there = presence(of: right, rightGroups)
            keep(in: &left, leftGroups) { !there[$0] }
        }
        return left
    }

    /// Whether a group has an element at a step; group after group.
    private func presence(of table: Table, _ groups: [Int]) -> [Bool] {
        var there = [Bool](repeating: false, count: self.groups * table.steps)
        for row in 0..<table.count {
            let start = groups[row] * table.steps
            for step in 0..<table.steps where table.isPresent(row, step) {
                there[start + step] = true
            }
        }
        return there
    }

    private func keep(
        in table: inout Table, _ groups: [Int], where stays: (Int) -> Bool
    ) {
        for row in 0..<table.count {
            let start = groups[row] * table.steps
            for step in 0..<table.steps where !stays(start + step) {
                table.values[row * table.steps + step] = Table.absent
                if !table.histograms.isEmpty { table.histograms[row]?[step] = nil }
            }
        }
    }
}

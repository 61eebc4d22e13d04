import Model

/// The native histograms of an aggregation's groups, beside the floats.
struct HistogramGroups {
    private let operation: AggregateOperator
    private let steps: Int
    private var cells: [Int: Cell] = [:]

    fileprivate struct Cell {
        var sum: HistogramSum
        var isIncompatible = false
    }

    init(_ operation: AggregateOperator, steps: Int) {
        self.operation = operation
        self.steps = steps
    }

    /// Adds a histogram at a place; true where it only has to be counted.
    mutating func add(
        _ histogram: FloatHistogram, metric: String, to place: Int, _ remarks: inout Annotations,
        at position: PositionRange
    ) -> Bool {
        switch operation {
        case .count, .group: return true
        case .sum, .avg:
            guard var cell = cells[place] else {
                cells[place] = Cell(sum: HistogramSum(histogram))
                return false
            }
            guard !cell.isIncompatible else { return false }
            let wasReconciled = cell.sum.isReconciled
            if !cell.sum.add(histogram) {
                remarks.mixedSchemas(metric, at: position)
                cell.isIncompatible = true
            } else if cell.sum.isReconciled, !wasReconciled {
                remarks.bucketsReconciled("aggregation", at: position)
            }
            cells[place] = cell
        default: remarks.histogramIgnored(in: operation.rawValue, at: position)
        }
        return false
    }

    /// A row for each group, of floats and histograms.
    func table<Kind>(
        _ floats: GroupCells<Kind>, _ list: GroupList, isNameDropped: [Bool],
        _ remarks: inout Annotations, at position: PositionRange
    ) -> Table {
        if cells.isEmpty { return floats.table(list, isNameDropped: isNameDropped) }
        var table = Table(steps: steps)
        for group in 0..<list.count {
            var column = ElementColumn(steps: steps)
            for step in 0..<steps {
                let place = group * steps + step
                let float = floats.result(place)
                guard let cell = cells[place] else {
                    if !float.isAbsent { column[step] = .float(float) }
                    continue
                }
                if !float.isAbsent {
                    remarks.mixedFloatsAndHistogramsInAggregation(at: position)
                    continue
                }
                guard !cell.isIncompatible else { continue }
                if cell.sum.collides {
                    remarks.resetCollision("aggregation", at: position)
                }
                let value = operation == .sum ? cell.sum.total : cell.sum.mean
                column[step] = .histogram(value.compacted)
            }
            guard column.isPresent else { continue }
            table.append(
                list.labels[group], isNameDropped: isNameDropped[group], column.values,
                histograms: column.histograms)
        }
        return table
    }
}

import Model

/// Values over time: series down, steps across, in one block of memory.
///
/// Where a series has no value at a step, the block holds the stale marker: no calculation yields
/// its bits, so that presence costs no column of its own.
struct Table: Sendable {
    /// How many steps a row has.
    let steps: Int
    /// Which series each row is.
    var labels: [Labels] = []
    /// Whether the metric's name no longer belongs to the row.
    var isNameDropped: [Bool] = []
    /// All rows, one after the other.
    var values: [Double] = []
    /// The histograms of the rows that have any, one place for each step.
    var histograms: [Int: [FloatHistogram?]] = [:]

    /// A table without rows.
    init(steps: Int) { self.steps = steps }

    /// How many rows it has.
    var count: Int { labels.count }

    /// The bits of what is not there.
    @inline(__always)
    static var absent: Double { StaleMarker.value }

    /// The places of a row's values.
    @inline(__always)
    func range(of row: Int) -> Range<Int> { (row * steps)..<((row + 1) * steps) }

    /// Makes room for more rows.
    mutating func reserve(_ rows: Int) {
        labels.reserveCapacity(labels.count + rows)
        isNameDropped.reserveCapacity(labels.count + rows)
        values.reserveCapacity(values.count + rows * steps)
    }

    /// Adds a row of `column`.
    mutating func append(
        _ labels: Labels, isNameDropped: Bool, _ column: some Collection<Double>,
        histograms: [FloatHistogram?]? = nil
    ) {
        assert(column.count == steps, "BUG: a row of another length")
        if let histograms { self.histograms[count] = histograms }
        self.labels.append(labels)
        self.isNameDropped.append(isNameDropped)
        values.append(contentsOf: column)
    }

    /// Adds the rows of `other`, which has as many steps.
    mutating func append(_ other: Table) {
        for (row, column) in other.histograms { histograms[count + row] = column }
        labels.append(contentsOf: other.labels)
        isNameDropped.append(contentsOf: other.isNameDropped)
        values.append(contentsOf: other.values)
    }

    /// Adds a copy of a row of `other`.
    mutating func append(row: Int, of other: Table) {
        append(
            other.labels[row], isNameDropped: other.isNameDropped[row],
            other.values[other.range(of: row)], histograms: other.histograms[row])
    }

    /// Whether a row has a value at a step, be it a float or a histogram.
    @inline(__always)
    func isPresent(_ row: Int, _ step: Int) -> Bool {
        if !values[row * steps + step].isAbsent { return true }
        guard !histograms.isEmpty, let column = histograms[row] else { return false }
        return column[step] != nil
    }

    /// Whether a row has no value at any step.
    func isEmpty(row: Int) -> Bool {
        for place in range(of: row) where !values[place].isAbsent { return false }
        return histograms[row]?.allSatisfy { $0 == nil } ?? true
    }

    /// The histogram of a row at a step.
    func histogram(_ row: Int, _ step: Int) -> FloatHistogram? {
        histograms.isEmpty ? nil : histograms[row]?[step]
    }

    /// The same, counted the quick way where there are no histograms.
    var heldCount: Int { histograms.isEmpty ? presentCount : sampleCount }

    /// How many floats it holds.
    var presentCount: Int {
        var count = 0
        for value in values where !value.isAbsent { count += 1 }
        return count
    }

    /// How many values it holds; a histogram counts as the floats it would fill.
    var sampleCount: Int {
        var count = 0
        for value in values where !value.isAbsent { count += 1 }
        for column in histograms.values {
            for case let histogram? in column { count += histogram.sampleWeight }
        }
        return count
    }

    /// How much memory the values take; a histogram counts as the floats it would fill.
    var bytes: Int {
        var count = values.count
        for column in histograms.values {
            for case let histogram? in column { count += histogram.sampleWeight }
        }
        return count * MemoryLayout<Double>.stride
    }

    /// The labels that a row shows: without the name where it was dropped.
    func shownLabels(_ row: Int) -> Labels {
        isNameDropped[row] ? labels[row].withoutMetadata : labels[row]
    }
}

extension Double {
    /// Whether this says that there is no value.
    @inline(__always)
    var isAbsent: Bool { bitPattern == StaleMarker.bits }
}

extension Labels {
    /// The labels that describe the metric and not the thing measured.
    static let metadataNames = ["__name__", "__type__", "__unit__"]

    /// Whether a label of this name describes the metric and not the thing measured.
    static func isMetadata(_ name: String) -> Bool {
        name.utf8.count == 8 && metadataNames.contains { $0.hasSameBytes(as: name) }
    }

    /// The same labels without name, type and unit of the metric.
    var withoutMetadata: Labels {
        guard contains(where: { $0.isMetadata }) else { return self }
        return Labels(inOrder: filter { !$0.isMetadata })
    }
}

extension Label {
    /// Whether it describes the metric and not the thing measured.
    @inline(__always)
    var isMetadata: Bool { Labels.isMetadata(name) }
}

/// One number for each step.
enum ScalarColumn: Sendable {
    /// The same at every step.
    case constant(Double)
    /// One for each step.
    case steps([Double])

    /// The number at a step.
    @inline(__always)
    subscript(step: Int) -> Double {
        switch self {
        case .constant(let value): value
        case .steps(let values): values[step]
        }
    }

    /// All numbers, for so many steps.
    func values(_ count: Int) -> [Double] {
        switch self {
        case .constant(let value): [Double](repeating: value, count: count)
        case .steps(let values): values
        }
    }

    /// How many numbers are kept.
    var count: Int {
        switch self {
        case .constant: 1
        case .steps(let values): values.count
        }
    }

    /// The first number, or zero where there is no step.
    var first: Double {
        switch self {
        case .constant(let value): value
        case .steps(let values): values.first ?? 0
        }
    }

    /// Each number changed by `change`.
    func map(_ change: (Double) -> Double) -> ScalarColumn {
        switch self {
        case .constant(let value): .constant(change(value))
        case .steps(let values): .steps(values.map(change))
        }
    }
}

/// What a part of an expression yields.
enum Value: Sendable {
    case scalar(ScalarColumn)
    case vector(Table)
    case string(String)
}

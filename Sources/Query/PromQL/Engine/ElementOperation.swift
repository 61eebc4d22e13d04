import Glibc

/// An operator between two values, and what is said where it does not fit them.
struct ElementOperation: Sendable {
    let operation: BinaryOperator
    let isBool: Bool
    let position: PositionRange

    /// What two floats yield; the absent value where a comparison does not hold.
    @inline(__always)
    func floats(_ left: Double, _ right: Double) -> Double {
        switch operation {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        case .modulo: fmod(left, right)
        case .power: pow(left, right)
        case .atan2: Glibc.atan2(left, right)
        case .equal: compared(left == right, left)
        case .notEqual: compared(left != right, left)
        case .less: compared(left < right, left)
        case .lessOrEqual: compared(left <= right, left)
        case .greater: compared(left > right, left)
        case .greaterOrEqual: compared(left >= right, left)
        case .and, .or, .unless, .trimUpper, .trimLower: Table.absent
        }
    }

    @inline(__always)
    private func compared(_ holds: Bool, _ left: Double) -> Double {
        if isBool { return holds ? 1 : 0 }
        return holds ? left : Table.absent
    }

    /// What two scalars yield: a comparison is 0 or 1.
    func scalars(_ left: Double, _ right: Double) -> Double {
        ElementOperation(operation: operation, isBool: true, position: position)
            .floats(left, right)
    }

    /// What two values yield of which at least one may be a histogram.
    func elements(_ left: Element, _ right: Element, _ remarks: inout Annotations) -> Element {
        switch (left, right) {
        case (.absent, _), (_, .absent): return .absent
        case (.float(let l), .float(let r)):
            if operation == .trimUpper || operation == .trimLower {
                return mismatch("float", "float", &remarks)
            }
            let value = floats(l, r)
            return value.isAbsent ? .absent : .float(value)
        case (.float(let l), .histogram(let r)):
            guard operation == .multiply else { return mismatch("float", "histogram", &remarks) }
            return .histogram(r.scaled(by: l).compacted)
        case (.histogram(let l), .float(let r)):
            switch operation {
            case .multiply: return .histogram(l.scaled(by: r).compacted)
            case .divide: return .histogram(l.divided(by: r).compacted)
            case .trimUpper: return .histogram(l.trimmed(above: r))
            case .trimLower: return .histogram(l.trimmed(below: r))
            default: return mismatch("histogram", "float", &remarks)
            }
        case (.histogram(let l), .histogram(let r)): return histograms(l, r, &remarks)
        }
    }

    private func histograms(
        _ left: FloatHistogram, _ right: FloatHistogram, _ remarks: inout Annotations
    ) -> Element {
        switch operation {
        case .add, .subtract:
            let isSum = operation == .add
            let name = isSum ? "addition" : "subtraction"
            guard let sum = left.combined(with: right, isSum: isSum) else {
                remarks.incompatibleBuckets(operation.rawValue, at: position)
                return .absent
            }
            if sum.collides { remarks.resetCollision(name, at: position) }
            if sum.isReconciled { remarks.bucketsReconciled(name, at: position) }
            return .histogram(sum.histogram.compacted)
        case .equal, .notEqual:
            let holds = left.hasSameContent(as: right) == (operation == .equal)
            if isBool { return .float(holds ? 1 : 0) }
            return holds ? .histogram(left) : .absent
        default: return mismatch("histogram", "histogram", &remarks)
        }
    }

    private func mismatch(
        _ left: String, _ right: String, _ remarks: inout Annotations
    ) -> Element {
        remarks.incompatibleTypes(left, operation.rawValue, right, at: position)
        return .absent
    }

    /// Whether the metric is no longer the metric that it was.
    var changesMetric: Bool {
        switch operation {
        case .add, .subtract, .multiply, .divide, .modulo, .power, .atan2: true
        default: false
        }
    }
}

/// A value of a series at a step.
enum Element: Sendable {
    case absent
    case float(Double)
    case histogram(FloatHistogram)
}

extension Table {
    /// The value of a row at a step.
    func element(_ row: Int, _ step: Int) -> Element {
        let value = values[row * steps + step]
        if !value.isAbsent { return .float(value) }
        return histogram(row, step).map { .histogram($0) } ?? .absent
    }
}

/// A row that is being made of values of either kind.
struct ElementColumn {
    private(set) var values: [Double]
    private(set) var histograms: [FloatHistogram?]?

    /// A column without values.
    init(steps: Int) { values = [Double](repeating: Table.absent, count: steps) }

    /// The value at a step.
    subscript(step: Int) -> Element {
        get {
            if !values[step].isAbsent { return .float(values[step]) }
            return histograms?[step].map { .histogram($0) } ?? .absent
        }
        set {
            switch newValue {
            case .absent: break
            case .float(let value): values[step] = value
            case .histogram(let histogram):
                var column =
                    histograms ?? [FloatHistogram?](repeating: nil, count: values.count)
                histograms = nil
                column[step] = histogram
                histograms = column
            }
        }
    }
}

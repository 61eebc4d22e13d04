import Model

/// The buckets of a classic histogram at one step, cumulative and ordered by their bounds.
struct ClassicBuckets {
    private(set) var bounds: [Double] = []
    private(set) var counts: [Double] = []

    /// Forgets all buckets and keeps the room.
    mutating func removeAll() {
        bounds.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
    }

    /// Adds a bucket whose bound is not below that of the last; one of the same bound is added
    /// to it.
    mutating func add(_ bound: Double, _ count: Double) {
        if let last = bounds.last, last == bound {
            counts[counts.count - 1] += count
        } else {
            bounds.append(bound)
            counts.append(count)
        }
    }

    var isEmpty: Bool { bounds.isEmpty }

    /// How much buckets had to be raised.
    struct Repair {
        var bounds: ClosedRange<Double>
        var difference: Double
    }

    /// The value below which the share `quantile` of all observations lies.
    mutating func quantile(_ quantile: Double) -> (value: Double, repair: Repair?) {
        if quantile.isNaN { return (.nan, nil) }
        if quantile < 0 { return (-.infinity, nil) }
        if quantile > 1 { return (.infinity, nil) }
        guard bounds.last == .infinity else { return (.nan, nil) }
        let repair = makeMonotonic()
        let last = counts.count - 1
        guard last > 0, counts[last] != 0 else { return (.nan, nil) }
        var rank = quantile * counts[last]
        var (low, high) = (0, last)
        while low < high {
            let middle = (low + high) / 2
            if counts[middle] >= rank { high = middle } else { low = middle + 1 }
        }
        if low == last { return (bounds[last - 1], repair) }
        if low == 0, bounds[0] <= 0 { return (bounds[0], repair) }
        var start = 0.0
        var count = counts[low]
        if low > 0 {
            start = bounds[low - 1]
            count -= counts[low - 1]
            rank -= counts[low - 1]
        }
        return (start + (bounds[low] - start) * (rank / count), repair)
    }

    /// Differences that are smaller than this part of their sum are errors of rounding.
    private static let tolerance = 1e-12

    private mutating func makeMonotonic() -> Repair? {
        var repair: Repair?
        var before = counts[0]
        for place in counts.indices.dropFirst() {
            let count = counts[place]
            if count == before { continue }
            if Self.areAlmostEqual(before, count) {
                counts[place] = before
            } else if count < before {
                let bound = bounds[place]
                repair = Repair(
                    bounds: min(
                        repair?.bounds.lowerBound ?? bound, bound)...max(
                            repair?.bounds.upperBound ?? bound, bound),
                    difference: max(repair?.difference ?? 0, before - count))
                counts[place] = before
            } else {
                before = count
            }
        }
        return repair
    }

    private static func areAlmostEqual(_ left: Double, _ right: Double) -> Bool {
        if left.isNaN, right.isNaN { return true }
        let sum = left.magnitude + right.magnitude
        let difference = (left - right).magnitude
        if left == 0 || right == 0 || sum < .leastNormalMagnitude {
            return difference < tolerance * .leastNormalMagnitude
        }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }

    /// The share of all observations between `lower` and `upper`.
    func fraction(from lower: Double, to upper: Double) -> Double {
        guard bounds.last == .infinity, let total = counts.last, total != 0, !lower.isNaN,
            !upper.isNaN
        else { return .nan }
        guard lower < upper else { return 0 }
        return (min(rank(of: upper), total) - min(rank(of: lower), total)) / total
    }

    private func rank(of value: Double) -> Double {
        var rank = 0.0
        // Values are thought to be positive where the first bucket ends above zero.
        var lower = bounds[0] > 0 ? 0 : -Double.infinity
        for (place, upper) in bounds.enumerated() {
            if lower >= value { return rank }
            if upper > value {
                // Nothing can be said of where values lie in a bucket without end.
                if lower == -.infinity { return counts[place] }
                if upper == .infinity { return rank }
                return rank + (counts[place] - rank) * (value - lower) / (upper - lower)
            }
            rank = counts[place]
            lower = upper
        }
        return .infinity
    }
}

/// A table's rows as histograms: classic ones, whose buckets are rows, and native ones.
struct HistogramRows {
    /// The rows of each classic histogram, ordered by the bounds of their buckets.
    private(set) var classic: [[(row: Int, bound: Double)]] = []
    /// A row of each classic histogram, for its labels.
    private(set) var native: [Int] = []
    /// The classic histogram that has the labels of a native one, by row.
    private(set) var counterpart: [Int: Int] = [:]

    /// Sorts the rows of `table`; `subset` tells which labels a row shows.
    init(
        _ table: Table, subset: (LabelSubset, Int) -> LabelSubset, onBadBound: (Int) -> Void
    ) {
        var keys = LabelKeys(expecting: table.count / 8)
        var bounds: [ByteKey: Double?] = [:]
        for row in 0..<table.count {
            if table.histograms[row] != nil { native.append(row) }
            guard table.values[table.range(of: row)].contains(where: { !$0.isAbsent }) else {
                continue
            }
            let text = table.labels[row][LabelName.bucketBound]
            let key = ByteKey(text)
            let bound = bounds[key] ?? Double(text)
            bounds[key] = .some(bound)
            guard let bound else {
                onBadBound(row)
                continue
            }
            let number = keys.number(
                of: table.labels[row], subset(.without([LabelName.bucketBound]), row))
            if number == classic.count { classic.append([]) }
            classic[number].append((row, bound))
        }
        for number in classic.indices { classic[number].sort { $0.bound < $1.bound } }
        for row in native {
            counterpart[row] = keys.find(table.labels[row], subset(.all, row))
        }
    }
}

import Model

/// The orders that the sorting functions put rows in.
enum Sorting {
    /// Rows by their values, NaN at the end.
    static func byValue(_ rows: [Int], _ values: [Double], isDescending: Bool) -> [Int] {
        rows.sorted { left, right in
            let (l, r) = (values[left], values[right])
            if l.isNaN || r.isNaN { return !l.isNaN }
            return isDescending ? l > r : l < r
        }
    }

    /// Rows by some of their labels in natural order, and then by all.
    static func byLabels(
        _ rows: [Int], _ labels: [Labels], _ names: [String], isDescending: Bool
    ) -> [Int] {
        rows.sorted { left, right in
            let (first, second) = isDescending ? (right, left) : (left, right)
            for name in names {
                let (l, r) = (labels[first][name], labels[second][name])
                if l.hasSameBytes(as: r) { continue }
                return NaturalOrder.isLess(l, r)
            }
            return labels[first] < labels[second]
        }
    }
}

/// The order of people: `node2` before `node10`.
enum NaturalOrder {
    /// Whether `left` comes before `right`.
    static func isLess(_ left: String, _ right: String) -> Bool {
        let (l, r) = (chunks(left), chunks(right))
        for (first, second) in zip(l, r) where !first.elementsEqual(second) {
            guard let one = number(first), let other = number(second) else {
                return first.lexicographicallyPrecedes(second)
            }
            if one != other { return one < other }
            // The same number written longer comes later.
            return first.count < second.count
        }
        return l.count < r.count
    }

    /// Runs of digits and runs of others.
    private static func chunks(_ text: String) -> [ArraySlice<UInt8>] {
        let bytes = Array(text.utf8)
        var result: [ArraySlice<UInt8>] = []
        var start = 0
        for place in bytes.indices where place > start {
            if isDigit(bytes[place]) != isDigit(bytes[start]) {
                result.append(bytes[start..<place])
                start = place
            }
        }
        if start < bytes.count { result.append(bytes[start...]) }
        return result
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Double? {
        guard let first = bytes.first, isDigit(first) else { return nil }
        var value = 0.0
        for byte in bytes { value = value * 10 + Double(byte - 0x30) }
        return value
    }
}

import Model

/// Labels as text, so that one that many series share is made once.
///
/// A label has one place, which the next label of that place takes: what is rare is made anew.
struct LabelTexts {
    private var pairs: [UInt32] = []
    private var labels: [Label] = []
    private static let nobody = UInt32.max
    private static let most = 4096

    /// Makes room for the labels of so many series.
    mutating func prepare(for series: Int) {
        guard labels.count < Self.most, labels.count < series * 16 else { return }
        let room = series > 64 ? Self.most : 64
        guard room > labels.count else { return }
        pairs = Array(repeating: Self.nobody, count: room)
        labels = Array(repeating: Label("", ""), count: room)
    }

    /// The labels of a series.
    @inline(__always)
    mutating func labels(of series: UInt32, in table: borrowing SeriesTable) -> Labels {
        unsafe table.withPairs(of: series) { numbers in
            let all = unsafe [Label](unsafeUninitializedCapacity: numbers.count) { buffer, count in
                for index in 0..<numbers.count {
                    // Safe: there is room for as many labels as there are numbers.
                    unsafe buffer.initializeElement(
                        at: index, to: label(unsafe numbers[index], in: table))
                }
                count = numbers.count
            }
            return Labels(inOrder: all)
        }
    }

    @inline(__always)
    private mutating func label(_ pair: UInt32, in table: borrowing SeriesTable) -> Label {
        let place = Int(pair &* 0x9e37_79b1 >> 20) & (labels.count - 1)
        if pairs[place] == pair { return labels[place] }
        let label = table.label(pair)
        pairs[place] = pair
        labels[place] = label
        return label
    }
}

/// A label set while it is being changed; freeze it with `Labels(builder)`.
public struct LabelsBuilder: Sendable {
    /// What is held now: sorted by name, each name once, no empty value.
    public private(set) var labels: [Label]

    /// Begins with `labels`.
    public init(_ labels: Labels = Labels()) { self.labels = labels.sorted }

    /// Begins with labels in any order; of two with one name the later counts.
    public init(_ labels: some Sequence<Label>) {
        self.labels = []
        for label in labels { self[label.name] = label.value }
    }

    /// The value of `name`, or an empty text; setting an empty text removes the label.
    public subscript(name: String) -> String {
        get {
            guard let index = Self.index(of: name, in: labels) else { return "" }
            return labels[index].value
        }
        set {
            let index = Self.insertion(of: name, in: labels)
            let isPresent = index < labels.count && labels[index].name.hasSameBytes(as: name)
            switch (isPresent, newValue.isEmpty) {
            case (true, true): labels.remove(at: index)
            case (true, false): labels[index] = Label(name, newValue)
            case (false, true): break
            case (false, false): labels.insert(Label(name, newValue), at: index)
            }
        }
    }

    /// Removes every label for which `condition` holds.
    public mutating func removeAll(where condition: (Label) -> Bool) {
        labels.removeAll(where: condition)
    }

    /// The first place whose name does not sort before `name`.
    static func insertion(of name: String, in labels: [Label]) -> Int {
        var low = 0
        var high = labels.count
        while low < high {
            let middle = (low + high) / 2
            if labels[middle].name.isBytewiseLess(than: name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The place of `name`, if it is there.
    @inline(__always)
    static func index(of name: String, in labels: [Label]) -> Int? {
        if labels.count > 32 { return search(name, in: labels) }
        // Few names have the same length: to look at all of them is faster than to halve.
        let length = name.utf8.count
        for index in labels.indices
        where labels[index].name.utf8.count == length && labels[index].name.hasSameBytes(as: name) {
            return index
        }
        return nil
    }

    private static func search(_ name: String, in labels: [Label]) -> Int? {
        let index = insertion(of: name, in: labels)
        guard index < labels.count, labels[index].name.hasSameBytes(as: name) else { return nil }
        return index
    }
}

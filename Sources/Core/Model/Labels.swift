/// One label: a name and its value, both compared by their bytes.
public struct Label: Sendable, Hashable {
    /// The name; never empty inside `Labels`.
    public let name: String
    /// The value; never empty inside `Labels`, since an empty value means that the label is absent.
    public let value: String

    /// A label of these two.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether name and value are the same bytes.
    public static func == (left: Label, right: Label) -> Bool {
        left.name.hasSameBytes(as: right.name) && left.value.hasSameBytes(as: right.value)
    }

    /// Hashes the bytes of both.
    public func hash(into hasher: inout Hasher) {
        var hash = StableHash()
        hash.combine(name)
        hash.combine(value)
        hasher.combine(hash.value)
    }
}

/// A label set: sorted by name, each name once, no empty value, and never changed.
public struct Labels: Sendable, Hashable {
    let sorted: [Label]

    /// No label.
    public init() { sorted = [] }

    /// The labels in any order; of two with one name the later counts, and empty values are left
    /// out.
    public init(_ labels: some Sequence<Label>) {
        self.init(LabelsBuilder(labels))
    }

    /// Takes labels that are sorted by the bytes of their names, each name once, none empty.
    ///
    /// Nothing of that is checked in release: for loops that build many sets in order.
    public init(inOrder labels: [Label]) {
        assert(
            zip(labels, labels.dropFirst()).allSatisfy { $0.name.isBytewiseLess(than: $1.name) },
            "BUG: the labels are not in order")
        assert(!labels.contains { $0.value.isEmpty }, "BUG: a label is empty")
        sorted = labels
    }

    /// Freezes what `builder` holds.
    public init(_ builder: LabelsBuilder) { sorted = builder.labels }

    /// The value of `name`, or an empty text where there is no such label.
    public subscript(name: String) -> String {
        guard let index = LabelsBuilder.index(of: name, in: sorted) else { return "" }
        return sorted[index].value
    }

    /// Whether there is a label `name`.
    public func contains(_ name: String) -> Bool {
        LabelsBuilder.index(of: name, in: sorted) != nil
    }

    /// The metric's name, or an empty text.
    public var metric: String { self[LabelName.metric] }

    /// Runs `body` over all labels, in the order of their names' bytes.
    ///
    /// It counts no references, which every other way to a label does.
    @inline(__always)
    public func withSpan<Result>(_ body: (Span<Label>) -> Result) -> Result { body(sorted.span) }

    /// The same on every machine, in every run, for the same labels.
    public var stableHash: UInt64 {
        var hash = StableHash()
        for label in sorted {
            hash.combine(label.name)
            hash.combine(label.value)
        }
        return hash.value
    }

    /// Hashes the bytes of all names and values.
    public func hash(into hasher: inout Hasher) { hasher.combine(stableHash) }
}

extension Labels: RandomAccessCollection {
    /// The place of the first label.
    public var startIndex: Int { sorted.startIndex }
    /// The place behind the last label.
    public var endIndex: Int { sorted.endIndex }
    /// The label at a place, in the order of the names' bytes.
    public subscript(index: Int) -> Label { sorted[index] }
}

extension Labels: ExpressibleByDictionaryLiteral {
    /// The labels of a literal; of two with one name the later counts.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Label($0, $1) })
    }
}

extension Labels: Comparable {
    /// The order of Prometheus's answers: label by label, name before value, shorter sets first.
    public static func < (left: Labels, right: Labels) -> Bool {
        for (l, r) in zip(left.sorted, right.sorted) {
            let names = l.name.byteOrder(before: r.name)
            if names != 0 { return names < 0 }
            let values = l.value.byteOrder(before: r.value)
            if values != 0 { return values < 0 }
        }
        return left.sorted.count < right.sorted.count
    }
}

import Model

/// Which labels of a set count when sets are compared.
enum LabelSubset: Sendable {
    /// All of them.
    case all
    /// These and no other.
    case only([String])
    /// All but these.
    case without([String])

    /// Whether a label counts.
    @inline(__always)
    func counts(_ label: Label) -> Bool {
        switch self {
        case .all: true
        case .only(let names): names.contains { $0.hasSameBytes(as: label.name) }
        case .without(let names): !names.contains { $0.hasSameBytes(as: label.name) }
        }
    }

    /// Without metadata where the name was dropped, otherwise the same.
    func droppingMetadata(_ isNameDropped: Bool) -> LabelSubset {
        guard isNameDropped else { return self }
        return switch self {
        case .all: .without(Labels.metadataNames)
        case .only(let names): .only(names.filter { !Labels.isMetadata($0) })
        case .without(let names): .without(names + Labels.metadataNames)
        }
    }

    /// The labels of `labels` that count.
    func apply(to labels: Labels) -> Labels {
        switch self {
        case .all: labels
        case .only(let names) where names.isEmpty: Labels()
        default: Labels(inOrder: labels.filter { counts($0) })
        }
    }
}

/// Numbers label sets, or parts of them: equal ones get the same number.
///
/// An open table of hashes; the labels themselves are neither copied nor made anew.
struct LabelKeys {
    private var slots: [Int32]
    private var hashes: [UInt64] = []
    private var representatives: [(labels: Labels, subset: LabelSubset)] = []

    /// An empty table for about so many sets.
    init(expecting count: Int = 16) {
        var capacity = 16
        while capacity < count * 2 { capacity *= 2 }
        slots = [Int32](repeating: -1, count: capacity)
    }

    /// How many different sets were seen.
    var count: Int { representatives.count }

    /// The labels that count of the set that was given a number first.
    func labels(_ number: Int) -> Labels {
        representatives[number].subset.apply(to: representatives[number].labels)
    }

    /// The number of what counts of `labels`, a new one where it was not seen before.
    mutating func number(of labels: Labels, _ subset: LabelSubset) -> Int {
        if case .only(let names) = subset, names.isEmpty, count == 1,
            case .only(let known) = representatives[0].subset, known.isEmpty
        {
            return 0
        }
        let hash = labels.fastHash(subset)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if hashes[number] == hash, isSame(number, labels, subset) { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = count
        slots[slot] = Int32(number)
        hashes.append(hash)
        representatives.append((labels, subset))
        if count * 2 > slots.count { grow() }
        return number
    }

    /// The number of what counts of `labels`, if it was seen before.
    func find(_ labels: Labels, _ subset: LabelSubset) -> Int? {
        let hash = labels.fastHash(subset)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if hashes[number] == hash, isSame(number, labels, subset) { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (number, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(number)
        }
    }

    private func isSame(_ number: Int, _ labels: Labels, _ subset: LabelSubset) -> Bool {
        let known = representatives[number]
        var left = known.labels.startIndex
        var right = labels.startIndex
        while true {
            while left < known.labels.endIndex, !known.subset.counts(known.labels[left]) {
                left += 1
            }
            while right < labels.endIndex, !subset.counts(labels[right]) { right += 1 }
            guard left < known.labels.endIndex, right < labels.endIndex else {
                return left == known.labels.endIndex && right == labels.endIndex
            }
            guard known.labels[left] == labels[right] else { return false }
            left += 1
            right += 1
        }
    }
}

extension Labels {
    /// A hash of the labels that count, good for tables of this process.
    func fastHash(_ subset: LabelSubset) -> UInt64 {
        var hash = ByteHash()
        switch subset {
        case .all:
            for label in self { hash.combine(label) }
        case .only(let names) where names.count == 1:
            let value = self[names[0]]
            if !value.isEmpty { hash.combine(Label(names[0], value)) }
        default:
            for label in self where subset.counts(label) { hash.combine(label) }
        }
        return hash.finished
    }
}

/// A quick hash of bytes, eight at a time.
struct ByteHash {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// Adds a label: name, value and where one ends.
    mutating func combine(_ label: Label) {
        combine(label.name)
        combine(label.value)
    }

    /// Adds a text and its length.
    mutating func combine(_ text: String) {
        mix(UInt64(truncatingIfNeeded: text.utf8.count))
        let isDone: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
            var index = 0
            while index + 8 <= bytes.count {
                // Safe: eight bytes are left from `index` on.
                let word = unsafe UnsafeRawBufferPointer(bytes).loadUnaligned(
                    fromByteOffset: index, as: UInt64.self)
                mix(word)
                index += 8
            }
            var rest: UInt64 = 0
            while index < bytes.count {
                rest = rest << 8 | UInt64(unsafe bytes[index])
                index += 1
            }
            mix(rest)
        }
        if isDone == nil { for byte in text.utf8 { mix(UInt64(byte)) } }
    }

    @inline(__always)
    private mutating func mix(_ word: UInt64) {
        let product = (state ^ word).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        state = product.high ^ product.low
    }

    /// The hash of what was added.
    var finished: UInt64 { state ^ (state >> 29) }
}

/// A text that is compared by its bytes.
struct ByteKey: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ByteKey, right: ByteKey) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    func hash(into hasher: inout Hasher) {
        var hash = ByteHash()
        hash.combine(text)
        hasher.combine(hash.finished)
    }
}

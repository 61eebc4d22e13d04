import Model

/// All label sets with the same names, and what came of those that were seen.
final class Shape {
    /// The rules for such label sets; `nil` where they are run one by one.
    let plan: Plan?
    private struct Slot {
        let hash: UInt64
        let values: [String]
        let outcome: Outcome
    }

    private let names: [String]
    /// The places whose values decide.
    private(set) var read: UInt64 = 0
    private(set) var count = 0
    private var slots = [Slot?](repeating: nil, count: 16)

    init(of labels: Labels, _ program: Program) {
        names = labels.map(\.name)
        plan = Plan(program, for: labels)
    }

    func fits(_ labels: Labels) -> Bool {
        labels.withSpan { labels in
            guard labels.count == names.count else { return false }
            for index in names.indices where !names[index].isSame(as: labels[index].name) {
                return false
            }
            return true
        }
    }

    /// A hash of all names.
    static func hash(ofNames labels: Labels) -> UInt64 {
        labels.withSpan { labels in
            var hash = seed
            for index in labels.indices { hash = labels[index].name.utf8.span.hash(after: hash) }
            return hash
        }
    }

    func outcome(of labels: Labels) -> Outcome? {
        let hash = hash(labels)
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while let slot = slots[place] {
            if slot.hash == hash, holds(slot.values, labels) { return slot.outcome }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Looks at the places `more` too from now on.
    func widen(by more: UInt64) {
        read |= more
        empty()
    }

    /// Forgets all outcomes.
    func empty() {
        count = 0
        slots = [Slot?](repeating: nil, count: 16)
    }

    /// Keeps an outcome; false where somebody else was faster.
    func add(_ outcome: Outcome, for labels: Labels) -> Bool {
        if self.outcome(of: labels) != nil { return false }
        var values: [String] = []
        var rest = read
        while rest != 0 {
            values.append(labels[rest.trailingZeroBitCount].value)
            rest &= rest - 1
        }
        if (count + 1) * 2 > slots.count {
            let old = slots
            slots = [Slot?](repeating: nil, count: old.count * 2)
            for case .some(let slot) in old { place(slot) }
        }
        place(Slot(hash: hash(labels), values: values, outcome: outcome))
        count += 1
        return true
    }

    private func place(_ slot: Slot) {
        var place = Int(truncatingIfNeeded: slot.hash) & (slots.count - 1)
        while slots[place] != nil { place = (place + 1) & (slots.count - 1) }
        slots[place] = slot
    }

    private func holds(_ values: [String], _ labels: Labels) -> Bool {
        labels.withSpan { labels in
            var rest = read
            for index in values.indices {
                guard values[index].isSame(as: labels[rest.trailingZeroBitCount].value) else {
                    return false
                }
                rest &= rest - 1
            }
            return true
        }
    }

    private func hash(_ labels: Labels) -> UInt64 {
        labels.withSpan { labels in
            var hash = Self.seed
            var rest = read
            while rest != 0 {
                hash = labels[rest.trailingZeroBitCount].value.utf8.span.hash(after: hash)
                rest &= rest - 1
            }
            return hash
        }
    }

    /// Differs from process to process, so that no target can choose values that collide.
    private static let seed = UInt64.random(in: .min ... .max)
}

extension String {
    /// Whether both have the same bytes; at once where they are one and the same.
    @inline(__always)
    fileprivate func isSame(as other: String) -> Bool {
        // Safe: text is two words, and those of the same bits are the same text.
        let own = unsafe unsafeBitCast(self, to: (UInt64, UInt64).self)
        let others = unsafe unsafeBitCast(other, to: (UInt64, UInt64).self)
        return own == others || hasSameBytes(as: other)
    }
}

extension Span<UInt8> {
    /// The bytes and how many they are, folded into `start`.
    @inline(__always)
    fileprivate func hash(after start: UInt64) -> UInt64 {
        // Safe: every load lies within the bytes.
        unsafe withUnsafeBytes { bytes in
            var state = start ^ UInt64(bytes.count)
            var at = 0
            while at + 8 <= bytes.count {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                state = Self.fold(state ^ word)
                at += 8
            }
            var last: UInt64 = 0
            while at < bytes.count {
                last = unsafe last << 8 | UInt64(bytes[at])
                at += 1
            }
            return Self.fold(state ^ last)
        }
    }

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }
}

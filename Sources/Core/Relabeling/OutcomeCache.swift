import Model
import Threads

/// What a rule list made of a label set, told so that it holds for others too: for all that have
/// the same names, and the same values wherever the rules looked at one.
final class Outcome: Sendable {
    /// A label of the result: its value is that of the input's label `input`, or else `text`.
    struct Entry {
        let name: String
        let input: Int
        let text: String
    }

    enum Verdict { case dropped, unchanged, changed([Entry]) }

    let verdict: Verdict

    init(_ verdict: Verdict) { self.verdict = verdict }

    /// What the rules make of `labels`, for which this outcome holds.
    func labels(from labels: Labels) -> Labels? {
        switch verdict {
        case .dropped: return nil
        case .unchanged: return labels
        case .changed(let entries):
            // Safe: every element up to the count is initialised.
            let result = unsafe [Label](unsafeUninitializedCapacity: entries.count) {
                buffer, count in
                for index in entries.indices {
                    let entry = entries[index]
                    let value = entry.input < 0 ? entry.text : labels[entry.input].value
                    unsafe buffer.initializeElement(at: index, to: Label(entry.name, value))
                }
                count = entries.count
            }
            return Labels(inOrder: result)
        }
    }
}

/// Outcomes of one rule list, found again by the names of a label set and the values that the rules
/// looked at: pods that come again with every refresh need no expression to run.
///
/// It holds a bounded number, and rests for a while where hardly any is asked for again.
final class OutcomeCache: Sendable {
    private let state = Locked(State())

    struct State {
        /// The one that was asked for last stands in front.
        fileprivate var shapes: [Shape] = []
        var outcomes = 0
        var lookups = 0
        var hits = 0
        /// How many label sets are still to go by without being kept.
        var rest = 0
    }

    enum Answer {
        case known(Outcome)
        /// Nobody knows; `isWanted` says whether to tell the outcome.
        case unknown(isWanted: Bool)
    }

    static let outcomeLimit = 2048
    private static let shapeLimit = 64

    func find(_ labels: Labels) -> Answer {
        state.withLock { state in
            guard state.rest == 0 else {
                state.rest -= 1
                return .unknown(isWanted: false)
            }
            state.lookups += 1
            guard let shape = state.shape(of: labels), let outcome = shape.outcome(of: labels)
            else { return .unknown(isWanted: true) }
            state.hits += 1
            return .known(outcome)
        }
    }

    /// Keeps what came of `labels`, at whose places `read` the rules looked.
    func add(_ outcome: Outcome, for labels: Labels, read: UInt64) {
        state.withLock { state in
            if state.outcomes >= Self.outcomeLimit || state.shapes.count >= Self.shapeLimit {
                state.empty()
            }
            let shape = state.shape(of: labels) ?? Shape(of: labels)
            if state.shapes.first !== shape { state.shapes.insert(shape, at: 0) }
            if read & ~shape.read != 0 {
                // What was kept so far does not say enough of the values.
                state.outcomes -= shape.count
                shape.widen(by: read)
            }
            if shape.add(outcome, for: labels) { state.outcomes += 1 }
        }
    }
}

extension OutcomeCache.State {
    /// What is known of label sets with these names; it moves to the front.
    fileprivate mutating func shape(of labels: Labels) -> Shape? {
        guard let index = shapes.firstIndex(where: { $0.fits(labels) }) else { return nil }
        if index > 0 { shapes.insert(shapes.remove(at: index), at: 0) }
        return shapes[0]
    }

    fileprivate mutating func empty() {
        // Where few come again, keeping them costs more than it gives.
        if hits < lookups / 4 { rest = lookups * 8 }
        (shapes, outcomes, lookups, hits) = ([], 0, 0, 0)
    }
}

/// All label sets with the same names, and what came of those that were seen.
private final class Shape {
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

    init(of labels: Labels) { names = labels.map(\.name) }

    func fits(_ labels: Labels) -> Bool {
        guard labels.count == names.count else { return false }
        for index in names.indices where !names[index].isSame(as: labels[index].name) {
            return false
        }
        return true
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
        var rest = read
        for index in values.indices {
            guard values[index].isSame(as: labels[rest.trailingZeroBitCount].value) else {
                return false
            }
            rest &= rest - 1
        }
        return true
    }

    private func hash(_ labels: Labels) -> UInt64 {
        var hash = Self.seed
        var rest = read
        while rest != 0 {
            hash = labels[rest.trailingZeroBitCount].value.utf8.span.hash(after: hash)
            rest &= rest - 1
        }
        return hash
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

import CRE2

/// An expression that can be walked with one look at each byte: bytes and classes of them, repeated
/// or not, each taking as many as it can get.
///
/// Where the next byte always says which way to go, as in `([^.]+)\..*`, the walk decides; some are
/// only so from the back: `(.+):\d+`. Elsewhere, as in `([^:]+)(?::\d+)?;(\d+)`, a walk that comes to
/// the end is what RE2 would have tried first, and found; one that does not decides nothing.
struct Walk: Equatable {
    /// One thing to do at a place of the subject.
    enum Step: Equatable {
        /// One byte of the set.
        case one(ByteSet)
        /// As many bytes of the set as there are, and at least so many.
        case many(ByteSet, atLeast: Int)
        /// One byte of the set or none.
        case maybe(ByteSet)
        /// A group begins or ends here, whichever comes first on the way.
        case enter(group: Int)
        case leave(group: Int)
        /// Unless the next byte is in the set, go on so many steps further.
        case skip(unless: ByteSet, count: Int)
    }

    let steps: [Step]
    /// Whether to walk from the last byte to the first.
    let isBackward: Bool
    /// Whether there is no match where the walk does not come to the end.
    let isDecided: Bool

    /// What `bytes` say, where that is such an expression.
    init?(_ bytes: [UInt8]) {
        var parser = WalkParser(bytes)
        guard let nodes = parser.parse(), parser.isAtEnd else { return nil }
        for isBackward in [false, true] {
            let steps = Self.flatten(nodes, isBackward)
            if Self.isDecided(steps) {
                (self.steps, self.isBackward, isDecided) = (steps, isBackward, true)
                return
            }
        }
        steps = Self.flatten(nodes, false)
        (isBackward, isDecided) = (false, false)
        if Self.isVain(steps) { return nil }
    }

    private static func flatten(_ nodes: [WalkParser.Node], _ isBackward: Bool) -> [Step] {
        var steps: [Step] = []
        for node in isBackward ? nodes.reversed() : nodes {
            switch node {
            case .step(let step): steps.append(step)
            // Without a number it only holds together.
            case .group(0, let inner): steps += flatten(inner, isBackward)
            case .group(let number, let inner):
                steps.append(.enter(group: number))
                steps += flatten(inner, isBackward)
                steps.append(.leave(group: number))
            case .maybe(let inner):
                let inside = flatten(inner, isBackward)
                // An inside that may be empty has no first byte; `isDecided` refuses this.
                let first = self.first(inside[...])
                steps.append(.skip(unless: first.mayEnd ? .all : first.set, count: inside.count))
                steps += inside
            }
        }
        return steps
    }

    /// The bytes with which `steps` may begin, and whether they may also take none.
    private static func first(_ steps: ArraySlice<Step>) -> (set: ByteSet, mayEnd: Bool) {
        var set = ByteSet()
        var index = steps.startIndex
        while index < steps.endIndex {
            switch steps[index] {
            case .one(let bytes):
                return (set.union(bytes), false)
            case .many(let bytes, let minimum):
                set.formUnion(bytes)
                if minimum > 0 { return (set, false) }
            case .maybe(let bytes): set.formUnion(bytes)
            case .enter, .leave: break
            case .skip(let bytes, let count):
                set.formUnion(bytes)
                index += count
            }
            index += 1
        }
        return (set, true)
    }

    /// Whether at every choice the next byte says which way to go.
    private static func isDecided(_ steps: [Step]) -> Bool {
        for index in steps.indices {
            switch steps[index] {
            case .one, .enter, .leave: continue
            case .many(let set, _), .maybe(let set):
                guard first(steps[(index + 1)...]).set.isDisjoint(with: set) else { return false }
            case .skip(let set, let count):
                let behind = first(steps[(index + 1 + count)...]).set
                guard set != .all, behind.isDisjoint(with: set) else { return false }
            }
        }
        return true
    }

    /// Whether a step always takes what the next one needs.
    private static func isVain(_ steps: [Step]) -> Bool {
        steps.indices.contains { index in
            guard case .many(let set, _) = steps[index] else { return false }
            let next = first(steps[(index + 1)...])
            return !next.mayEnd && next.set.isDisjoint(with: set.inverted)
        }
    }
}

extension Walk {
    /// Whether `subject` matches from end to end; `groups` get where each group lies.
    @inline(__always)
    static func matches(
        _ steps: UnsafeMutableBufferPointer<Step>, isBackward: Bool,
        _ subject: UnsafeBufferPointer<UInt8>, _ groups: UnsafeMutableBufferPointer<weir_group>?
    ) -> Bool {
        isBackward
            ? walk(steps, by: -1, subject, groups) : walk(steps, by: 1, subject, groups)
    }

    @inline(__always)
    private static func walk(
        _ steps: UnsafeMutableBufferPointer<Step>, by stride: Int,
        _ subject: UnsafeBufferPointer<UInt8>, _ groups: UnsafeMutableBufferPointer<weir_group>?
    ) -> Bool {
        // `at` is the next byte; `end` is where there is none any more.
        var at = stride > 0 ? 0 : subject.count - 1
        let end = stride > 0 ? subject.count : -1
        // Behind the last byte that was taken.
        func place() -> Int { stride > 0 ? at : at + 1 }
        var index = 0
        while index < steps.count {
            switch steps[index] {
            case .one(let set):
                guard at != end, set.contains(subject[at]) else { return false }
                at += stride
            case .many(let set, let minimum):
                let start = at
                while at != end, set.contains(subject[at]) { at += stride }
                guard (at - start) * stride >= minimum else { return false }
            case .maybe(let set):
                if at != end, set.contains(subject[at]) { at += stride }
            case .enter(let group):
                groups?[group] = weir_group(start: place(), length: 0)
            case .leave(let group):
                guard let groups else { break }
                let (first, last) = (groups[group].start, place())
                groups[group] = weir_group(start: min(first, last), length: abs(last - first))
            case .skip(let set, let count):
                if at == end || !set.contains(subject[at]) { index += count }
            }
            index += 1
        }
        return at == end
    }
}

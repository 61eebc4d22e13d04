import CRE2
import Glibc

/// A shape made ready to compare with: its texts lie where no reference counting reaches them.
struct FastMatch {
    enum Verdict { case yes, no, unknown }

    enum Kind { case literals, affix, walk, general }

    let kind: Kind
    /// The literals, or the prefix and the suffix.
    private let texts: UnsafeMutableBufferPointer<UnsafeMutableBufferPointer<UInt8>>
    /// The steps of a walk.
    private let steps: UnsafeMutableBufferPointer<Walk.Step>
    private let isBackward: Bool
    /// Whether a walk that does not come to the end says that nothing matches.
    let isDecided: Bool
    private let minimum: Int
    private let first: FirstBytes
    /// Whether the wildcard, or the literal, is the first group; there is no other then.
    let isGroup: Bool

    init(_ shape: Shape) {
        if case .walk(let walk) = shape.kind {
            steps = .allocate(capacity: walk.steps.count)
            _ = steps.initialize(from: walk.steps)
            (isBackward, isDecided) = (walk.isBackward, walk.isDecided)
        } else {
            (steps, isBackward, isDecided) = (.allocate(capacity: 0), false, true)
        }
        switch shape.kind {
        case .literals(let literals, let isGroup):
            kind = .literals
            texts = Self.copy(literals)
            (minimum, first, self.isGroup) = (0, .any, isGroup)
        case .affix(let prefix, let minimum, let suffix, let isGroup):
            kind = .affix
            texts = Self.copy([prefix, suffix])
            (self.minimum, first, self.isGroup) = (minimum, .any, isGroup)
        case .walk:
            kind = .walk
            texts = Self.copy([])
            (minimum, first, isGroup) = (0, .any, false)
        case .general(let first):
            kind = .general
            texts = Self.copy([])
            (minimum, self.first, isGroup) = (0, first, false)
        }
    }

    func free() {
        for text in texts { text.deallocate() }
        texts.deallocate()
        steps.deallocate()
    }

    /// Whether this is `(.*)`.
    var isWholeGroup: Bool {
        kind == .affix && isGroup && minimum == 0 && texts[0].isEmpty && texts[1].isEmpty
    }

    /// The literals, where there is nothing else.
    var literals: [String]? {
        kind == .literals ? texts.map { String(decoding: $0, as: UTF8.self) } : nil
    }

    /// Where the first group lies in a subject that matches.
    @inline(__always)
    func group(in subject: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        kind == .affix ? texts[0].count..<(subject.count - texts[1].count) : 0..<subject.count
    }

    /// Whether `subject` matches, and where each group lies; for what is walked alone.
    @inline(__always)
    func walk(
        _ subject: UnsafeBufferPointer<UInt8>, _ groups: UnsafeMutableBufferPointer<weir_group>?
    ) -> Bool {
        Walk.matches(steps, isBackward: isBackward, subject, groups)
    }

    @inline(__always)
    func verdict(on subject: UnsafeBufferPointer<UInt8>) -> Verdict {
        switch kind {
        case .affix:
            let (prefix, suffix) = (texts[0], texts[1])
            let rest = subject.count - prefix.count - suffix.count
            guard rest >= minimum, isEqual(prefix, subject, at: 0),
                isEqual(suffix, subject, at: subject.count - suffix.count)
            else { return .no }
            return .yes
        case .literals:
            for index in texts.indices
            where texts[index].count == subject.count && isEqual(texts[index], subject, at: 0) {
                return .yes
            }
            return .no
        case .walk: return walk(subject, nil) ? .yes : isDecided ? .no : .unknown
        case .general:
            if first.isAny { return .unknown }
            // An expression whose first byte is known does not match an empty text.
            guard subject.count > 0, first.contains(subject[0]) else { return .no }
            return .unknown
        }
    }

    @inline(__always)
    private func isEqual(
        _ text: UnsafeMutableBufferPointer<UInt8>, _ subject: UnsafeBufferPointer<UInt8>, at: Int
    ) -> Bool {
        guard text.count > 0, let base = subject.baseAddress, let own = text.baseAddress else {
            return true
        }
        return memcmp(own, base + at, text.count) == 0
    }

    private static func copy(
        _ texts: [[UInt8]]
    ) -> UnsafeMutableBufferPointer<UnsafeMutableBufferPointer<UInt8>> {
        let all = UnsafeMutableBufferPointer<UnsafeMutableBufferPointer<UInt8>>.allocate(
            capacity: texts.count)
        for (index, text) in texts.enumerated() {
            let one = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
            _ = one.initialize(from: text)
            all.initializeElement(at: index, to: one)
        }
        return all
    }
}

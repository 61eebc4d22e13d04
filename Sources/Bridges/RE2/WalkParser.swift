/// Reads the expressions that `Walk` can walk, and gives up on all others.
struct WalkParser {
    enum Node {
        case step(Walk.Step)
        /// A group and its number, 0 where it has none.
        case group(Int, [Node])
        /// What may be left out.
        case maybe([Node])
    }

    private let bytes: [UInt8]
    private var at = 0
    private var groups = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }
    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func isNext(_ text: String) -> Bool { bytes[at...].starts(with: text.utf8) }

    /// All up to the end, or to a closing bracket; `nil` where anything else stands.
    mutating func parse() -> [Node]? {
        var nodes: [Node] = []
        while let byte = next, byte != UInt8(ascii: ")") {
            guard let node = byte == UInt8(ascii: "(") ? group() : atom() else { return nil }
            nodes.append(node)
        }
        return nodes
    }

    private mutating func group() -> Node? {
        // Deeper ones are left to RE2, which knows how deep is too deep.
        guard depth < 8 else { return nil }
        let captures = !isNext("(?")
        guard captures || isNext("(?:") else { return nil }
        at += captures ? 1 : 3
        if captures { groups += 1 }
        let number = groups
        depth += 1
        guard let inner = parse(), next == UInt8(ascii: ")") else { return nil }
        depth -= 1
        at += 1
        switch next {
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "{"): return nil
        case UInt8(ascii: "?"):
            // A group that took no part is not the same as an empty one.
            guard !captures, !Self.captures(inner) else { return nil }
            at += 1
            guard !isQuantifier(next) else { return nil }
            return .maybe(inner)
        default: return .group(captures ? number : 0, inner)
        }
    }

    private static func captures(_ nodes: [Node]) -> Bool {
        nodes.contains { node in
            switch node {
            case .step: false
            case .group(let number, let inner): number > 0 || captures(inner)
            case .maybe(let inner): captures(inner)
            }
        }
    }

    private func isQuantifier(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return "*+?{".utf8.contains(byte)
    }

    private mutating func atom() -> Node? {
        guard let set = set() else { return nil }
        // Of a character of several bytes all would be repeated together.
        let isWhole = set.isDisjoint(with: .wide)
        let step: Walk.Step
        switch next {
        case UInt8(ascii: "*"): step = .many(set, atLeast: 0)
        case UInt8(ascii: "+"): step = .many(set, atLeast: 1)
        case UInt8(ascii: "?"):
            guard isWhole else { return nil }
            step = .maybe(set)
        default:
            guard isWhole, next != UInt8(ascii: "{") else { return nil }
            return .step(.one(set))
        }
        at += 1
        return isQuantifier(next) ? nil : .step(step)
    }

    /// What one character may be: with all bytes of wide ones, or none of them.
    private mutating func set() -> ByteSet? {
        guard let byte = next, byte < 0x80 else { return nil }
        at += 1
        switch byte {
        case UInt8(ascii: "."): return .all
        case UInt8(ascii: "["): return charClass()
        case UInt8(ascii: "\\"): return escape()
        case _ where #"+*?()|]{}^$"#.utf8.contains(byte): return nil
        default: return ByteSet(byte)
        }
    }

    private mutating func escape() -> ByteSet? {
        guard let byte = next else { return nil }
        at += 1
        switch byte {
        case UInt8(ascii: "d"): return .digits
        case UInt8(ascii: "w"): return .word
        case UInt8(ascii: "s"): return .spaces
        case UInt8(ascii: "D"): return ByteSet.digits.inverted
        case UInt8(ascii: "W"): return ByteSet.word.inverted
        case UInt8(ascii: "S"): return ByteSet.spaces.inverted
        case 0x21..<0x7f where !ByteSet.word.contains(byte): return ByteSet(byte)
        default: return nil
        }
    }

    /// What stands between `[` and `]`.
    private mutating func charClass() -> ByteSet? {
        var set = ByteSet()
        let isInverted = next == UInt8(ascii: "^")
        if isInverted { at += 1 }
        // A bracket that comes first means itself: too fine a point to know here.
        if next == UInt8(ascii: "]") { return nil }
        while let byte = next, byte != UInt8(ascii: "]") {
            guard byte < 0x80, byte != UInt8(ascii: "[") else { return nil }
            at += 1
            guard byte != UInt8(ascii: "\\") else {
                guard let more = escape(), more.isDisjoint(with: .wide) else { return nil }
                // "\d-x" is refused or read in its own way, as any range from an escape is.
                if next == UInt8(ascii: "-"), at + 1 < bytes.count,
                    bytes[at + 1] != UInt8(ascii: "]")
                {
                    return nil
                }
                set.formUnion(more)
                continue
            }
            guard next == UInt8(ascii: "-"), at + 1 < bytes.count,
                bytes[at + 1] != UInt8(ascii: "]")
            else {
                set.insert(byte)
                continue
            }
            let last = bytes[at + 1]
            guard last < 0x80, last >= byte, last != UInt8(ascii: "\\"),
                last != UInt8(ascii: "[")
            else { return nil }
            set.formUnion(ByteSet(byte...last))
            at += 2
        }
        guard next == UInt8(ascii: "]") else { return nil }
        at += 1
        return isInverted ? set.inverted : set
    }
}

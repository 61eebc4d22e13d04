/// The bytes with which a match can begin.
struct FirstBytes: Equatable {
    private var set = ByteSet()
    /// Whether an empty text, or any byte, may match.
    private(set) var isAny = false

    /// Nothing is known.
    static let any = FirstBytes(isAny: true)

    private init(isAny: Bool) { self.isAny = isAny }

    /// What the alternatives of `bytes` begin with; `nil` where one may begin with anything.
    init?(ofAlternatives bytes: ArraySlice<UInt8>) {
        var rest = bytes
        repeat {
            guard let group = Self.groupLength(rest) else {
                guard let literal = Shape.takeLiteral(from: &rest) else { return nil }
                set.insert(literal)
                guard Self.skipToAlternative(&rest) else { return nil }
                continue
            }
            var inner = rest.prefix(group).dropFirst().dropLast()
            if inner.first == UInt8(ascii: "?") {
                guard inner.starts(with: "?:".utf8) else { return nil }
                inner = inner.dropFirst(2)
            }
            rest = rest.dropFirst(group)
            if let next = rest.first, "*+?{".utf8.contains(next) { return nil }
            guard let first = FirstBytes(ofAlternatives: inner) else { return nil }
            set.formUnion(first.set)
            guard Self.skipToAlternative(&rest) else { return nil }
        } while !rest.isEmpty
    }

    /// Whether `byte` is one of them.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool { set.contains(byte) }

    /// How long the group is that `bytes` begins with; `nil` where none stands there, or where
    /// something in it would have to be read with more care.
    private static func groupLength(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.first == UInt8(ascii: "(") else { return nil }
        return end(of: bytes, stopAtAlternative: false)
    }

    /// Drops all up to the next `|` outside of groups, and that too; false where unsure.
    private static func skipToAlternative(_ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard let length = end(of: bytes, stopAtAlternative: true) else { return false }
        bytes = bytes.dropFirst(length)
        guard bytes.first == UInt8(ascii: "|") else { return bytes.isEmpty }
        bytes.removeFirst()
        // An empty last alternative matches an empty text.
        return !bytes.isEmpty
    }

    private static func end(of bytes: ArraySlice<UInt8>, stopAtAlternative: Bool) -> Int? {
        var depth = 0
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "\\"):
                index += 1
                // \Q…\E and classes hold brackets and bars that mean themselves.
                if index < bytes.endIndex, bytes[index] == UInt8(ascii: "Q") { return nil }
            case UInt8(ascii: "["): return nil
            case UInt8(ascii: "("):
                depth += 1
                // Flags stand for nothing: a `*` behind `(?i)` repeats what stands before it.
                let inner = bytes[(index + 1)...]
                if inner.first == UInt8(ascii: "?"), !inner.starts(with: "?:".utf8) { return nil }
            case UInt8(ascii: ")"):
                depth -= 1
                if depth < 0 { return nil }
                if depth == 0, !stopAtAlternative { return index - bytes.startIndex + 1 }
            case UInt8(ascii: "|") where stopAtAlternative && depth == 0:
                return index - bytes.startIndex
            default: break
            }
            index += 1
        }
        return stopAtAlternative && depth == 0 ? bytes.count : nil
    }
}

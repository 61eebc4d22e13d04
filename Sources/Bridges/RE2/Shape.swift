/// What can be said of an expression without running it: most that people write are a few literal
/// texts, or a literal text with `.*` or `.+` somewhere, and a comparison of bytes does for those.
///
/// Where it is not sure, it says `general`, and RE2 decides.
struct Shape: Equatable {
    enum Kind: Equatable {
        /// One of some texts; `isGroup` where they stand in a group.
        case literals([[UInt8]], isGroup: Bool)
        /// `prefix`, at least `minimum` bytes of anything, `suffix`.
        case affix(prefix: [UInt8], minimum: Int, suffix: [UInt8], isGroup: Bool)
        /// Anything else; a subject that does not begin with one of `first` cannot match.
        case general(first: FirstBytes)
    }

    let kind: Kind

    init(_ text: String) {
        let bytes = Array(text.utf8)
        kind =
            Self.literals(bytes) ?? Self.affix(bytes)
            ?? .general(first: FirstBytes(ofAlternatives: bytes[...]) ?? .any)
    }

    /// `a`, `a|b`, `(a|b)` or `(?:a|b)`.
    private static func literals(_ bytes: [UInt8]) -> Kind? {
        var inner = bytes[...]
        let isGroup = inner.first == UInt8(ascii: "(")
        var captures = isGroup
        if isGroup {
            guard inner.last == UInt8(ascii: ")") else { return nil }
            inner = inner.dropFirst().dropLast()
            if inner.starts(with: "?:".utf8) {
                inner = inner.dropFirst(2)
                captures = false
            }
        }
        var texts: [[UInt8]] = [[]]
        while let byte = inner.first {
            if byte == UInt8(ascii: "|") {
                inner.removeFirst()
                texts.append([])
            } else if let literal = takeLiteral(from: &inner) {
                texts[texts.count - 1].append(literal)
            } else {
                return nil
            }
        }
        return texts.count <= 16 ? .literals(texts, isGroup: captures) : nil
    }

    /// A literal text, `.*` or `.+` or those in a group, and a literal text.
    private static func affix(_ bytes: [UInt8]) -> Kind? {
        var rest = bytes[...]
        var prefix: [UInt8] = []
        while let literal = takeLiteral(from: &rest) { prefix.append(literal) }
        let forms: [(text: String, minimum: Int, isGroup: Bool)] = [
            ("(.*)", 0, true), ("(.+)", 1, true), (".*", 0, false), (".+", 1, false),
        ]
        guard let form = forms.first(where: { rest.starts(with: $0.text.utf8) }) else { return nil }
        rest = rest.dropFirst(form.text.utf8.count)
        // Behind the wildcard a `?` or `{` would belong to it; they are no literals.
        var suffix: [UInt8] = []
        while let literal = takeLiteral(from: &rest) { suffix.append(literal) }
        guard rest.isEmpty else { return nil }
        return .affix(
            prefix: prefix, minimum: form.minimum, suffix: suffix, isGroup: form.isGroup)
    }

    /// The next byte where it stands for itself and is not repeated; takes nothing otherwise.
    static func takeLiteral(from bytes: inout ArraySlice<UInt8>) -> UInt8? {
        guard let byte = bytes.first else { return nil }
        var length = 1
        var literal = byte
        switch byte {
        case UInt8(ascii: "\\"):
            guard bytes.count > 1, isPunctuation(bytes[bytes.startIndex + 1]) else { return nil }
            literal = bytes[bytes.startIndex + 1]
            length = 2
        case _ where isSpecial(byte): return nil
        default: break
        }
        // Of a character of several bytes all are repeated together: look behind its last byte.
        var behind = bytes.startIndex + length
        if byte >= 0x80 {
            while behind < bytes.endIndex, bytes[behind] & 0xc0 == 0x80 { behind += 1 }
        }
        if behind < bytes.endIndex, "*+?{".utf8.contains(bytes[behind]) { return nil }
        bytes = bytes.dropFirst(length)
        return literal
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        #"\.+*?()|[]{}^$"#.utf8.contains(byte)
    }

    /// Whether a backslash before `byte` only takes its meaning away.
    private static func isPunctuation(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            false
        default: byte > 0x20
        }
    }
}

/// The bytes with which a match can begin.
struct FirstBytes: Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
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
                insert(literal)
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
            formUnion(first)
            guard Self.skipToAlternative(&rest) else { return nil }
        } while !rest.isEmpty
    }

    /// Whether `byte` is one of them.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word & bit != 0
    }

    static func == (left: FirstBytes, right: FirstBytes) -> Bool {
        left.words == right.words && left.isAny == right.isAny
    }

    private mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    private mutating func formUnion(_ other: FirstBytes) {
        words.0 |= other.words.0
        words.1 |= other.words.1
        words.2 |= other.words.2
        words.3 |= other.words.3
    }

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

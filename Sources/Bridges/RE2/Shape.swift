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
        /// What a walk over the bytes decides.
        case walk(Walk)
        /// Anything else; a subject that does not begin with one of `first` cannot match.
        case general(first: FirstBytes)
    }

    let kind: Kind

    init(_ text: String) {
        let bytes = Array(text.utf8)
        kind =
            Self.literals(bytes) ?? Self.affix(bytes) ?? Walk(bytes).map { .walk($0) }
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

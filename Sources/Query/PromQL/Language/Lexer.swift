/// Cuts an expression's text into tokens, one at a time.
///
/// What a character means depends on the brackets around it: in braces every word is a name, in
/// brackets a word can only be one of the duration functions.
struct Lexer {
    let query: String
    let bytes: [UInt8]
    /// The next byte to read.
    var at: Int
    /// The first byte of the token that is being read.
    var start = 0

    var openParentheses = 0
    var isInBraces = false
    var isInBrackets = false
    var hasColon = false
    var hasDuration = false
    /// Right behind an operator or an opening sign in brackets, where only a duration can stand.
    var awaitsDuration = false

    /// A lexer of `query`, which begins at its byte `offset`.
    init(_ query: String, from offset: Int = 0) {
        self.query = query
        bytes = Array(query.utf8)
        at = offset
    }

    /// The next token; comments and blanks are left out.
    mutating func next() throws(ParseFault) -> Token {
        skipBlanks()
        start = at
        if isInBraces { return try inBraces() }
        if awaitsDuration { return try inDuration() }
        return try inExpression()
    }

    /// The text of `token`.
    func text(of token: Token) -> String { text(token.position) }

    /// The bytes of `range` as text.
    func text(_ range: PositionRange) -> String {
        String(decoding: bytes[range.start..<range.end], as: UTF8.self)
    }

    // MARK: Bytes

    var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    func isAhead(_ expected: Unicode.Scalar) -> Bool { byte == UInt8(ascii: expected) }

    mutating func skip(_ expected: Unicode.Scalar) -> Bool {
        guard isAhead(expected) else { return false }
        at += 1
        return true
    }

    /// The character that begins at `index`, and the byte behind it.
    func scalar(at index: Int) -> (scalar: Unicode.Scalar, end: Int)? {
        guard index < bytes.count else { return nil }
        if bytes[index] < 0x80 { return (Unicode.Scalar(bytes[index]), index + 1) }
        var end = index + 1
        while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
        let scalars = String(decoding: bytes[index..<end], as: UTF8.self).unicodeScalars
        return (scalars.first ?? "\u{fffd}", end)
    }

    mutating func emit(_ kind: Token.Kind) -> Token {
        Token(kind: kind, position: PositionRange(start, at))
    }

    func fault(_ message: String) -> ParseFault {
        ParseFault(PositionRange(start, bytes.count), message, in: query)
    }

    /// A fault that names the character which begins at `index`.
    func fault(_ message: String, at index: Int, _ rest: String = "") -> ParseFault {
        fault("\(message): \(quoted(scalar(at: index)?.scalar))\(rest)")
    }

    private mutating func skipBlanks() {
        while let byte {
            switch byte {
            case 0x20, 0x09, 0x0a, 0x0d: at += 1
            case UInt8(ascii: "#") where !awaitsDuration:
                while let byte = self.byte, byte != 0x0a, byte != 0x0d { at += 1 }
            default: return
            }
        }
    }
}

extension UInt8 {
    /// Whether it is one of `0` to `9`.
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    /// Whether a name may begin with it.
    var isAlpha: Bool {
        let lower = self | 0x20
        return self == UInt8(ascii: "_")
            || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z"))
    }
}

extension Lexer {
    /// A number, or a duration as in `1h30m`.
    mutating func numberOrDuration() throws(ParseFault) -> Token {
        hasDuration = true
        awaitsDuration = false
        if scanNumber() { return emit(.number) }
        if scanDuration() { return emit(.duration) }
        throw fault("bad number or duration syntax: \(quoted(text(PositionRange(start, at))))")
    }

    /// Goes behind a number; where it is none, to where that shows.
    mutating func scanNumber() -> Bool {
        let first = at
        var isHexadecimal = false
        if skip("0"), skip("x") || skip("X") {
            _ = skip("_")
            isHexadecimal = true
        }
        _ = skip(".")
        var hasDot = false
        var hasExponent = false
        if let byte, isDigit(byte, isHexadecimal) { at += 1 }
        while let byte {
            switch byte {
            case _ where isDigit(byte, isHexadecimal): at += 1
            case UInt8(ascii: "."):
                at += 1
                if hasDot || isHexadecimal { return false }
                hasDot = true
                if skip("_") || skip(".") { return false }
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                at += 1
                if hasExponent { return false }
                hasExponent = true
                if !skip("+") { _ = skip("-") }
                if skipAntiPattern() || self.byte == nil { return false }
            case UInt8(ascii: "_"):
                at += 1
                if skipAntiPattern() || self.byte == nil { return false }
            default: return at > first && !(byte.isAlpha || byte.isDigit)
            }
        }
        return at > first
    }

    private func isDigit(_ byte: UInt8, _ isHexadecimal: Bool) -> Bool {
        guard isHexadecimal else { return byte.isDigit }
        let lower = byte | 0x20
        return byte.isDigit || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f"))
    }

    private mutating func skipAntiPattern() -> Bool {
        guard let byte, "._eE".utf8.contains(byte) else { return false }
        at += 1
        return true
    }

    /// Goes behind the units of a duration whose first number has been read.
    private mutating func scanDuration() -> Bool {
        guard skipUnit("smhdwy") else { return false }
        while let byte, byte.isDigit {
            while let byte = self.byte, byte.isDigit { at += 1 }
            guard skipUnit("smhdw") else { return false }
        }
        guard let byte else { return true }
        guard !byte.isAlpha else {
            at += 1
            return false
        }
        return true
    }

    private mutating func skipUnit(_ letters: StaticString) -> Bool {
        guard let byte, letters.description.utf8.contains(byte) else { return false }
        at += 1
        // Of `ms`; that `hs` is none shows where the duration is read.
        _ = skip("s")
        return true
    }

    /// A text in double or single quotes.
    mutating func string(closedBy quote: UInt8) throws(ParseFault) -> Token {
        while true {
            guard let (scalar, end) = scalar(at: at), scalar != "\n" else {
                throw fault("unterminated quoted string")
            }
            at = end
            switch scalar {
            case "\u{fffd}": throw fault("invalid UTF-8 rune")
            case "\\": try escape(quote)
            case _ where scalar.value == UInt32(quote): return emit(.string)
            default: break
            }
        }
    }

    /// A text in back quotes, which knows no escapes.
    mutating func rawString() throws(ParseFault) -> Token {
        while true {
            guard let (scalar, end) = scalar(at: at) else { throw fault("unterminated raw string") }
            at = end
            if scalar == "\u{fffd}" { throw fault("invalid UTF-8 rune") }
            if scalar == "`" { return emit(.string) }
        }
    }

    private mutating func escape(_ quote: UInt8) throws(ParseFault) {
        guard let (scalar, end) = scalar(at: at) else {
            throw fault("escape sequence not terminated")
        }
        switch scalar {
        case "a", "b", "f", "n", "r", "t", "v", "\\": at = end
        case _ where scalar.value == UInt32(quote): at = end
        case "0"..."7": try digits(3, radix: 8, limit: 255)
        case "x":
            at = end
            try digits(2, radix: 16, limit: 255)
        case "u":
            at = end
            try digits(4, radix: 16, limit: 0x10ffff)
        case "U":
            at = end
            try digits(8, radix: 16, limit: 0x10ffff)
        default: throw fault("unknown escape sequence \(numbered(scalar))")
        }
    }

    private mutating func digits(
        _ count: Int, radix: UInt32, limit: UInt32
    ) throws(ParseFault) {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let (scalar, end) = scalar(at: at) else {
                throw fault("escape sequence not terminated")
            }
            guard scalar.isASCII, let digit = Character(scalar).hexDigitValue, digit < radix else {
                throw fault("illegal character \(numbered(scalar)) in escape sequence")
            }
            value = value &* radix &+ UInt32(digit)
            at = end
        }
        if value > limit || (0xd800..<0xe000).contains(value) {
            throw fault("escape sequence is an invalid Unicode code point")
        }
    }
}

extension Lexer {
    /// A token outside of braces.
    mutating func inExpression() throws(ParseFault) -> Token {
        guard let byte else { return try end() }
        at += 1
        switch Unicode.Scalar(byte) {
        case ",": return emit(.comma)
        case "*": return operation(.multiply)
        case "/": return operation(.divide)
        case "%": return operation(.modulo)
        case "+": return operation(.add)
        case "-": return operation(.subtract)
        case "^": return operation(.power)
        case "@": return emit(.at)
        case "=":
            if isAhead("~") { throw fault("unexpected character after '='", at: at) }
            return skip("=") ? emit(.binary(.equal)) : emit(.equal)
        case "!":
            guard skip("=") else { throw fault("unexpected character after '!'", at: at) }
            return emit(.binary(.notEqual))
        case "<":
            if skip("=") { return emit(.binary(.lessOrEqual)) }
            return emit(.binary(skip("/") ? .trimUpper : .less))
        case ">":
            if skip("=") { return emit(.binary(.greaterOrEqual)) }
            return emit(.binary(skip("/") ? .trimLower : .greater))
        case "0"..."9":
            at -= 1
            return try numberOrDuration()
        case "." where self.byte?.isDigit == true:
            at -= 1
            return try numberOrDuration()
        case "\"", "'": return try string(closedBy: byte)
        case "`": return try rawString()
        case "a"..."z", "A"..."Z", "_", ":":
            at -= 1
            return isInBrackets ? try wordInBrackets() : word()
        default: return try sign(byte)
        }
    }

    /// A token of a duration's calculation, up to its first number.
    ///
    /// Prometheus reads the rest with the rules of expressions, and so do we: texts of faults
    /// depend on it.
    mutating func inDuration() throws(ParseFault) -> Token {
        guard let byte else { throw fault("unexpected end of input in duration expression") }
        at += 1
        switch Unicode.Scalar(byte) {
        case "]":
            isInBrackets = false
            awaitsDuration = false
            return emit(.rightBracket)
        case ":":
            let token = emit(.colon)
            start = at
            if !hasDuration {
                throw fault("unexpected colon before duration in duration expression")
            }
            if hasColon { throw fault("unexpected repeated colon in duration expression") }
            hasColon = true
            return token
        case "(", ")": return try sign(byte)
        case ",": return emit(.comma)
        case "*": return operation(.multiply)
        case "/": return operation(.divide)
        case "%": return operation(.modulo)
        case "+": return operation(.add)
        case "-": return operation(.subtract)
        case "^": return operation(.power)
        case "0"..."9":
            at -= 1
            return try numberOrDuration()
        case "." where self.byte?.isDigit == true:
            at -= 1
            return try numberOrDuration()
        default:
            at -= 1
            if byte.isAlpha, let token = durationWord() { return token }
            throw fault("unexpected character in duration expression", at: start)
        }
    }

    /// A token of a selector's conditions.
    mutating func inBraces() throws(ParseFault) -> Token {
        guard let byte else { throw fault("unexpected end of input inside braces") }
        at += 1
        switch Unicode.Scalar(byte) {
        case ",": return emit(.comma)
        case "\"", "'": return try string(closedBy: byte)
        case "`": return try rawString()
        case "=": return skip("~") ? emit(.matches) : emit(.equal)
        case "!":
            if skip("~") { return emit(.notMatches) }
            if skip("=") { return emit(.binary(.notEqual)) }
            throw fault("unexpected character after '!' inside braces", at: at)
        case "{": throw fault("unexpected left brace '{'")
        case "}":
            isInBraces = false
            return emit(.rightBrace)
        default:
            guard byte.isAlpha else {
                throw fault("unexpected character inside braces", at: start)
            }
            skipName(colons: false)
            return emit(.identifier)
        }
    }

    private mutating func end() throws(ParseFault) -> Token {
        if openParentheses != 0 { throw fault("unclosed left parenthesis") }
        if isInBrackets { throw fault("unclosed left bracket") }
        return emit(.end)
    }

    private mutating func operation(_ operation: BinaryOperator) -> Token {
        emit(.binary(operation))
    }

    private mutating func sign(_ byte: UInt8) throws(ParseFault) -> Token {
        switch Unicode.Scalar(byte) {
        case "(":
            openParentheses += 1
            return emit(.leftParenthesis)
        case ")":
            let token = emit(.rightParenthesis)
            openParentheses -= 1
            guard openParentheses >= 0 else {
                start = at
                throw fault("unexpected right parenthesis ')'")
            }
            return token
        case "{":
            isInBraces = true
            return emit(.leftBrace)
        case "[":
            if isInBrackets { throw fault("unexpected left bracket '['") }
            isInBrackets = true
            awaitsDuration = true
            hasColon = false
            hasDuration = false
            return emit(.leftBracket)
        case "]":
            if !isInBrackets { throw fault("unexpected right bracket ']'") }
            isInBrackets = false
            return emit(.rightBracket)
        default:
            at = start
            throw fault("unexpected character", at: start)
        }
    }

    private mutating func word() -> Token {
        skipName(colons: true)
        let name = bytes[start..<at]
        if name.contains(UInt8(ascii: ":")) { return emit(.metricIdentifier) }
        let text = String(decoding: name, as: UTF8.self)
        guard let kind = Token.Kind.word(text.lowercased()) else { return emit(.identifier) }
        switch kind {
        case .keyword(.fill), .keyword(.fillLeft), .keyword(.fillRight):
            // They are young: metrics of these names are older.
            return emit(isParenthesisAhead ? kind : .identifier)
        default: return emit(kind)
        }
    }

    private var isParenthesisAhead: Bool {
        var index = at
        while index < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[index]) { index += 1 }
        return index < bytes.count && bytes[index] == UInt8(ascii: "(")
    }

    private mutating func wordInBrackets() throws(ParseFault) -> Token {
        if skip(":") {
            if hasColon { throw fault("unexpected colon ':'") }
            hasColon = true
            return emit(.colon)
        }
        if let token = durationWord() { return token }
        throw fault("unexpected character", at: start, ", expected ':'")
    }

    private mutating func durationWord() -> Token? {
        while byte?.isAlpha == true { at += 1 }
        let word = String(decoding: bytes[start..<at], as: UTF8.self).lowercased()
        switch Token.Kind.word(word) {
        case .preprocessor(let name) where name != .start && name != .end:
            hasDuration = true
            return emit(.preprocessor(name))
        default:
            at = start
            return nil
        }
    }

    private mutating func skipName(colons: Bool) {
        while let byte, byte.isAlpha || byte.isDigit || (colons && byte == UInt8(ascii: ":")) {
            at += 1
        }
    }
}

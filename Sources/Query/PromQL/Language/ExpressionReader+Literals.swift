import Model

extension ExpressionReader {
    /// A number with or without a sign; durations count in seconds.
    mutating func signedNumber() throws(ParseFault) -> Double {
        var isMinus = false
        if case .binary(let sign) = try peek().kind, sign == .add || sign == .subtract {
            isMinus = sign == .subtract
            try take()
        }
        let value = try number().value
        return isMinus ? -value : value
    }

    /// The number ahead, in seconds where it is written as a duration.
    mutating func number() throws(ParseFault) -> (value: Double, isDuration: Bool) {
        let token = try peek()
        switch token.kind {
        case .number:
            try take()
            return (try value(of: token), false)
        case .duration:
            try take()
            return (try seconds(of: token), true)
        default: throw try unexpected()
        }
    }

    private func value(of token: Token) throws(ParseFault) -> Double {
        let text = lexer.text(of: token)
        let digits = text.lowercased().filter { $0 != "_" }
        if let whole = Self.wholeNumber(digits) { return whole }
        guard !digits.hasPrefix("0x"), let value = Double(digits) else {
            throw unreadable(text, token, "invalid syntax")
        }
        if value.isInfinite, digits != "inf" {
            throw unreadable(text, token, "value out of range")
        }
        return value
    }

    /// As Go reads whole numbers: hexadecimal behind `0x`, octal behind `0`.
    private static func wholeNumber(_ digits: String) -> Double? {
        if digits.hasPrefix("0x") { return Int64(digits.dropFirst(2), radix: 16).map(Double.init) }
        if digits.utf8.count > 1, digits.hasPrefix("0") {
            return Int64(digits.dropFirst(), radix: 8).map(Double.init)
        }
        return Int64(digits).map(Double.init)
    }

    private func unreadable(_ text: String, _ token: Token, _ why: String) -> ParseFault {
        fault(
            token.position,
            "error parsing number: strconv.ParseFloat: parsing \(quoted(text)): \(why)")
    }

    private func seconds(of token: Token) throws(ParseFault) -> Double {
        let text = lexer.text(of: token)
        do {
            return try TimeSpan(text).seconds
        } catch {
            if case .durationTooLong = error {
                throw fault(token.position, "duration out of range")
            }
            throw fault(token.position, "not a valid duration string: \(quoted(text))")
        }
    }

    /// What a text in quotes says; the lexer has seen that its escapes are sound.
    func unquoted(_ token: Token) -> String {
        let bytes = lexer.bytes[(token.position.start + 1)..<(token.position.end - 1)]
        guard lexer.bytes[token.position.start] != UInt8(ascii: "`"),
            bytes.contains(UInt8(ascii: "\\"))
        else { return String(decoding: bytes, as: UTF8.self) }
        var content: [UInt8] = []
        var at = bytes.startIndex
        func number(_ digits: Int, _ radix: Int) -> UInt32 {
            let text = String(decoding: bytes[at..<(at + digits)], as: UTF8.self)
            at += digits
            return UInt32(text, radix: radix) ?? 0
        }
        while at < bytes.endIndex {
            let byte = bytes[at]
            at += 1
            guard byte == UInt8(ascii: "\\") else {
                content.append(byte)
                continue
            }
            let letter = bytes[at]
            at += 1
            switch Unicode.Scalar(letter) {
            case "a": content.append(0x07)
            case "b": content.append(0x08)
            case "f": content.append(0x0c)
            case "n": content.append(0x0a)
            case "r": content.append(0x0d)
            case "t": content.append(0x09)
            case "v": content.append(0x0b)
            case "x": content.append(UInt8(truncatingIfNeeded: number(2, 16)))
            case "u": content += Array(String(Unicode.Scalar(number(4, 16)) ?? "\u{fffd}").utf8)
            case "U": content += Array(String(Unicode.Scalar(number(8, 16)) ?? "\u{fffd}").utf8)
            case "0"..."7":
                at -= 1
                content.append(UInt8(truncatingIfNeeded: number(3, 8)))
            default: content.append(letter)
            }
        }
        return String(keepingBrokenBytes: content)
    }
}

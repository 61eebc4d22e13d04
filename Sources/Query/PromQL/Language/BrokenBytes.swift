// A text in quotes may hold any bytes by way of escapes: "\xff". Swift's texts are always sound, so
// that each byte that is not becomes a character at the very end of Unicode's private planes, where
// nobody writes. It is written as an escape again, and no name may hold it.

extension String {
    /// The text of `bytes`; those that are not UTF-8 become characters that stand for them.
    init(keepingBrokenBytes bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            self = text
            return
        }
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            let length = Self.length(of: first)
            if let length, let part = String(validating: rest.prefix(length), as: UTF8.self) {
                text += part
                rest = rest.dropFirst(length)
            } else {
                text.unicodeScalars.append(Unicode.Scalar(standingFor: first))
                rest = rest.dropFirst()
            }
        }
        self = text
    }

    /// Whether any byte of it was not UTF-8.
    var hasBrokenBytes: Bool { unicodeScalars.contains { $0.brokenByte != nil } }

    private static func length(of first: UInt8) -> Int? {
        switch first {
        case 0..<0x80: 1
        case 0xc2..<0xe0: 2
        case 0xe0..<0xf0: 3
        case 0xf0..<0xf5: 4
        default: nil
        }
    }
}

extension Unicode.Scalar {
    fileprivate init(standingFor byte: UInt8) {
        self = Unicode.Scalar(0x10ff00 + UInt32(byte)) ?? "\u{fffd}"
    }

    /// The byte that it stands for, if it does.
    var brokenByte: UInt8? {
        (0x10ff80...0x10ffff).contains(value) ? UInt8(value - 0x10ff00) : nil
    }
}

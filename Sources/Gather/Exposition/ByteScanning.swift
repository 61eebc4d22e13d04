// The small steps that all scanners of text share.

extension UInt8 {
    /// Whether this is a blank of the classic text format.
    @inline(__always)
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    /// Whether this may begin a name that stands without quotes.
    @inline(__always)
    func beginsName(colons: Bool) -> Bool {
        let lower = self | 0x20
        return UInt8(ascii: "a")...UInt8(ascii: "z") ~= lower || self == UInt8(ascii: "_")
            || (colons && self == UInt8(ascii: ":"))
    }

    /// Whether this may go on with a name that stands without quotes.
    @inline(__always)
    func continuesName(colons: Bool) -> Bool {
        beginsName(colons: colons) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= self
    }
}

extension Span<UInt8> {
    /// The first place from `at` on that holds no blank.
    @inline(__always)
    func skippingBlanks(from at: Int) -> Int {
        var at = at
        while at < count, self[at].isBlank { at += 1 }
        return at
    }

    /// The end of the name that begins at `at`; `at` itself where none begins.
    @inline(__always)
    func endOfName(from at: Int, colons: Bool) -> Int {
        guard at < count, self[at].beginsName(colons: colons) else { return at }
        var end = at + 1
        while end < count, self[end].continuesName(colons: colons) { end += 1 }
        return end
    }

    /// Whether `byte` stands at `at`.
    @inline(__always)
    func has(_ byte: Unicode.Scalar, at: Int) -> Bool {
        at < count && self[at] == UInt8(ascii: byte)
    }

    /// Whether `word` stands at `at`.
    func hasWord(_ word: StaticString, at: Int) -> Bool {
        guard at + word.utf8CodeUnitCount <= count else { return false }
        for index in 0..<word.utf8CodeUnitCount {
            // Safe: `index` is below the word's length.
            guard unsafe self[at + index] == word.utf8Start[index] else { return false }
        }
        return true
    }

    /// Whether both hold the same bytes.
    @inline(__always)
    func hasSameBytes(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// The bytes of `range` as text, or `nil` where they are not UTF-8.
    func text(_ range: Range<Int>) -> String? {
        // The reason is lost; that the bytes are no text is all that a fault says.
        guard let utf8 = try? UTF8Span(validating: extracting(range)) else { return nil }
        return String(copying: utf8)
    }

    /// The text of `range`, its escapes resolved: `\\`, `\n`, and `\"` where `quotes` are escaped.
    ///
    /// Any other backslash stands for itself, as in Prometheus.
    func unescaped(_ range: Range<Int>, quotes: Bool) -> String? {
        guard let first = range.first(where: { self[$0] == UInt8(ascii: "\\") }) else {
            return text(range)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range.lowerBound..<first { bytes.append(self[index]) }
        var at = first
        while at < range.upperBound {
            let next = at + 1 < range.upperBound ? self[at + 1] : 0
            switch (self[at], next) {
            case (UInt8(ascii: "\\"), UInt8(ascii: "\\")): bytes.append(next)
            case (UInt8(ascii: "\\"), UInt8(ascii: "n")): bytes.append(UInt8(ascii: "\n"))
            case (UInt8(ascii: "\\"), UInt8(ascii: "\"")) where quotes: bytes.append(next)
            case (let byte, _):
                bytes.append(byte)
                at += 1
                continue
            }
            at += 2
        }
        return bytes.span.text(0..<bytes.count)
    }

    /// The place behind the quoted text that begins at `at`, or `nil` where no quote ends it.
    func endOfQuoted(from at: Int) -> Int? {
        var at = at + 1
        while at < count {
            switch self[at] {
            case UInt8(ascii: "\\"): at += 2
            case UInt8(ascii: "\""): return at + 1
            default: at += 1
            }
        }
        return nil
    }
}

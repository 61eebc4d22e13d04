// Exposition: the formats in which targets tell their metrics, read and written.
// In: bytes, cut anywhere. Out: a scrape as columns, and what is new since the last one.
// Start at `ScrapeParser`; `ExpositionWriter` goes the other way.
// Knows nothing of HTTP, targets or storage. Imports: Model.

/// Why a body or its `Content-Type` was refused.
public enum ExpositionError: Error, Hashable, CustomStringConvertible {
    /// A line that is not what its format asks for.
    case line(LineFault)
    /// A line, or a binary message, that goes on for too long.
    case tooLong(line: Int, limit: Int)
    /// OpenMetrics text that stops before `# EOF`: the body was cut off.
    case missingEOF(line: Int)
    /// A binary message that is not what its format asks for; `offset` is the byte of the body.
    case message(offset: Int, expected: String)
    /// A target that does not say in which format it answers; the text is the whole sentence.
    case contentType(String)

    /// Where, what was expected, and what stands there.
    public var description: String {
        switch self {
        case .line(let fault): fault.description
        case .tooLong(let line, let limit):
            "line \(line) is longer than \(limit) bytes; no sample needs that"
        case .missingEOF(let line):
            "line \(line): expected # EOF, found the end of the body; it was cut off"
        case .message(let offset, let expected): "byte \(offset): expected \(expected)"
        case .contentType(let sentence): sentence
        }
    }
}

/// A line that could not be read, and the place in it.
public struct LineFault: Error, Hashable, CustomStringConvertible {
    /// The line's number; the first is 1.
    public let line: Int
    /// The byte's number within the line; the first is 1.
    public let column: Int
    /// What should stand there, as in "expected a label value in double quotes".
    public let expected: String
    /// The line itself, or the part around the column where it is long.
    public let text: String
    /// How many columns `text` leaves out on its left.
    let shift: Int

    init(line: Int, column: Int, expected: String, bytes: Span<UInt8>) {
        self.line = line
        self.column = column
        self.expected = expected
        let first = max(0, min(column - 41, bytes.count - 80))
        let last = min(bytes.count, first + 80)
        shift = first
        text = printable(bytes.extracting(first..<max(first, last)))
    }

    /// Three lines: the sentence, the text, and a caret below the column.
    public var description: String {
        let blanks = String(repeating: " ", count: max(0, column - 1 - shift))
        return "line \(line), column \(column): expected \(expected)\n  \(text)\n  \(blanks)^"
    }
}

/// `bytes` as text of as many columns: what would move the caret becomes a dot.
private func printable(_ bytes: Span<UInt8>) -> String {
    var text = ""
    for index in bytes.indices {
        let byte = bytes[index]
        text.unicodeScalars.append(0x20...0x7e ~= byte ? Unicode.Scalar(byte) : "·")
    }
    return text
}

/// What the scanners throw: the caller knows the line's number and bytes.
struct Fault: Error {
    /// The byte within the line, counted from zero.
    var offset: Int
    var expected: String
}

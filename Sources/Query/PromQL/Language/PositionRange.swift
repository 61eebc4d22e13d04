/// The bytes of an expression's text that a node was read from.
public struct PositionRange: Sendable, Hashable {
    /// The first byte, counted from zero.
    public var start: Int
    /// The byte behind the last.
    public var end: Int

    /// A range of these two.
    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    /// The range of what was not read from a text.
    public static let none = PositionRange(0, 0)

    /// From the beginning of this range to the end of `last`.
    public func through(_ last: PositionRange) -> PositionRange { PositionRange(start, last.end) }

    /// Line and column of the first byte, both counted from one, as in `1:5`.
    ///
    /// Columns are bytes. An empty text has no places, nor has a range outside the text.
    public func place(in query: String) -> String {
        guard !query.isEmpty else { return "unknown position" }
        guard start >= 0, start <= query.utf8.count else { return "invalid position" }
        var line = 1
        var column = 1
        for byte in query.utf8.prefix(start) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return "\(line):\(column)"
    }
}

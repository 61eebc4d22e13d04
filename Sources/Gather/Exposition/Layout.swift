import Glibc

/// One line as the last good scrape had it, with the comment lines in front of it.
struct LayoutLine {
    /// Where its bytes begin among the layout's.
    var offset: Int
    /// The bytes up to the value, which are the same from scrape to scrape.
    var length: UInt32
    /// The series, or `none` for comment lines that no sample follows.
    var series: UInt32
    /// The sample's place in the columns.
    var sample: UInt32
    /// How many lines it covers, comments included, and how many all up to it do.
    var span: UInt32 = 0
    var number: UInt32 = 0
    /// The bytes of the value up to and with the line's end; 0 where they are not kept.
    var tail: UInt8 = 0
    /// The type in force, which decides how `le` and `quantile` are written.
    var type: UInt8

    static let none = UInt32.max
    /// Values longer than this are read anew each time.
    static let tailRoom = 24
}

/// What a body looked like: a scrape that looks the same need not be split, hashed or looked up.
struct Layout: ~Copyable {
    private var bytes = Column<UInt8>()
    private(set) var lines = Column<LayoutLine>()

    /// The place of a line that is to be added behind all others.
    private func following(_ line: LayoutLine, comments: UInt32) -> LayoutLine {
        var line = line
        line.offset = bytes.count
        line.span = comments + (line.series == LayoutLine.none ? 0 : 1)
        line.number = (lines.last?.number ?? 0) &+ line.span
        return line
    }

    /// Adds a line of a body: comment lines, then `text`, whose constant part ends at `end`.
    mutating func append(
        _ line: LayoutLine, comments: Span<UInt8>, line text: Span<UInt8>, end: Int,
        keepsTail: Bool
    ) {
        var line = following(line, comments: comments.lineCount)
        line.length = UInt32(comments.count + end)
        line.tail = keepsTail ? UInt8(text.count - end + 1) : 0
        bytes.append(comments)
        bytes.append(keepsTail ? text : text.extracting(0..<end))
        if keepsTail { bytes.append(UInt8(ascii: "\n")) }
        bytes.zero(upTo: line.end)
        lines.append(line)
    }

    /// Adds a line whose bytes lie beside each other, comments and line end included.
    ///
    /// - Parameters:
    ///   - line: its series, sample and type.
    ///   - before: comment lines that were kept from an earlier piece.
    ///   - comments: how many comment lines `text` begins with.
    ///   - text: all bytes, the last of them the line's end.
    ///   - end: where the constant part ends.
    @inline(__always)
    mutating func append(
        _ line: LayoutLine, after before: Span<UInt8>, comments: Int,
        text: UnsafeBufferPointer<UInt8>, end: Int
    ) {
        let kept = before.isEmpty ? 0 : before.lineCount
        var line = following(line, comments: UInt32(comments) + kept)
        let keepsTail = text.count - end <= LayoutLine.tailRoom
        line.length = UInt32(before.count + end)
        bytes.append(before)
        line.tail = keepsTail ? UInt8(text.count - end) : 0
        // Safe: the bytes are copied before this returns.
        let span = unsafe Span(_unsafeElements: text)
        bytes.append(keepsTail ? span : span.extracting(0..<end))
        bytes.zero(upTo: line.end)
        lines.append(line)
    }

    /// Adds a line of `other` as it stands there, with `comments` in front of it.
    mutating func append(
        _ line: LayoutLine, of other: borrowing Layout, comments: Span<UInt8>
    ) {
        var copy = line
        copy.offset = bytes.count
        copy.length += UInt32(comments.count)
        copy.span += comments.lineCount
        copy.number = (lines.last?.number ?? 0) &+ copy.span
        bytes.append(comments)
        bytes.append(from: other.bytes, line.offset..<line.end)
        lines.append(copy)
    }

    /// Adds many lines of `other` as they stand there; their samples come from `sample` on.
    mutating func append(_ range: Range<Int>, of other: borrowing Layout, sample: UInt32) {
        guard let last = range.last else { return }
        let first = other.lines[range.lowerBound]
        let before = first.number &- first.span
        let number = lines.last?.number ?? 0
        let offset = bytes.count
        bytes.append(from: other.bytes, first.offset..<other.lines[last].end)
        lines.makeRoom(for: range.count)
        // Safe: `range` lies within the other's lines, and there is room for as many more.
        unsafe other.lines.elements.extracting(range).forEach {
            var line = $0
            line.offset += offset - first.offset
            line.number = line.number &- before &+ number
            line.sample = line.sample &- first.sample &+ sample
            lines.append(line)
        }
    }

    /// Takes the last line back.
    mutating func removeLast() {
        guard let last = lines.last else { return }
        lines.removeLast()
        bytes.removeLast(bytes.count - last.offset)
    }

    /// Keeps `tail` as what stands behind the constant part of `line` now.
    mutating func keep(_ tail: Span<UInt8>, of line: Int) {
        guard tail.count <= LayoutLine.tailRoom else {
            lines[line].tail = 0
            return
        }
        let start = lines[line].offset + Int(lines[line].length)
        for index in tail.indices { bytes[start + index] = tail[index] }
        lines[line].tail = UInt8(tail.count)
    }

    /// Adds the bytes of a line to `body`; false where its value is not among them.
    func write(_ index: Int, to body: inout [UInt8]) -> Bool {
        let line = lines[index]
        let end = line.offset + Int(line.length) + Int(line.tail)
        // Safe: a line's bytes lie within the layout's, and are copied here.
        unsafe body.append(contentsOf: bytes.elements[line.offset..<end])
        return line.tail > 0 || line.series == LayoutLine.none
    }

    mutating func removeAll() {
        bytes.removeAll()
        lines.removeAll()
    }

    /// Gives back what is held for lines to come.
    mutating func trim() {
        bytes.trim()
        lines.trim()
    }

    /// The comment lines in front of a line, each with its end, and the key of the line itself,
    /// with the blanks in front of it; for as long as nobody changes the layout.
    @unsafe func parts(
        of line: LayoutLine
    ) -> (comments: UnsafeBufferPointer<UInt8>, key: UnsafeBufferPointer<UInt8>) {
        // Safe: a line's bytes lie within the layout's.
        let text = unsafe bytes.elements.extracting(line.offset..<line.offset + Int(line.length))
        guard line.series != LayoutLine.none else {
            return unsafe (text, text.extracting(text.count..<text.count))
        }
        var start = text.count
        while start > 0, unsafe text[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        return (text.extracting(0..<start), text.extracting(start..<text.count))
    }

    // MARK: Comparing

    /// Goes over lines that repeat byte for byte, values included.
    ///
    /// - Parameters:
    ///   - body: the bytes at hand.
    ///   - at: where the next line begins in `body`; moved behind the last one that repeats.
    ///   - cursor: the line expected there; moved likewise.
    @inline(__always)
    func skipRepeated(_ body: Span<UInt8>, _ at: inout Int, _ cursor: inout Int) {
        // Safe: each comparison stays within both buffers, whose counts are looked at first; a
        // line's offset, length and tail lie within `bytes`, since they were made with it.
        unsafe body.withUnsafeBufferPointer { body in
            let (bytes, lines) = unsafe (bytes.elements, lines.elements)
            guard let left = body.baseAddress, let right = bytes.baseAddress else { return }
            while cursor < lines.count {
                let line = unsafe lines[cursor]
                let count = Int(line.length) + Int(line.tail)
                guard line.tail > 0, count <= body.count - at,
                    unsafe memcmp(left + at, right + line.offset, count) == 0
                else { return }
                at += count
                cursor += 1
            }
        }
    }

    /// How the constant part of `line` compares with what stands at `at`.
    @inline(__always)
    func compare(_ line: LayoutLine, with body: Span<UInt8>, at: Int) -> Match {
        let shared = min(Int(line.length), body.count - at)
        // Safe: `shared` bytes lie within both.
        let isSame = unsafe body.withUnsafeBufferPointer { body in
            guard let left = body.baseAddress, let right = unsafe bytes.elements.baseAddress else {
                return true
            }
            return unsafe memcmp(left + at, right + line.offset, shared) == 0
        }
        guard isSame else { return .differs }
        return shared == Int(line.length) ? .same : .cutOff
    }

    /// Whether the constant part ends with a bare name, without braces.
    func endsWithName(_ line: LayoutLine) -> Bool {
        bytes[line.offset + Int(line.length) - 1] != UInt8(ascii: "}")
    }

    enum Match { case same, differs, cutOff }
}

extension LayoutLine {
    /// Where its bytes end, the room for the value included.
    fileprivate var end: Int { offset + Int(length) + Self.tailRoom }
}

extension Column<UInt8> {
    /// Adds bytes of `other`.
    fileprivate mutating func append(from other: borrowing Column<UInt8>, _ range: Range<Int>) {
        // Safe: the bytes are copied before anything else happens to the other column.
        unsafe append(Span(_unsafeElements: other.elements).extracting(range))
    }
}

extension Span<UInt8> {
    /// How many lines end within.
    fileprivate var lineCount: UInt32 {
        var lines: UInt32 = 0
        for index in indices where self[index] == UInt8(ascii: "\n") { lines += 1 }
        return lines
    }
}

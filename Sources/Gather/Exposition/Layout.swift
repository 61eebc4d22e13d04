import Glibc

/// One line as the last good scrape had it, with the comment lines in front of it.
struct LayoutLine {
    /// Where its bytes begin among the layout's.
    var offset: Int
    /// The bytes up to the value, which are the same from scrape to scrape.
    var length: UInt32
    /// The bytes of the value up to and with the line's end; 0 where they are not kept.
    var tail: UInt32 = 0
    /// The series, or `none` for comment lines that no sample follows.
    var series: UInt32
    /// The sample's place in the columns.
    var sample: UInt32
    /// How many lines it covers, comments included, and how many all up to it do.
    var span: UInt32 = 0
    var number = 0
    /// The type in force, which decides how `le` and `quantile` are written.
    var type: UInt8

    static let none = UInt32.max
    /// Values longer than this are read anew each time.
    static let tailRoom = 24
}

/// What a body looked like: a scrape that looks the same need not be split, hashed or looked up.
struct Layout {
    private(set) var bytes: [UInt8] = []
    var lines: [LayoutLine] = []

    /// Adds a line of a body: comment lines, then `text`, whose constant part ends at `end`.
    mutating func append(
        _ line: LayoutLine, comments: Span<UInt8>, line text: Span<UInt8>, end: Int,
        keepsTail: Bool
    ) {
        var line = line
        line.offset = bytes.count
        line.length = UInt32(comments.count + end)
        line.span = lineCount(comments) + (line.series == LayoutLine.none ? 0 : 1)
        line.number = (lines.last?.number ?? 0) + Int(line.span)
        if comments.count > 0 { bytes.append(comments) }
        line.tail = keepsTail ? UInt32(text.count - end + 1) : 0
        bytes.append(keepsTail ? text : text.extracting(0..<end))
        if keepsTail { bytes.append(UInt8(ascii: "\n")) }
        bytes.append(
            contentsOf: repeatElement(0, count: LayoutLine.tailRoom - Int(line.tail)))
        lines.append(line)
    }

    /// Adds a line of `other` as it stands there, with `comments` in front of it.
    mutating func append(
        _ line: LayoutLine, of other: borrowing Layout, comments: Span<UInt8> = Span()
    ) {
        var copy = line
        copy.offset = bytes.count
        copy.length += UInt32(comments.count)
        copy.span += lineCount(comments)
        copy.number = (lines.last?.number ?? 0) + Int(copy.span)
        append(comments)
        let end = line.offset + Int(line.length) + LayoutLine.tailRoom
        bytes.append(contentsOf: other.bytes[line.offset..<end])
        lines.append(copy)
    }

    /// Takes the last line back.
    mutating func removeLast() {
        guard let last = lines.popLast() else { return }
        bytes.removeSubrange(last.offset...)
    }

    /// Keeps `tail` as what stands behind the constant part of `line` now.
    mutating func keep(_ tail: Span<UInt8>, of line: Int) {
        guard tail.count <= LayoutLine.tailRoom else {
            lines[line].tail = 0
            return
        }
        let start = lines[line].offset + Int(lines[line].length)
        for index in tail.indices { bytes[start + index] = tail[index] }
        lines[line].tail = UInt32(tail.count)
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        lines.removeAll(keepingCapacity: true)
    }

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
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe lines.withUnsafeBufferPointer { lines in
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
        }
    }

    /// How the constant part of `line` compares with what stands at `at`.
    func compare(_ line: LayoutLine, with body: Span<UInt8>, at: Int) -> Match {
        let shared = min(Int(line.length), body.count - at)
        // Safe: `shared` bytes lie within both.
        let isSame = unsafe body.withUnsafeBufferPointer { body in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                guard let left = body.baseAddress, let right = bytes.baseAddress else {
                    return true
                }
                return unsafe memcmp(left + at, right + line.offset, shared) == 0
            }
        }
        guard isSame else { return .differs }
        return shared == Int(line.length) ? .same : .cutOff
    }

    /// Whether the constant part ends with a bare name, without braces.
    func endsWithName(_ line: LayoutLine) -> Bool {
        bytes[line.offset + Int(line.length) - 1] != UInt8(ascii: "}")
    }

    enum Match { case same, differs, cutOff }

    private func lineCount(_ text: Span<UInt8>) -> UInt32 {
        var count: UInt32 = 0
        for index in text.indices where text[index] == UInt8(ascii: "\n") { count += 1 }
        return count
    }

    private mutating func append(_ span: Span<UInt8>) {
        bytes.append(span)
    }
}

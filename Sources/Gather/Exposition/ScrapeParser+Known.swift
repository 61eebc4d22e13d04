import Glibc
import Model

// Lines that were seen before and stand elsewhere now: their series are found by the lines' bytes.
extension ScrapeParser {
    /// Reads whole lines for as long as they are known, or until one stands where it is expected.
    ///
    /// It stops in front of any line that asks for a closer look, and moves `at` there.
    mutating func readKnown(_ body: Span<UInt8>, _ at: inout Int) {
        // Safe: nothing outlives the closure, and all places lie within the body.
        unsafe body.withUnsafeBufferPointer { bytes in
            var start = at
            // Where the comment lines in front of the line begin, and how many they are.
            var first = at
            var commentLines = 0
            while let line = unsafe Self.wholeLine(bytes, from: start) {
                if unsafe line[0] == UInt8(ascii: "#") {
                    guard unsafe readKnownComment(line) else { break }
                    commentLines += 1
                    start += line.count
                    continue
                }
                guard let end = unsafe readKnownSample(line) else { break }
                if predicts {
                    let text = bytes.extracting(first..<start + line.count)
                    unsafe learnKnown(text, comments: commentLines, end: start - first + end)
                }
                start += line.count
                (first, commentLines) = (start, 0)
                if predicts, isExpected(body, at: start) { break }
            }
            if predicts, first < start, pending.count + start - first < Self.pendingLimit {
                pending.append(body.extracting(first..<start))
            }
            at = start
        }
    }

    /// The line that begins at `start`, with its end; `nil` where it is blank or not whole.
    @inline(__always)
    private static func wholeLine(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> UnsafeBufferPointer<UInt8>? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = unsafe memchr(base + start, 0x0a, bytes.count - start)
        else { return nil }
        let count = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base) - start + 1
        return count < 2 ? nil : unsafe UnsafeBufferPointer(start: base + start, count: count)
    }

    @inline(__always)
    private mutating func readKnownComment(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        let text = line.extracting(0..<line.count - 1)
        guard let known = unsafe comments.number(of: text, hash: keyHash.of(text)) else {
            return false
        }
        if !isLearning { startLearning() }
        if commentTypes[Int(known)] > 0 { type = commentTypes[Int(known)] - 1 }
        number += 1
        return true
    }

    /// Reads a sample whose series is known; gives the end of its key.
    @inline(__always)
    private mutating func readKnownSample(_ line: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let (end, hasTime) = unsafe Self.keyEnd(line) else { return nil }
        let key = line.extracting(0..<end)
        guard let series = unsafe table.number(of: key, hash: keyHash.of(key)) else { return nil }
        let text = unsafe Span(_unsafeElements: line)
        var time: Int64?
        var value = 0.0
        if hasTime {
            // Where the rest cannot be read, the slow way says better why.
            let scanner = TailScanner(isOpenMetrics: isOpenMetrics)
            guard let tail = try? scanner.scan(text.extracting(0..<text.count - 1), from: end),
                tail.exemplar == nil
            else { return nil }
            (value, time) = (tail.value, tail.time)
        } else {
            let number = text.extracting(end + 1..<text.count - 1)
            guard let read = FloatScanner.value(of: number) else { return nil }
            value = read
        }
        if !isLearning { startLearning() }
        append(series, value: value, time: time)
        number += 1
        return end
    }

    /// Where a line's name and labels end, and whether a value and a time stand behind them.
    ///
    /// Found from the line's end, without a look at the labels: what is no series' key by that is
    /// not in the table.
    @inline(__always)
    private static func keyEnd(
        _ line: UnsafeBufferPointer<UInt8>
    ) -> (end: Int, hasTime: Bool)? {
        // Safe: every place lies below the count.
        var blank = line.count - 2
        while blank > 0, unsafe line[blank] > 0x20 { blank -= 1 }
        guard blank > 0, unsafe line[blank] == 0x20 else { return nil }
        if unsafe line[blank - 1] == UInt8(ascii: "}") { return (blank, false) }
        guard let base = line.baseAddress, let found = unsafe memchr(base, 0x20, blank + 1) else {
            return nil
        }
        let first = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        if first == blank { return (blank, false) }
        blank -= 1
        while blank > 0, unsafe line[blank] > 0x20 { blank -= 1 }
        guard blank > 0, unsafe line[blank] == 0x20,
            unsafe line[blank - 1] == UInt8(ascii: "}") || first == blank
        else { return nil }
        return (blank, true)
    }

    /// Adds the line just read, with the comments in front of it, to what the next scrape repeats.
    @inline(__always)
    private mutating func learnKnown(
        _ text: UnsafeBufferPointer<UInt8>, comments: Int, end: Int
    ) {
        guard let series = nextSeries.last else { return }
        let entry = LayoutLine(
            offset: 0, length: 0, series: series, sample: UInt32(nextValues.count - 1), type: type)
        let before = takePending()
        unsafe next.append(entry, after: before.span, comments: comments, text: text, end: end)
        givePending(before)
        follow(series)
    }

    /// Whether the line at `at` is the one that stood behind the last one before.
    @inline(__always)
    private func isExpected(_ body: Span<UInt8>, at: Int) -> Bool {
        guard cursor < layout.lines.count, at < body.count else { return false }
        return layout.compare(layout.lines[cursor], with: body, at: at) != .differs
    }
}

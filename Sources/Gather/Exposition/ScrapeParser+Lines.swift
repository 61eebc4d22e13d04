import Glibc
import Model

// Text, line by line: first what repeats the last scrape, then what does not.
extension ScrapeParser {
    mutating func consumeLines(
        _ body: Span<UInt8>, isLast: Bool
    ) throws(ExpositionError) -> Int {
        var at = 0
        while at < body.count {
            if predicts, !sawEOF, skippedFamily == nil, cursor < layout.lines.count {
                let first = cursor
                shift = number - layout.lines[cursor].number + Int(layout.lines[cursor].span)
                layout.skipRepeated(body, &at, &cursor)
                if cursor > first { pass(first..<cursor) }
                guard at < body.count else { break }
                if cursor < layout.lines.count {
                    switch predict(body, &at, isLast: isLast) {
                    case .read: continue
                    case .wait: return at
                    case .differs: break
                    }
                }
            }
            let end = lineEnd(body, from: at)
            if end == body.count, !isLast { return at }
            try readLine(body.extracting(at..<end))
            at = min(end + 1, body.count)
        }
        return at
    }

    private enum Prediction { case read, wait, differs }

    /// Reads the line that is expected, where only its value differs.
    private mutating func predict(
        _ body: Span<UInt8>, _ at: inout Int, isLast: Bool
    ) -> Prediction {
        let line = layout.lines[cursor]
        switch layout.compare(line, with: body, at: at) {
        case .differs: return .differs
        case .cutOff: return isLast ? .differs : .wait
        case .same: break
        }
        let start = at + Int(line.length)
        guard line.series != LayoutLine.none else {
            pass(cursor..<cursor + 1)
            at = start
            cursor += 1
            return .read
        }
        let end = lineEnd(body, from: start)
        if end == body.count, !isLast { return .wait }
        // A name that goes on is another name.
        if layout.endsWithName(line), start < end, body[start].continuesName(colons: true) {
            return .differs
        }
        // What a fault says is found anew by the slow way, which knows the whole line.
        let text = body.extracting(start..<end)
        let scanner = TailScanner(isOpenMetrics: isOpenMetrics)
        guard let tail = try? scanner.scan(text, from: 0), tail.exemplar == nil else {
            return .differs
        }
        let room = end < body.count ? body.extracting(start..<end + 1) : Span()
        layout.keep(room, of: cursor)
        // The layout's bytes and the column always say the same, also where a scrape fails later.
        let place = Int(line.sample)
        batch.values[place] = tail.value
        if tail.time != nil || !batch.times.isEmpty { setTime(tail.time, at: place) }
        if isLearning { takeOver(cursor..<cursor + 1) }
        number = line.number + shift
        type = line.type
        at = min(end + 1, body.count)
        cursor += 1
        return .read
    }

    /// Goes past lines that repeat, values included.
    private mutating func pass(_ lines: Range<Int>) {
        guard let last = lines.last else { return }
        number = layout.lines[last].number + shift
        type = layout.lines[last].type
        if isLearning { takeOver(lines) }
    }

    /// Adds lines of the last layout, and their values, to what is being learned.
    private mutating func takeOver(_ lines: Range<Int>) {
        for index in lines {
            let line = layout.lines[index]
            nextLine(line)
            guard line.series != LayoutLine.none else { continue }
            nextValues.append(batch.values[Int(line.sample)])
            nextTime(batch.times.isEmpty ? nil : batch.times[Int(line.sample)])
        }
    }

    /// Begins to learn a layout: what was read so far is as it was in the last scrape.
    mutating func startLearning() {
        guard !isLearning else { return }
        isLearning = true
        changes &+= 1
        next.removeAll()
        nextSeries.removeAll(keepingCapacity: true)
        nextValues.removeAll(keepingCapacity: true)
        nextTimes.removeAll(keepingCapacity: true)
        takeOver(0..<cursor)
    }

    /// Adds a line of the last layout to the one that is being learned.
    private mutating func nextLine(_ line: LayoutLine) {
        var line = line
        line.sample = UInt32(nextValues.count)
        if pending.isEmpty {
            next.append(line, of: layout)
        } else {
            // Comment lines that are new stand in front of it.
            let comments = takePending()
            next.append(line, of: layout, comments: comments.span)
            givePending(comments)
        }
        guard line.series != LayoutLine.none else { return }
        nextSeries.append(line.series)
        lastSeen[Int(line.series)] = changes
    }

    /// The comment lines that wait for the sample behind them.
    mutating func takePending() -> [UInt8] {
        let comments = pending
        pending = []
        return comments
    }

    /// Gives their memory back for those of the next sample.
    @inline(__always)
    mutating func givePending(_ comments: consuming [UInt8]) {
        pending = comments
        pending.removeAll(keepingCapacity: true)
    }

    func nextTimeIsNeeded(_ time: Int64?) -> Bool { time != nil || !nextTimes.isEmpty }

    mutating func nextTime(_ time: Int64?) {
        guard nextTimeIsNeeded(time) else { return }
        while nextTimes.count + 1 < nextValues.count { nextTimes.append(ScrapeBatch.noTime) }
        nextTimes.append(time ?? ScrapeBatch.noTime)
    }

    private mutating func setTime(_ time: Int64?, at place: Int) {
        if batch.times.isEmpty {
            batch.times = [Int64](repeating: ScrapeBatch.noTime, count: batch.values.count)
        }
        batch.times[place] = time ?? ScrapeBatch.noTime
    }

    /// The place of the next line's end, or of the body's.
    @inline(__always)
    private func lineEnd(_ body: Span<UInt8>, from start: Int) -> Int {
        // Safe: the search stays within the body.
        unsafe body.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count,
                let found = unsafe memchr(base + start, 0x0a, bytes.count - start)
            else { return bytes.count }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}

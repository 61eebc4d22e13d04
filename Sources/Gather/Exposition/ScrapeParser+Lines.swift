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
                shift = number - Int(layout.lines[cursor].number &- layout.lines[cursor].span)
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
            if isPacked {
                let end = lineEnd(body, from: at)
                if end == body.count, !isLast { return at }
                if !isOpenMetrics || !body.extracting(at..<end).isEndOfFile { unpack() }
            }
            if options.rules == .asPrometheus, !sawEOF, skippedFamily == nil {
                let start = at
                readKnown(body, &at)
                if at > start { continue }
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
        number = Int(line.number) + shift
        type = line.type
        at = min(end + 1, body.count)
        cursor += 1
        return .read
    }

    /// Goes past lines that repeat, values included.
    private mutating func pass(_ lines: Range<Int>) {
        guard let last = lines.last else { return }
        number = Int(layout.lines[last].number) + shift
        type = layout.lines[last].type
        if isLearning { takeOver(lines) }
    }

    /// Adds lines of the last layout, and their values, to what is being learned.
    private mutating func takeOver(_ lines: Range<Int>) {
        guard !lines.isEmpty else { return }
        let start = Int(layout.lines[lines.lowerBound].sample)
        let last = layout.lines[lines.upperBound - 1]
        let end = Int(last.sample) + (last.series == LayoutLine.none ? 0 : 1)
        var rest = lines
        if !pending.isEmpty {
            // Comment lines that are new stand in front of the first one.
            var line = layout.lines[rest.removeFirst()]
            line.sample = UInt32(nextValues.count)
            let comments = takePending()
            next.append(line, of: layout, comments: comments.span)
            givePending(comments)
            let isSample = line.series != LayoutLine.none
            next.append(rest, of: layout, sample: UInt32(nextValues.count + (isSample ? 1 : 0)))
        } else {
            next.append(rest, of: layout, sample: UInt32(nextValues.count))
        }
        takeOverSamples(start..<end)
    }

    private mutating func takeOverSamples(_ samples: Range<Int>) {
        if !nextTimes.isEmpty || !batch.times.isEmpty {
            nextTimes.fill(ScrapeBatch.noTime, upTo: nextValues.count)
        }
        nextSeries.append(batch.series, samples)
        nextValues.append(batch.values, samples)
        if !batch.times.isEmpty { nextTimes.append(batch.times, samples) }
        for index in samples { lastSeen[Int(batch.series[index])] = changes }
    }

    /// Begins to learn a layout: what was read so far is as it was in the last scrape.
    mutating func startLearning() {
        if isPacked { unpack() }
        guard !isLearning else { return }
        isLearning = true
        changes &+= 1
        next.removeAll()
        nextSeries.removeAll()
        nextValues.removeAll()
        nextTimes.removeAll()
        takeOver(0..<cursor)
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

    /// Keeps the time of the value that was added last.
    @inline(__always)
    mutating func nextTime(_ time: Int64?) {
        guard time != nil || !nextTimes.isEmpty else { return }
        nextTimes.fill(ScrapeBatch.noTime, upTo: nextValues.count - 1)
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

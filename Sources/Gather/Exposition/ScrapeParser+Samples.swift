import Glibc
import Model

// A line that does not repeat the last scrape: a comment, a sample that is found by its bytes, or
// one that was never seen.
extension ScrapeParser {
    mutating func readLine(_ line: Span<UInt8>) throws(ExpositionError) {
        number += 1
        do throws(Fault) {
            if sawEOF { throw Fault(offset: 0, expected: "nothing behind # EOF") }
            let start = isOpenMetrics ? 0 : line.skippingBlanks(from: 0)
            guard start < line.count else {
                if isOpenMetrics { throw Fault(offset: 0, expected: "a line that is not blank") }
                startLearning()
                return addPending(line)
            }
            if line.has("#", at: start) {
                try readComment(line, from: start)
            } else {
                startLearning()
                try readSample(line, from: start)
            }
        } catch {
            try leaveOut(line, error)
        }
    }

    /// More comments in front of one sample are not remembered: they are looked up each time.
    static let pendingLimit = 64 << 10

    private mutating func addPending(_ line: Span<UInt8>) {
        guard predicts, pending.count + line.count < Self.pendingLimit else { return }
        pending.append(line)
        pending.append(UInt8(ascii: "\n"))
    }

    // MARK: Comments

    private mutating func readComment(_ line: Span<UInt8>, from start: Int) throws(Fault) {
        if isOpenMetrics, line.isEndOfFile {
            sawEOF = true
            return
        }
        startLearning()
        let hash = keyHash.of(line)
        if options.rules == .asPrometheus, let known = comments.number(of: line, hash: hash) {
            if commentTypes[Int(known)] > 0 { type = commentTypes[Int(known)] - 1 }
            return addPending(line)
        }
        let comment = try MetadataScanner(isOpenMetrics: isOpenMetrics).scan(line, from: start)
        if options.rules == .strict { try checkStrictly(comment) }
        if case .type(_, let new) = comment { type = Self.place(of: new) }
        if let family = takeOver(comment) {
            let isNoted = changed.last?.hasSameBytes(as: family) ?? false
            if !isNoted { changed.append(family) }
        }
        addPending(line)
        if let added = remember(comment, line, hash: hash) { newComments.append(added) }
    }

    private static func place(of type: MetricType) -> UInt8 {
        UInt8(MetricType.allCases.firstIndex(of: type) ?? 0)
    }

    /// Makes a comment line known by its bytes; gives its number where it is new.
    @discardableResult
    mutating func remember(_ comment: CommentLine, _ line: Span<UInt8>, hash: UInt32) -> UInt32? {
        guard comments.number(of: line, hash: hash) == nil else { return nil }
        // What says so much and brings so few samples is read anew rather than remembered.
        if comments.byteCount > 2 << 20 + table.count * 512 {
            comments = SeriesTable()
            (commentTypes, newComments) = ([], [])
        }
        let added = comments.insert(line, hash: hash)
        while commentTypes.count <= Int(added) { commentTypes.append(0) }
        if case .type(_, let new) = comment { commentTypes[Int(added)] = Self.place(of: new) + 1 }
        return added
    }

    /// Takes over what a comment says of its family, and gives the family.
    @discardableResult
    mutating func takeOver(_ comment: CommentLine) -> String? {
        guard let family = comment.family else { return nil }
        var metadata = known[family] ?? MetricMetadata()
        switch comment {
        case .help(_, let text): metadata.help = text
        case .type(_, let type): metadata.type = type
        case .unit(_, let unit): metadata.unit = unit
        case .endOfFile, .comment: break
        }
        known[family] = metadata
        return family
    }

    private mutating func checkStrictly(_ comment: CommentLine) throws(Fault) {
        try isOpenMetrics ? rules.read(comment) : rules.readText(comment)
    }

    // MARK: Samples

    private mutating func readSample(_ line: Span<UInt8>, from start: Int) throws(Fault) {
        let scanTail = TailScanner(isOpenMetrics: isOpenMetrics)
        if options.rules == .asPrometheus, skippedFamily == nil {
            let end = isOpenMetrics ? line.keyEnd(from: start) : line.lastKeyEnd(from: start)
            let key = line.extracting(start..<end)
            // Where the rest cannot be read, the slow way below says better why.
            if let found = table.number(of: key, hash: keyHash.of(key)),
                let tail = try? scanTail.scan(line, from: end)
            {
                try record(found, line, end: end, tail)
                return follow(found)
            }
        }
        let series = try scanner.scan(line, from: start)
        if let family = skippedFamily {
            if series.metric.belongs(to: family) {
                batch.skipped += 1
                return
            }
            skippedFamily = nil
        }
        let tail = try scanTail.scan(line, from: series.end)
        if options.rules == .strict { try checkStrictly(series, tail, line) }
        let key = line.extracting(start..<series.end)
        let hash = keyHash.of(key)
        if let found = table.number(of: key, hash: hash) {
            try record(found, line, end: series.end, tail)
            return follow(found)
        }
        if tail.exemplar != nil { _ = try exemplar(of: 0, in: line, tail) }
        let added = add(key, hash: hash, labels: labels(of: series))
        try record(added, line, end: series.end, tail)
    }

    private mutating func checkStrictly(
        _ series: ScannedSeries, _ tail: SampleTail, _ line: Span<UInt8>
    ) throws(Fault) {
        guard isOpenMetrics else { return rules.readText(series) }
        var size: Int?
        if let brace = tail.exemplar {
            let labels = try scanner.scanExemplarLabels(line, from: brace).labels
            size = labels.reduce(0) {
                $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count
            }
        }
        try rules.read(series, tail, exemplarSize: size)
    }

    /// Makes a series known.
    mutating func add(_ key: Span<UInt8>, hash: UInt32, labels: Labels) -> UInt32 {
        let added = insert(key, hash: hash)
        if options.convertsClassicHistograms, notePart(added, labels) { return added }
        batch.newSeries.append(NewSeries(number: added, labels: labels))
        return added
    }

    /// Gives a key a number.
    mutating func insert(_ key: Span<UInt8>, hash: UInt32) -> UInt32 {
        let added = table.insert(key, hash: hash)
        lastSeen.fill(0, upTo: Int(added) + 1)
        positions.fill(LayoutLine.none, upTo: Int(added) + 1)
        positions[Int(added)] = LayoutLine.none
        return added
    }

    /// A series' labels, bounds and quantiles written as OpenMetrics does.
    private func labels(of series: ScannedSeries) -> Labels {
        let type = MetricType.allCases[Int(type)]
        let bound: String? =
            switch type {
            case .histogram, .gaugehistogram: LabelName.bucketBound
            case .summary: LabelName.quantile
            default: nil
            }
        var labels = series.labels
        if let bound, let index = labels.firstIndex(where: { $0.name.hasSameBytes(as: bound) }),
            let value = FloatScanner.value(of: labels[index].value.utf8Span.span)
        {
            labels[index] = Label(bound, FloatText.openMetrics(value))
        }
        labels.append(Label(LabelName.metric, series.metric))
        return Labels(labels)
    }

    /// Adds a sample to the columns, and its line to the layout.
    private mutating func record(
        _ series: UInt32, _ line: Span<UInt8>, end: Int, _ tail: SampleTail
    ) throws(Fault) {
        if tail.exemplar != nil {
            batch.exemplars.append(try exemplar(of: series, in: line, tail))
        }
        append(series, value: tail.value, time: tail.time)
        guard predicts else { return }
        let entry = LayoutLine(
            offset: 0, length: 0, series: series, sample: UInt32(nextValues.count - 1),
            type: type)
        // A value that repeats is known by its bytes up to the line's end; an exemplar is not.
        let isKept = tail.exemplar == nil && line.count - end < LayoutLine.tailRoom
        let comments = takePending()
        next.append(entry, comments: comments.span, line: line, end: end, keepsTail: isKept)
        givePending(comments)
    }

    /// Adds a sample to the columns.
    @inline(__always)
    mutating func append(_ series: UInt32, value: Double, time: Int64?) {
        nextSeries.append(series)
        nextValues.append(value)
        nextTime(time)
        lastSeen[Int(series)] = changes
    }

    /// Expects next what stood behind this series in the last scrape.
    @inline(__always)
    mutating func follow(_ series: UInt32) {
        let position = positions[Int(series)]
        guard position != LayoutLine.none, Int(position) < layout.lines.count else { return }
        cursor = Int(position) + 1
    }

    private func exemplar(
        of series: UInt32, in line: Span<UInt8>, _ tail: SampleTail
    ) throws(Fault) -> Exemplar {
        let scanned = try scanner.scanExemplarLabels(line, from: tail.exemplar ?? 0)
        let (value, time) = try TailScanner(isOpenMetrics: true).scanExemplar(
            line, from: scanned.end)
        return Exemplar(
            series: series, labels: Labels(scanned.labels), value: value,
            time: time.map { Timestamp(milliseconds: $0) })
    }
}

extension Span<UInt8> {
    /// Whether this line of OpenMetrics is the last one.
    var isEndOfFile: Bool { count == 5 && hasWord("# EOF", at: 0) }

    /// Where the name and labels end that begin at `start`.
    ///
    /// The brace is found from the line's end: neither a value nor a timestamp holds one.
    @inline(__always)
    fileprivate func lastKeyEnd(from start: Int) -> Int {
        guard find(UInt8(ascii: "{"), from: start) < count else {
            return find(UInt8(ascii: " "), from: start)
        }
        var end = count
        while end > start {
            if self[end - 1] == UInt8(ascii: "}") { return end }
            end -= 1
        }
        return start
    }

    /// The first place of `byte`, or the count.
    @inline(__always)
    private func find(_ byte: UInt8, from start: Int) -> Int {
        // Safe: the search stays within the span.
        unsafe withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count,
                let found = unsafe memchr(base + start, Int32(byte), bytes.count - start)
            else { return bytes.count }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    /// The same from the front, for lines whose exemplars hold braces too.
    @inline(__always)
    fileprivate func keyEnd(from start: Int) -> Int {
        var at = start
        while at < count, self[at] != 0x20, self[at] != UInt8(ascii: "{") { at += 1 }
        guard at < count, self[at] != 0x20 else { return at }
        while at < count, self[at] != UInt8(ascii: "}") {
            at = self[at] == UInt8(ascii: "\"") ? endOfQuoted(from: at) ?? count : at + 1
        }
        return Swift.min(at + 1, count)
    }
}

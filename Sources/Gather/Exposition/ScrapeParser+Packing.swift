import Model

// Most targets look the same for hours. All that is needed then is the layout; the tables that find
// series and comments by their bytes can be made from it again when a line differs.
extension ScrapeParser {
    /// Gives back what belongs to one scrape alone, once whoever reads `batch` is done with it.
    ///
    /// Columns of samples stay: the next scrape may say that they are the same.
    public mutating func releaseScrape() {
        guard !isUnfinished else { return }
        batch.begin()
    }

    /// Keeps the layout alone, once a target has looked the same for a while.
    ///
    /// After the first scrape too, since most targets stay as they are.
    mutating func packIfCalm(hasLearned: Bool) {
        calm = hasLearned ? 0 : calm &+ 1
        guard !isPacked, predicts, format != .protobuf, !options.convertsClassicHistograms else {
            return
        }
        // What this scrape has told cannot be taken back in the same breath.
        guard calm >= Self.calmScrapes || (changes <= 1 && holdsAll) else { return }
        retireMissing()
        packedNumbers = table.numbers
        isPacked = true
        table = SeriesTable()
        comments = SeriesTable()
        lastSeen = Column()
        positions = Column()
        next = Layout()
        nextSeries = Column()
        nextValues = Column()
        nextTimes = Column()
        (commentTypes, known, changed, newComments) = ([], [:], [], [])
        (pending, rest) = ([], [])
        layout.trim()
        if batch.values.capacity > batch.values.count + batch.values.count / 16 + 16 {
            batch.values = Self.exact(batch.values)
            batch.series = Self.exact(batch.series)
        }
    }

    /// Who looks different every few scrapes would pay for making the tables again each time.
    private static let calmScrapes: UInt32 = 10

    /// Whether every series that is known stands in the layout.
    private var holdsAll: Bool {
        var count = 0
        for index in 0..<layout.lines.count {
            let series = layout.lines[index].series
            // A series that stands there twice counts where it stands last.
            if series != LayoutLine.none, positions[Int(series)] == UInt32(index) { count += 1 }
        }
        return count == table.count
    }

    /// Forgets the series that are not in the layout.
    private mutating func retireMissing() {
        guard !holdsAll else { return }
        let isMissing = (0..<positions.count).map { number in
            let place = Int(positions[number])
            return place >= layout.lines.count || layout.lines[place].series != UInt32(number)
        }
        var missing: [UInt32] = []
        table.remove { number in
            guard isMissing[Int(number)] else { return false }
            missing.append(number)
            return true
        }
        batch.retired += missing
    }

    private static func exact<Element>(_ array: [Element]) -> [Element] {
        var copy: [Element] = []
        copy.reserveCapacity(array.count)
        copy.append(contentsOf: array)
        return copy
    }

    /// Makes the tables again out of the layout.
    mutating func unpack() {
        isPacked = false
        let count = layout.lines.count
        table = SeriesTable(numbers: packedNumbers, count: count)
        lastSeen.fill(0, upTo: packedNumbers)
        positions.fill(LayoutLine.none, upTo: packedNumbers)
        let scanner = MetadataScanner(isOpenMetrics: isOpenMetrics)
        for index in 0..<count {
            let line = layout.lines[index]
            // Safe: the layout stays as it is while its bytes are read.
            let (text, key) = unsafe layout.parts(of: line)
            unsafe restoreComments(Span(_unsafeElements: text), scanner)
            guard line.series != LayoutLine.none else { continue }
            unsafe restore(line.series, Span(_unsafeElements: key), at: UInt32(index))
        }
        table.freeRest()
    }

    private mutating func restore(_ series: UInt32, _ text: Span<UInt8>, at index: UInt32) {
        if positions[Int(series)] == LayoutLine.none {
            let start = isOpenMetrics ? 0 : text.skippingBlanks(from: 0)
            let key = text.extracting(start..<text.count)
            table.restore(key, hash: keyHash.of(key), as: series)
        }
        positions[Int(series)] = index
        lastSeen[Int(series)] = changes
    }

    /// Takes over what comment lines say, which has been told before.
    private mutating func restoreComments(_ text: Span<UInt8>, _ scanner: MetadataScanner) {
        var at = 0
        while at < text.count {
            var end = at
            while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
            let line = text.extracting(at..<end)
            at = end + 1
            let start = isOpenMetrics ? 0 : line.skippingBlanks(from: 0)
            // What cannot be read was left out when it came, and blank lines say nothing.
            guard start < line.count, let comment = try? scanner.scan(line, from: start) else {
                continue
            }
            remember(comment, line, hash: keyHash.of(line))
            takeOver(comment)
        }
    }
}

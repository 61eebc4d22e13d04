import Model

// What outlives a scrape: the layout, and which series have which numbers.
extension ScrapeParser {
    /// After a good scrape: what was learned is what the next one is expected to look like.
    mutating func finishLayout() {
        if !isLearning, cursor < layout.lines.count { startLearning() }
        if options.convertsClassicHistograms { fold() }
        let hasLearned = isLearning
        defer {
            tellMetadata()
            packIfCalm(hasLearned: hasLearned)
        }
        guard isLearning else {
            batch.isSameLayout = true
            return
        }
        if !pending.isEmpty { learnTrailingComments() }
        isLearning = false
        batch.isSameLayout = isSameLayout()
        batch.gone = owedGone + gone()
        batch.retired = owedRetired
        (owedGone, owedRetired) = ([], [])
        swap(&layout, &next)
        if !nextTimes.isEmpty { nextTimes.fill(ScrapeBatch.noTime, upTo: nextValues.count) }
        nextSeries.replace(&batch.series)
        nextValues.replace(&batch.values)
        nextTimes.replace(&batch.times)
        natives = batch.histograms.map(\.series)
        for index in 0..<layout.lines.count {
            let series = layout.lines[index].series
            if series != LayoutLine.none { positions[Int(series)] = UInt32(index) }
        }
        retire()
    }

    private func isSameLayout() -> Bool {
        guard batch.series.count == nextSeries.count else { return false }
        return batch.series.indices.allSatisfy { batch.series[$0] == nextSeries[$0] }
    }

    private mutating func learnTrailingComments() {
        let line = LayoutLine(
            offset: 0, length: 0, series: LayoutLine.none, sample: UInt32(nextValues.count),
            type: type)
        let comments = takePending()
        next.append(line, comments: comments.span, line: Span(), end: 0, keepsTail: false)
    }

    /// The series of the last good scrape that this one has not, each once.
    private mutating func gone() -> [UInt32] {
        var gone: [UInt32] = []
        func look(_ series: UInt32) {
            guard lastSeen[Int(series)] != changes else { return }
            gone.append(series)
            // Not again, should the last scrape have had it twice.
            lastSeen[Int(series)] = changes
        }
        for series in batch.series { look(series) }
        for series in natives { look(series) }
        for series in gone { lastSeen[Int(series)] = changes &- 1 }
        return gone
    }

    /// Forgets series that stayed away, once there are many of them.
    private mutating func retire() {
        let alive = batch.series.count + batch.histograms.count
        if table.count > alive + alive / 4 + 64 {
            var dead: [UInt32] = []
            let isOld = (0..<lastSeen.count).map { changes &- lastSeen[$0] > 4 }
            table.remove { number in
                guard isOld[Int(number)] else { return false }
                dead.append(number)
                return true
            }
            for number in dead { positions[Int(number)] = LayoutLine.none }
            batch.retired += dead
        }
        if comments.count > layout.lines.count * 4 + 1024 {
            comments = SeriesTable()
            commentTypes = []
            known = [:]
        }
    }

    /// Tells what was new or other in this scrape's metadata.
    private mutating func tellMetadata() {
        var told: Set<[UInt8]> = []
        for family in changed where told.insert(Array(family.utf8)).inserted {
            batch.metadata.append(
                FamilyMetadata(family: family, metadata: known[family] ?? MetricMetadata()))
        }
    }

    /// After a bad scrape: whatever it told for the first time will be told again.
    mutating func forgetNew() {
        let added = Set(batch.newSeries.map(\.number)).union(batch.folded)
        if !added.isEmpty { table.remove { added.contains($0) } }
        let new = Set(newComments)
        if !new.isEmpty { comments.remove { new.contains($0) } }
        isLearning = false
    }

    /// After a change of format: a series' bytes mean something else now.
    mutating func forgetTarget() {
        if isPacked { unpack() }
        var all: [UInt32] = []
        table.remove { number in
            all.append(number)
            return true
        }
        // Told with the next good scrape.
        owedRetired += all
        owedGone += Array(Set(batch.series + natives))
        natives = []
        comments = SeriesTable()
        commentTypes = []
        known = [:]
        layout.removeAll()
        batch.series = []
        batch.values = []
        batch.times = []
    }
}

import Model

// What outlives a scrape: the layout, and which series have which numbers.
extension ScrapeParser {
    /// After a good scrape: what was learned is what the next one is expected to look like.
    mutating func finishLayout() {
        if !isLearning, cursor < layout.lines.count { startLearning() }
        defer { tellMetadata() }
        guard isLearning else {
            batch.isSameLayout = true
            return
        }
        if !pending.isEmpty { learnTrailingComments() }
        isLearning = false
        batch.isSameLayout = batch.series == nextSeries
        batch.gone = owedGone + gone()
        batch.retired = owedRetired
        (owedGone, owedRetired) = ([], [])
        swap(&layout, &next)
        swap(&batch.series, &nextSeries)
        swap(&batch.values, &nextValues)
        swap(&batch.times, &nextTimes)
        if !batch.times.isEmpty {
            while batch.times.count < batch.values.count { batch.times.append(ScrapeBatch.noTime) }
        }
        for index in layout.lines.indices where layout.lines[index].series != LayoutLine.none {
            positions[Int(layout.lines[index].series)] = UInt32(index)
        }
        retire()
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
        for series in batch.series where lastSeen[Int(series)] != changes {
            gone.append(series)
            // Not again, should the last scrape have had it twice.
            lastSeen[Int(series)] = changes
        }
        for series in gone { lastSeen[Int(series)] = changes &- 1 }
        return gone
    }

    /// Forgets series that stayed away, once there are many of them.
    private mutating func retire() {
        let alive = batch.series.count + batch.histograms.count
        if table.count > alive + alive / 4 + 64 {
            var dead: [UInt32] = []
            let limit = changes
            let seen = lastSeen
            table.remove { number in
                guard limit &- seen[Int(number)] > 4 else { return false }
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
        let added = Set(batch.newSeries.map(\.number))
        if !added.isEmpty { table.remove { added.contains($0) } }
        let new = Set(newComments)
        if !new.isEmpty { comments.remove { new.contains($0) } }
        isLearning = false
    }

    /// After a change of format: a series' bytes mean something else now.
    mutating func forgetTarget() {
        var all: [UInt32] = []
        table.remove { number in
            all.append(number)
            return true
        }
        // Told with the next good scrape.
        owedRetired += all
        owedGone += Array(Set(batch.series))
        comments = SeriesTable()
        commentTypes = []
        known = [:]
        layout.removeAll()
        batch.series = []
        batch.values = []
        batch.times = []
    }
}

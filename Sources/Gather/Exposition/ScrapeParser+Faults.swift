import Model

// A line that cannot be read: the scrape fails, or does without it.
extension ScrapeParser {
    mutating func leaveOut(_ line: Span<UInt8>, _ fault: Fault) throws(ExpositionError) {
        let error = ExpositionError.line(
            LineFault(line: number, column: fault.offset + 1, expected: fault.expected, bytes: line)
        )
        switch options.parseErrors {
        case .fail: throw error
        case .skipLine: break
        case .skipFamily: leaveOutFamily(line)
        }
        batch.skipped += 1
        if batch.faults.count < 10 { batch.faults.append(error) }
    }

    /// Takes back what was read of the bad line's family, and leaves out what follows of it.
    private mutating func leaveOutFamily(_ line: Span<UInt8>) {
        startLearning()
        let family = familyName(line)
        guard !family.isEmpty else { return }
        skippedFamily = family
        while let last = next.lines.last {
            // Comment lines that no sample followed are only remembered; they can go too.
            let isComment = last.series == LayoutLine.none
            guard isComment || nameOfKey(table.text(of: last.series)).belongs(to: family) else {
                break
            }
            next.removeLast()
            if isComment { continue }
            nextSeries.removeLast()
            nextValues.removeLast()
            if nextTimes.count > nextValues.count { nextTimes.removeLast() }
            batch.skipped += 1
        }
        var exemplars = batch.exemplars
        exemplars.removeAll { nameOfKey(table.text(of: $0.series)).belongs(to: family) }
        batch.exemplars = exemplars
    }

    /// The family of a line, as far as its name can be read: the name without a suffix that samples
    /// of histograms, summaries, counters and infos have.
    private func familyName(_ line: Span<UInt8>) -> String {
        let start = line.skippingBlanks(from: 0)
        let name = line.text(start..<line.endOfName(from: start, colons: true)) ?? ""
        for suffix in MetricSuffix.all {
            if let family = name.dropping(suffix: suffix) { return family }
        }
        return name
    }

    private func nameOfKey(_ key: [UInt8]) -> String {
        String(decoding: key.prefix { $0.continuesName(colons: true) }, as: UTF8.self)
    }
}

/// What the samples of one family have behind its name.
enum MetricSuffix {
    static let all = [
        "_bucket", "_count", "_sum", "_total", "_created", "_info", "_gcount", "_gsum",
    ]
}

extension String {
    /// Whether a sample of this name is one of `family`.
    func belongs(to family: String) -> Bool {
        if hasSameBytes(as: family) { return true }
        return MetricSuffix.all.contains {
            dropping(suffix: $0)?.hasSameBytes(as: family) ?? false
        }
    }
}

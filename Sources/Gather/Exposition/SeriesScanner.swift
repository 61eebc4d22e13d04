import Model

/// A name and labels as they stand in a line.
struct ScannedSeries {
    var metric = ""
    var labels: [Label] = []
    /// The place behind them.
    var end = 0
}

/// Reads names and labels, and validates all of them: the slow way, for what was not seen before.
struct SeriesScanner {
    /// OpenMetrics allows no blank where it does not ask for one.
    let isOpenMetrics: Bool
    let rules: ExpositionRules

    /// What begins at `start`: `name`, `name{…}` or `{"name",…}`.
    func scan(_ line: Span<UInt8>, from start: Int) throws(Fault) -> ScannedSeries {
        var series = ScannedSeries()
        let nameEnd = line.endOfName(from: start, colons: true)
        if nameEnd > start { series.metric = line.text(start..<nameEnd) ?? "" }
        series.end = nameEnd
        let brace = skip(line, nameEnd)
        guard line.has("{", at: brace) else {
            if nameEnd == start { throw Fault(offset: start, expected: "a metric name") }
            return series
        }
        try scanLabels(line, from: brace, into: &series)
        if series.metric.isEmpty {
            throw Fault(offset: brace, expected: "a metric name, before or within the braces")
        }
        return series
    }

    /// An exemplar's labels, whose brace stands at `start`.
    func scanExemplarLabels(
        _ line: Span<UInt8>, from start: Int
    ) throws(Fault) -> ScannedSeries {
        var series = ScannedSeries()
        try scanLabels(line, from: start, into: &series, isExemplar: true)
        return series
    }

    /// The labels of the brace at `start`, and the metric's name where it stands among them.
    private func scanLabels(
        _ line: Span<UInt8>, from start: Int, into series: inout ScannedSeries,
        isExemplar: Bool = false
    ) throws(Fault) {
        var at = skip(line, start + 1)
        var isFirst = true
        while !line.has("}", at: at) {
            if !isFirst { try scanComma(line, &at) }
            if line.has("}", at: at) {
                if isFirst || rules == .asPrometheus { break }
                throw Fault(offset: at, expected: "a label name")
            }
            isFirst = false
            try scanLabel(line, &at, into: &series, isExemplar: isExemplar)
        }
        series.end = at + 1
    }

    /// The comma between labels; Prometheus's text format forgives one that is missing.
    private func scanComma(_ line: Span<UInt8>, _ at: inout Int) throws(Fault) {
        if line.has(",", at: at) {
            at = skip(line, at + 1)
        } else if isOpenMetrics || rules == .strict || at >= line.count {
            throw Fault(offset: at, expected: "a comma or a closing brace")
        }
    }

    private func scanLabel(
        _ line: Span<UInt8>, _ at: inout Int, into series: inout ScannedSeries, isExemplar: Bool
    ) throws(Fault) {
        let start = at
        let name = try scanName(line, &at)
        let isQuoted = line.has("\"", at: start)
        at = skip(line, at)
        if isQuoted, !isExemplar, line.has(",", at: at) || line.has("}", at: at) {
            guard series.metric.isEmpty else {
                throw Fault(offset: at, expected: "an equals sign; the metric has its name already")
            }
            series.metric = name
            return
        }
        guard line.has("=", at: at) else { throw Fault(offset: at, expected: "an equals sign") }
        at = skip(line, at + 1)
        guard line.has("\"", at: at) else {
            throw Fault(offset: at, expected: "a label value in double quotes")
        }
        guard let end = line.endOfQuoted(from: at) else {
            throw Fault(offset: at, expected: "a double quote that ends this label value")
        }
        guard let value = line.unescaped(at + 1..<end - 1, quotes: true) else {
            throw Fault(offset: at + 1, expected: "UTF-8 text")
        }
        let isRepeated = series.labels.contains { $0.name.hasSameBytes(as: name) }
        guard !isRepeated, isExemplar || !name.hasSameBytes(as: LabelName.metric) else {
            throw Fault(offset: start, expected: "each label once")
        }
        series.labels.append(Label(name, value))
        at = skip(line, end)
    }

    /// A label's name, or the metric's among labels, where it stands in quotes.
    private func scanName(_ line: Span<UInt8>, _ at: inout Int) throws(Fault) -> String {
        let start = at
        guard line.has("\"", at: at) else {
            at = line.endOfName(from: at, colons: false)
            guard at > start else { throw Fault(offset: start, expected: "a label name") }
            return line.text(start..<at) ?? ""
        }
        guard let end = line.endOfQuoted(from: at) else {
            throw Fault(offset: at, expected: "a double quote that ends this name")
        }
        guard let name = line.unescaped(at + 1..<end - 1, quotes: true), !name.isEmpty else {
            throw Fault(offset: at + 1, expected: "a name: UTF-8 text that is not empty")
        }
        at = end
        return name
    }

    @inline(__always)
    private func skip(_ line: Span<UInt8>, _ at: Int) -> Int {
        isOpenMetrics ? at : line.skippingBlanks(from: at)
    }
}

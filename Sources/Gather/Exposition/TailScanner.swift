/// What stands behind a sample's labels.
struct SampleTail {
    var value = 0.0
    /// Milliseconds, where the line has a timestamp.
    var time: Int64?
    /// The timestamp as OpenMetrics writes it, for rules that look closer than a millisecond.
    var seconds = 0.0
    /// Where the brace of an exemplar's labels stands.
    var exemplar: Int?
}

/// Reads values and timestamps.
struct TailScanner {
    let isOpenMetrics: Bool

    /// The value and all behind it; an exemplar is only found, not read.
    @inline(__always)
    func scan(_ line: Span<UInt8>, from start: Int) throws(Fault) -> SampleTail {
        isOpenMetrics
            ? try scanOpenMetrics(line, from: start) : try scanText(line, from: start)
    }

    private func scanText(_ line: Span<UInt8>, from start: Int) throws(Fault) -> SampleTail {
        var tail = SampleTail()
        var at = line.skippingBlanks(from: start)
        tail.value = try scanValue(line, &at)
        at = line.skippingBlanks(from: at)
        guard at < line.count else { return tail }
        tail.time = try scanMilliseconds(line, &at)
        at = line.skippingBlanks(from: at)
        guard at == line.count else { throw Fault(offset: at, expected: "the end of the line") }
        return tail
    }

    private func scanOpenMetrics(
        _ line: Span<UInt8>, from start: Int
    ) throws(Fault) -> SampleTail {
        var tail = SampleTail()
        var at = start
        guard line.has(" ", at: at) else { throw Fault(offset: at, expected: "a space") }
        at += 1
        tail.value = try scanValue(line, &at)
        if at < line.count, !line.hasWord(" # {", at: at) {
            at += 1
            tail.seconds = try scanSeconds(line, &at)
            tail.time = Self.milliseconds(tail.seconds)
        }
        guard at < line.count else { return tail }
        guard line.hasWord(" # {", at: at) else {
            throw Fault(offset: at, expected: "an exemplar or the end of the line")
        }
        tail.exemplar = at + 3
        return tail
    }

    /// An exemplar's value and timestamp, from the place behind its labels on.
    func scanExemplar(
        _ line: Span<UInt8>, from start: Int
    ) throws(Fault) -> (value: Double, time: Int64?) {
        var at = start
        guard line.has(" ", at: at) else { throw Fault(offset: at, expected: "a space") }
        at += 1
        let value = try scanValue(line, &at)
        guard at < line.count else { return (value, nil) }
        at += 1
        let seconds = try scanSeconds(line, &at)
        guard at == line.count else { throw Fault(offset: at, expected: "the end of the line") }
        return (value, Self.milliseconds(seconds))
    }

    /// A number up to the next blank or the line's end.
    @inline(__always)
    private func scanValue(_ line: Span<UInt8>, _ at: inout Int) throws(Fault) -> Double {
        let start = at
        while at < line.count, isOpenMetrics ? line[at] != 0x20 : !line[at].isBlank { at += 1 }
        guard let value = FloatScanner.value(of: line.extracting(start..<at)) else {
            throw Fault(offset: start, expected: at == start ? "a value" : "a number")
        }
        return value
    }

    private func scanSeconds(_ line: Span<UInt8>, _ at: inout Int) throws(Fault) -> Double {
        let start = at
        while at < line.count, line[at] != 0x20 { at += 1 }
        guard let value = FloatScanner.value(of: line.extracting(start..<at)), value.isFinite else {
            throw Fault(offset: start, expected: "a timestamp in seconds")
        }
        return value
    }

    private func scanMilliseconds(_ line: Span<UInt8>, _ at: inout Int) throws(Fault) -> Int64 {
        let start = at
        let isNegative = line[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        let first = at
        var value: Int64 = 0
        var fits = true
        while at < line.count {
            let digit = line[at] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            let (product, isTooHigh) = value.multipliedReportingOverflow(by: 10)
            let (sum, isOver) = product.addingReportingOverflow(Int64(digit))
            fits = fits && !isTooHigh && !isOver
            value = sum
            at += 1
        }
        guard at > first, fits else {
            throw Fault(offset: start, expected: "a timestamp in milliseconds")
        }
        return isNegative ? -value : value
    }

    /// Cut off below the millisecond, as Prometheus does; what does not fit stops at the end.
    static func milliseconds(_ seconds: Double) -> Int64 {
        let value = (seconds * 1000).rounded(.towardZero)
        if let time = Int64(exactly: value) { return time }
        return value < 0 ? .min : .max
    }
}

import Model

/// A family as one writer writes it: what stays the same is rendered once, only values are new.
///
///     let written = writer.prepare(family)
///     writer.write(written, values.span)
public struct WrittenFamily: Sendable {
    /// Comments, or a message's name, help and type.
    let head: [UInt8]
    /// Of every series what stands in front of its value, one behind the other.
    let series: [UInt8]
    /// Where each of them ends.
    let ends: [Int]
    /// Where parts of one metric belong into one message: the family to fill values into.
    let whole: MetricFamily?

    /// How many values it takes.
    public let count: Int
}

extension ExpositionWriter {
    /// Renders what stays of a family; its values, times and exemplars are left out.
    ///
    /// Only writers of the same format and escaping may write it.
    public func prepare(_ family: MetricFamily) -> WrittenFamily {
        format == .protobuf ? preparedMessage(family) : preparedText(family)
    }

    /// Writes the family's series with these values, in the order they were prepared in.
    ///
    /// Times are milliseconds, `ScrapeBatch.noTime` where there is none, or empty for none at all.
    public mutating func write(
        _ family: WrittenFamily, _ values: Span<Double>, times: Span<Int64> = Span()
    ) {
        precondition(values.count == family.count, "BUG: not one value for each series")
        precondition(times.isEmpty || times.count == values.count, "BUG: not one time for each")
        if let whole = family.whole { return write(whole, values, times) }
        guard format != .protobuf else { return writeMetrics(family, values, times) }
        bytes.append(family.head.span)
        let series = family.series.span
        let isSeconds = format.isOpenMetrics
        var start = 0
        for index in family.ends.indices {
            let end = family.ends[index]
            bytes.append(series.extracting(start..<end))
            start = end
            var text = ShortText()
            text.append(values[index])
            if !times.isEmpty, times[index] != ScrapeBatch.noTime {
                text.append(UInt8(ascii: " "))
                if isSeconds {
                    text.appendSeconds(times[index])
                } else {
                    text.appendWhole(times[index])
                }
            }
            text.append(UInt8(ascii: "\n"))
            bytes.append(text)
        }
    }

    private func preparedText(_ family: MetricFamily) -> WrittenFamily {
        var writer = ExpositionWriter(format, escaping: escaping)
        writer.begin(declaredName(family), family.metadata)
        let head = writer.bytes
        writer.bytes = []
        let isPlain = isPlain(family.name, isMetric: true)
        var ends: [Int] = []
        for point in family.points {
            writer.appendSeries(point, of: family.name, isPlain: isPlain)
            ends.append(writer.bytes.count)
        }
        return WrittenFamily(
            head: head, series: writer.bytes, ends: ends, whole: nil, count: ends.count)
    }
}

// In protobuf a value alone has eight bytes, always at the end of its metric but for a time.
extension ExpositionWriter {
    private func preparedMessage(_ family: MetricFamily) -> WrittenFamily {
        let type = family.metadata.type
        let isCounter = type == .counter
        let hasParts = Self.ownLabel(type) != nil
        let hasCreated = isCounter && family.points.contains { $0.suffix == "_created" }
        guard !hasParts, !hasCreated else {
            return WrittenFamily(
                head: [], series: [], ends: [], whole: family, count: family.points.count)
        }
        var head = MessageWriter()
        writeHead(family, to: &head)
        var series = MessageWriter()
        var ends: [Int] = []
        let field = isCounter ? 3 : type == .unknown ? 5 : 2
        for point in family.points {
            for label in point.labels { series.label(label, escaping) }
            series.number(UInt64(field) << 3 | 2)
            series.number(9)
            series.number(1 << 3 | 1)
            ends.append(series.bytes.count)
        }
        return WrittenFamily(
            head: head.bytes, series: series.bytes, ends: ends, whole: nil, count: ends.count)
    }

    private mutating func writeMetrics(
        _ family: WrittenFamily, _ values: Span<Double>, _ times: Span<Int64>
    ) {
        let start = bytes.count
        bytes.append(family.head.span)
        let series = family.series.span
        var from = 0
        for index in family.ends.indices {
            let end = family.ends[index]
            var time = ShortText()
            if !times.isEmpty, times[index] != ScrapeBatch.noTime {
                time.append(6 << 3)
                time.appendVarint(UInt64(bitPattern: times[index]))
            }
            var frame = ShortText()
            frame.append(4 << 3 | 2)
            frame.appendVarint(UInt64(end - from + 8 + time.count))
            bytes.append(frame)
            bytes.append(series.extracting(from..<end))
            var value = ShortText()
            value.appendBits(values[index])
            bytes.append(value)
            bytes.append(time)
            from = end
        }
        var length = MessageWriter()
        length.number(UInt64(bytes.count - start))
        bytes.insert(contentsOf: length.bytes, at: start)
    }

    /// Histograms and summaries: samples of one metric become one message.
    private mutating func write(
        _ family: MetricFamily, _ values: Span<Double>, _ times: Span<Int64>
    ) {
        var family = family
        for index in values.indices {
            family.points[index].value = values[index]
            let hasTime = !times.isEmpty && times[index] != ScrapeBatch.noTime
            family.points[index].time = hasTime ? Timestamp(milliseconds: times[index]) : nil
            family.points[index].exemplar = nil
        }
        write(family)
    }
}

extension ShortText {
    /// Seven bits a byte, the lowest first.
    @inline(__always)
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest > 0x7f {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// The eight bytes of a value, the lowest first.
    @inline(__always)
    mutating func appendBits(_ value: Double) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }
}

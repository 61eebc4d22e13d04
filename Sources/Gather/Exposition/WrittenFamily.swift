import Model

/// A family as one writer writes it: what stays the same is rendered once, only values are new.
///
///     let written = writer.prepare(family)
///     writer.write(written, values.span)
public struct WrittenFamily: Sendable {
    /// What was rendered; one reference, so that handing a family around costs next to nothing.
    final class Parts: Sendable {
        /// Comments.
        let head: [UInt8]
        /// Of every series what stands in front of its value, one behind the other.
        let series: [UInt8]
        /// Where each of them ends.
        let ends: [Int]
        /// Where the family is a message: the whole of it.
        let message: WrittenMessage?

        init(head: [UInt8] = [], series: [UInt8] = [], ends: [Int] = [], _ message: WrittenMessage?)
        {
            self.head = head
            self.series = series
            self.ends = ends
            self.message = message
        }
    }

    let parts: Parts
    /// How many values it takes.
    public let count: Int
}

extension ExpositionWriter {
    /// Renders what stays of a family; its values, times and exemplars are left out.
    ///
    /// Only writers of the same format and escaping may write it. Native histograms are no single
    /// values: families that have any are written by `write(_:)`.
    public func prepare(_ family: MetricFamily) -> WrittenFamily {
        precondition(
            !family.points.contains { $0.histogram != nil },
            "BUG: a native histogram cannot be prepared")
        return format == .protobuf ? preparedMessage(family) : preparedText(family)
    }

    /// Writes the family's series with these values, in the order they were prepared in.
    ///
    /// Times are milliseconds, `ScrapeBatch.noTime` where there is none, or empty for none at all.
    public mutating func write(
        _ family: WrittenFamily, _ values: Span<Double>, times: Span<Int64> = Span()
    ) {
        precondition(values.count == family.count, "BUG: not one value for each series")
        precondition(times.isEmpty || times.count == values.count, "BUG: not one time for each")
        let family = family.parts
        if let message = family.message { return write(message, values, times) }
        let head = family.head
        bytes.append(head.span)
        let rendered = family.series
        let series = rendered.span
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
            parts: WrittenFamily.Parts(head: head, series: writer.bytes, ends: ends, nil),
            count: ends.count)
    }
}

import Model

/// A family's message with holes in the places of its values.
///
/// A count in a hole always has eight bytes, some of which say nothing: every reader of Protocol
/// Buffers takes that. So the lengths of all messages stay what they are.
final class WrittenMessage: Sendable {
    final class Image: Sendable {
        let bytes: [UInt8]
        let holes: [MessageWriter.Hole]

        init(_ family: MetricFamily, _ writer: ExpositionWriter) {
            var message = MessageWriter()
            message.keepsHoles = true
            writer.fill(&message, with: family)
            bytes = message.bytes
            holes = message.holes
        }
    }

    /// Without times, and with a time for each metric.
    let plain: Image
    let timed: Image
    /// For values that do not fit into the holes.
    let family: MetricFamily

    init(plain: Image, timed: Image, family: MetricFamily) {
        self.plain = plain
        self.timed = timed
        self.family = family
    }
}

extension ExpositionWriter {
    func preparedMessage(_ family: MetricFamily) -> WrittenFamily {
        var plain = family
        var timed = family
        for index in family.points.indices {
            plain.points[index].exemplars = []
            plain.points[index].time = nil
            timed.points[index].exemplars = []
            timed.points[index].time = Timestamp(milliseconds: 0)
        }
        let message = WrittenMessage(
            plain: WrittenMessage.Image(plain, self), timed: WrittenMessage.Image(timed, self),
            family: plain)
        return WrittenFamily(
            parts: WrittenFamily.Parts(message), count: family.points.count)
    }

    mutating func write(
        _ message: WrittenMessage, _ values: Span<Double>, _ times: Span<Int64>
    ) {
        let start = bytes.count
        let image = times.isEmpty ? message.plain : message.timed
        let rendered = image.bytes
        bytes.append(rendered.span)
        guard fill(image.holes, at: start, values, times) else {
            bytes.removeSubrange(start...)
            return writeAnew(message.family, values, times)
        }
    }

    /// Puts values and times into their holes; false where one does not fit.
    private mutating func fill(
        _ holes: [MessageWriter.Hole], at start: Int, _ values: Span<Double>, _ times: Span<Int64>
    ) -> Bool {
        // Safe: the image lies in the bytes from `start` on, and has eight bytes for each hole.
        unsafe bytes.withUnsafeMutableBytes { bytes in
            for hole in holes {
                let value: UInt64
                let index = hole.points.lowerBound
                switch hole.kind {
                case .double: value = values[index].bitPattern
                case .count:
                    let count = values[index]
                    guard count >= 0, count < Self.limit, count == count.rounded() else {
                        return false
                    }
                    value = Self.spread(UInt64(count))
                case .time:
                    let time = times[index]
                    guard time >= 0, time < Int64(Self.limit) else { return false }
                    for other in hole.points where times[other] != time { return false }
                    value = Self.spread(UInt64(time))
                }
                unsafe bytes.storeBytes(
                    of: value.littleEndian, toByteOffset: start + hole.place, as: UInt64.self)
            }
            return true
        }
    }

    /// What a number of eight bytes of seven bits each can be below.
    private static let limit = 0x1p56

    /// Eight bytes of seven bits each, the lowest first; all but the last say that more follows.
    @inline(__always)
    private static func spread(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = bits & 0x0fff_ffff | (bits & 0x00ff_ffff_f000_0000) << 4
        bits = bits & 0x0000_3fff_0000_3fff | (bits & 0x0fff_c000_0fff_c000) << 2
        bits = bits & 0x007f_007f_007f_007f | (bits & 0x3f80_3f80_3f80_3f80) << 1
        return bits | 0x0080_8080_8080_8080
    }

    private mutating func writeAnew(
        _ family: MetricFamily, _ values: Span<Double>, _ times: Span<Int64>
    ) {
        var family = family
        for index in values.indices {
            family.points[index].value = values[index]
            let hasTime = !times.isEmpty && times[index] != ScrapeBatch.noTime
            family.points[index].time = hasTime ? Timestamp(milliseconds: times[index]) : nil
        }
        write(family)
    }
}

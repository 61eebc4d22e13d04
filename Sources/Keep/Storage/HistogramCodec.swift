import Model

/// Native histograms as bytes: small numbers take one byte, times are told as differences.
enum HistogramCodec {
    private static let version: UInt8 = 1

    /// `points` in a form that `decode` reads back whole.
    static func encode(_ points: [HistogramPoint]) -> [UInt8] {
        var writer = Writer()
        writer.bytes.append(version)
        writer.unsigned(UInt64(points.count))
        var previous: Int64 = 0
        for point in points {
            writer.signed(point.time.milliseconds &- previous)
            previous = point.time.milliseconds
            write(point.histogram, &writer)
        }
        return writer.bytes
    }

    private static func write(_ histogram: NativeHistogram, _ writer: inout Writer) {
        writer.bytes.append(histogram.resetHint.rawValue)
        writer.signed(Int64(histogram.schema))
        for value in [
            histogram.zeroThreshold, histogram.zeroCount, histogram.count, histogram.sum,
        ] { writer.double(value) }
        write(histogram.positiveSpans, histogram.positive, &writer)
        write(histogram.negativeSpans, histogram.negative, &writer)
        writer.unsigned(UInt64(histogram.customBounds.count))
        histogram.customBounds.forEach { writer.double($0) }
    }

    private static func write(
        _ spans: [NativeHistogram.Span], _ buckets: NativeHistogram.Buckets, _ writer: inout Writer
    ) {
        writer.unsigned(UInt64(spans.count))
        for span in spans {
            writer.signed(Int64(span.offset))
            writer.unsigned(UInt64(span.length))
        }
        switch buckets {
        case .deltas(let deltas):
            writer.bytes.append(0)
            writer.unsigned(UInt64(deltas.count))
            deltas.forEach { writer.signed($0) }
        case .counts(let counts):
            writer.bytes.append(1)
            writer.unsigned(UInt64(counts.count))
            counts.forEach { writer.double($0) }
        }
    }

    /// The points in `bytes`, or `nil` where `encode` did not write them.
    static func decode(_ bytes: [UInt8]) -> [HistogramPoint]? {
        var reader = Reader(bytes: bytes)
        guard reader.byte() == version, let count = reader.count() else { return nil }
        var points: [HistogramPoint] = []
        var time: Int64 = 0
        for _ in 0..<count {
            guard let step = reader.signed(), let histogram = histogram(&reader) else { return nil }
            time &+= step
            points.append(
                HistogramPoint(time: Timestamp(milliseconds: time), histogram: histogram))
        }
        return reader.at == bytes.count ? points : nil
    }

    private static func histogram(_ reader: inout Reader) -> NativeHistogram? {
        var histogram = NativeHistogram()
        guard let hint = reader.byte().flatMap(NativeHistogram.ResetHint.init(rawValue:)),
            let schema = reader.signed().flatMap(Int32.init(exactly:)),
            let threshold = reader.double(), let zeros = reader.double(),
            let count = reader.double(), let sum = reader.double(),
            let positive = buckets(&reader), let negative = buckets(&reader),
            let bounds = reader.count()
        else { return nil }
        histogram.resetHint = hint
        histogram.schema = schema
        histogram.zeroThreshold = threshold
        histogram.zeroCount = zeros
        histogram.count = count
        histogram.sum = sum
        (histogram.positiveSpans, histogram.positive) = positive
        (histogram.negativeSpans, histogram.negative) = negative
        for _ in 0..<bounds {
            guard let bound = reader.double() else { return nil }
            histogram.customBounds.append(bound)
        }
        return histogram
    }

    private static func buckets(
        _ reader: inout Reader
    ) -> ([NativeHistogram.Span], NativeHistogram.Buckets)? {
        guard let spanCount = reader.count() else { return nil }
        var spans: [NativeHistogram.Span] = []
        for _ in 0..<spanCount {
            guard let offset = reader.signed().flatMap(Int32.init(exactly:)),
                let length = reader.unsigned().flatMap(UInt32.init(exactly:))
            else { return nil }
            spans.append(NativeHistogram.Span(offset: offset, length: length))
        }
        guard let kind = reader.byte(), kind < 2, let count = reader.count() else { return nil }
        var (deltas, counts): ([Int64], [Double]) = ([], [])
        for _ in 0..<count {
            if kind == 0 {
                guard let delta = reader.signed() else { return nil }
                deltas.append(delta)
            } else {
                guard let value = reader.double() else { return nil }
                counts.append(value)
            }
        }
        return (spans, kind == 0 ? .deltas(deltas) : .counts(counts))
    }

    private struct Writer {
        var bytes: [UInt8] = []

        mutating func unsigned(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }

        mutating func signed(_ value: Int64) {
            unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
        }

        mutating func double(_ value: Double) {
            for shift in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * shift)))
            }
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        mutating func byte() -> UInt8? {
            guard at < bytes.count else { return nil }
            defer { at += 1 }
            return bytes[at]
        }

        mutating func unsigned() -> UInt64? {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = byte(), shift < 64 {
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }

        mutating func signed() -> Int64? {
            unsigned().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
        }

        /// A number of things that take a byte each at least, so that it cannot ask for the moon.
        mutating func count() -> Int? {
            guard let count = unsigned(), count <= UInt64(bytes.count - at) else { return nil }
            return Int(count)
        }

        mutating func double() -> Double? {
            guard at + 8 <= bytes.count else { return nil }
            var bits: UInt64 = 0
            for shift in 0..<8 { bits |= UInt64(bytes[at + shift]) << UInt64(8 * shift) }
            at += 8
            return Double(bitPattern: bits)
        }
    }
}

import Compression
import Model

/// Writes the wire format of Protocol Buffers.
struct MessageWriter {
    var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    mutating func number(_ field: Int, _ value: Int64) {
        varint(UInt64(field << 3))
        varint(UInt64(bitPattern: value))
    }

    mutating func signed(_ field: Int, _ value: Int64) {
        number(field, value << 1 ^ value >> 63)
    }

    mutating func double(_ field: Int, _ value: Double) {
        varint(UInt64(field << 3 | 1))
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    mutating func bytes(_ field: Int, _ value: [UInt8]) {
        varint(UInt64(field << 3 | 2))
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func text(_ field: Int, _ value: String) { bytes(field, Array(value.utf8)) }

    mutating func message(_ field: Int, _ fill: (inout MessageWriter) -> Void) {
        var inner = MessageWriter()
        fill(&inner)
        bytes(field, inner.bytes)
    }

    mutating func packed(_ field: Int, _ values: [UInt64]) {
        var inner = MessageWriter()
        for value in values { inner.varint(value) }
        bytes(field, inner.bytes)
    }
}

/// A series as a sender tells it.
struct Told {
    var labels: [(String, String)]
    var samples: [(Double, Int64)] = []
    var histograms: [(NativeHistogram, Int64)] = []
    var exemplars: [(labels: [(String, String)], value: Double, time: Int64)] = []
    var metadata: MetricMetadata?

    init(_ labels: [(String, String)], _ samples: (Double, Int64)...) {
        (self.labels, self.samples) = (labels, samples)
    }

    /// A series of job `j` on instance `i`.
    init(_ name: String, _ samples: (Double, Int64)...) {
        labels = [("__name__", name), ("instance", "i"), ("job", "j")]
        self.samples = samples
    }
}

enum Messages {
    static func first(
        _ series: [Told], families: [(String, MetricMetadata)] = []
    ) -> [UInt8] {
        var writer = MessageWriter()
        for one in series {
            writer.message(1) { writer in
                for (name, value) in one.labels { label(name, value, &writer) }
                for sample in one.samples { self.sample(sample, &writer) }
                for exemplar in one.exemplars {
                    writer.message(3) { writer in
                        for (name, value) in exemplar.labels { label(name, value, &writer) }
                        writer.double(2, exemplar.value)
                        writer.number(3, exemplar.time)
                    }
                }
                for (histogram, time) in one.histograms {
                    writer.message(4) { Self.histogram(histogram, time, &$0) }
                }
            }
        }
        for (family, metadata) in families {
            writer.message(3) { writer in
                writer.number(1, number(of: metadata.type))
                writer.text(2, family)
                writer.text(4, metadata.help)
                writer.text(5, metadata.unit)
            }
        }
        return writer.bytes
    }

    static func second(_ series: [Told]) -> [UInt8] {
        var symbols = [""]
        func symbol(_ text: String) -> UInt64 {
            if let index = symbols.firstIndex(of: text) { return UInt64(index) }
            symbols.append(text)
            return UInt64(symbols.count - 1)
        }
        var all: [[UInt8]] = []
        for one in series {
            var writer = MessageWriter()
            writer.packed(1, one.labels.flatMap { [symbol($0.0), symbol($0.1)] })
            for sample in one.samples { self.sample(sample, &writer) }
            for (histogram, time) in one.histograms {
                writer.message(3) { Self.histogram(histogram, time, &$0) }
            }
            for exemplar in one.exemplars {
                let references = exemplar.labels.flatMap { [symbol($0.0), symbol($0.1)] }
                writer.message(4) { writer in
                    writer.packed(1, references)
                    writer.double(2, exemplar.value)
                    writer.number(3, exemplar.time)
                }
            }
            if let metadata = one.metadata {
                let (help, unit) = (symbol(metadata.help), symbol(metadata.unit))
                writer.message(5) { writer in
                    writer.number(1, number(of: metadata.type))
                    writer.number(3, Int64(help))
                    writer.number(4, Int64(unit))
                }
            }
            all.append(writer.bytes)
        }
        var writer = MessageWriter()
        for symbol in symbols { writer.text(4, symbol) }
        for one in all { writer.bytes(5, one) }
        return writer.bytes
    }

    private static func label(_ name: String, _ value: String, _ writer: inout MessageWriter) {
        writer.message(1) { writer in
            writer.text(1, name)
            writer.text(2, value)
        }
    }

    private static func sample(_ sample: (Double, Int64), _ writer: inout MessageWriter) {
        writer.message(2) { writer in
            writer.double(1, sample.0)
            writer.number(2, sample.1)
        }
    }

    private static func histogram(
        _ histogram: NativeHistogram, _ time: Int64, _ writer: inout MessageWriter
    ) {
        writer.number(1, Int64(histogram.count))
        writer.double(3, histogram.sum)
        writer.signed(4, Int64(histogram.schema))
        writer.double(5, histogram.zeroThreshold)
        writer.number(6, Int64(histogram.zeroCount))
        for span in histogram.positiveSpans {
            writer.message(11) { writer in
                writer.signed(1, Int64(span.offset))
                writer.number(2, Int64(span.length))
            }
        }
        if case .deltas(let deltas) = histogram.positive {
            writer.packed(12, deltas.map { UInt64(bitPattern: $0 << 1 ^ $0 >> 63) })
        }
        writer.number(14, Int64(histogram.resetHint.rawValue))
        writer.number(15, time)
    }

    private static func number(of type: MetricType) -> Int64 {
        switch type {
        case .unknown: 0
        case .counter: 1
        case .gauge: 2
        case .histogram: 3
        case .gaugehistogram: 4
        case .summary: 5
        case .info: 6
        case .stateset: 7
        }
    }
}

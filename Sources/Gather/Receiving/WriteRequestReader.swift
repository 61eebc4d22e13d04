import Exposition
import Model

/// Reads the messages of remote write.
///
///     1.0  WriteRequest: 1 TimeSeries { 1 Label { 1 name, 2 value }, 2 Sample { 1 value, 2 time },
///          3 Exemplar { 1 Label, 2 value, 3 time }, 4 Histogram }, 3 MetricMetadata
///     2.0  Request: 4 symbols, 5 TimeSeries { 1 labels_refs, 2 samples, 3 histograms,
///          4 exemplars { 1 labels_refs, 2 value, 3 time }, 5 Metadata { 1 type, 3 help, 4 unit } }
struct WriteRequestReader {
    typealias Malformed = MessageReader.Failure

    private let bytes: [UInt8]
    private let message: WriteMessage
    private var request: WriteRequest
    private var symbols: [Range<Int>] = []

    /// What `bytes` say.
    static func read(
        _ bytes: [UInt8], as message: WriteMessage
    ) throws(ReceiveError) -> WriteRequest {
        var reader = WriteRequestReader(bytes: bytes, message: message)
        do throws(Malformed) {
            switch message {
            case .first: try reader.readFirst()
            case .second: try reader.readSecond()
            }
        } catch {
            throw .unreadable(reason: "it is not a message of the kind \(message.rawValue)")
        }
        return reader.request
    }

    private init(bytes: [UInt8], message: WriteMessage) {
        (self.bytes, self.message) = (bytes, message)
        request = WriteRequest(bytes: bytes)
    }

    /// The fields of the message in `range`, one after the other.
    private func fields(
        _ range: Range<Int>, _ take: (MessageReader.Field) throws(Malformed) -> Void
    ) throws(Malformed) {
        let span = bytes.span.extracting(0..<range.upperBound)
        var at = range.lowerBound
        while at < range.upperBound { try take(try MessageReader.field(span, &at)) }
    }

    // MARK: The first message

    private mutating func readFirst() throws(Malformed) {
        var (series, families): ([Range<Int>], [Range<Int>]) = ([], [])
        try fields(bytes.indices) { field throws(Malformed) in
            if field.number == 1 { series.append(try Self.bytes(field)) }
            if field.number == 3 { families.append(try Self.bytes(field)) }
        }
        request.parts.reserveCapacity(series.count)
        request.values.reserveCapacity(series.count)
        request.times.reserveCapacity(series.count)
        for range in series { try readFirstSeries(range) }
        for range in families { try readFamily(range) }
    }

    private mutating func readFirstSeries(_ range: Range<Int>) throws(Malformed) {
        let bytes = bytes
        var part = begin()
        let span = bytes.span.extracting(0..<range.upperBound)
        var at = range.lowerBound
        while at < range.upperBound {
            let field = try MessageReader.field(span, &at)
            switch field.number {
            case 1:
                let (name, value) = try label(try Self.bytes(field))
                SeriesKey.append(name: name, value: value, of: bytes, to: &request.keys)
            case 2: try readSample(try Self.bytes(field))
            case 3: try readExemplar(try Self.bytes(field))
            case 4: try readHistogram(try Self.bytes(field))
            default: break
            }
        }
        end(&part)
    }

    private func label(_ range: Range<Int>) throws(Malformed) -> (Range<Int>, Range<Int>) {
        var (name, value) = (0..<0, 0..<0)
        let span = bytes.span.extracting(0..<range.upperBound)
        var at = range.lowerBound
        while at < range.upperBound {
            let field = try MessageReader.field(span, &at)
            if field.number == 1 { name = try Self.bytes(field) }
            if field.number == 2 { value = try Self.bytes(field) }
        }
        return (name, value)
    }

    private mutating func readFamily(_ range: Range<Int>) throws(Malformed) {
        var (family, help, unit, type) = ("", "", "", UInt64(0))
        let reader = self
        try fields(range) { field throws(Malformed) in
            switch field.number {
            case 1: type = field.bits
            case 2: family = try reader.text(try Self.bytes(field))
            case 4: help = try reader.text(try Self.bytes(field))
            case 5: unit = try reader.text(try Self.bytes(field))
            default: break
            }
        }
        let metadata = MetricMetadata(type: Self.type(type), unit: unit, help: help)
        request.families.append(FamilyMetadata(family: family, metadata: metadata))
    }

    // MARK: The second message

    private mutating func readSecond() throws(Malformed) {
        var (series, symbols): ([Range<Int>], [Range<Int>]) = ([], [])
        try fields(bytes.indices) { field throws(Malformed) in
            if field.number == 4 { symbols.append(try Self.bytes(field)) }
            if field.number == 5 { series.append(try Self.bytes(field)) }
        }
        // The first symbol is the empty text, so that a reference of zero means none.
        guard symbols.first?.isEmpty ?? true else { throw .malformed }
        self.symbols = symbols
        request.parts.reserveCapacity(series.count)
        for range in series { try readSecondSeries(range) }
    }

    private mutating func readSecondSeries(_ range: Range<Int>) throws(Malformed) {
        let bytes = bytes
        var part = begin()
        var references: [UInt32] = []
        let span = bytes.span.extracting(0..<range.upperBound)
        var at = range.lowerBound
        while at < range.upperBound {
            let field = try MessageReader.field(span, &at)
            switch field.number {
            case 1: try append(field, to: &references)
            case 2: try readSample(try Self.bytes(field))
            case 3: try readHistogram(try Self.bytes(field))
            case 4: try readExemplar(try Self.bytes(field))
            case 5: part.metadata = try metadata(try Self.bytes(field))
            default: break
            }
        }
        try appendKey(references)
        end(&part)
    }

    private mutating func appendKey(_ references: [UInt32]) throws(Malformed) {
        guard references.count % 2 == 0 else { throw .malformed }
        for index in stride(from: 0, to: references.count, by: 2) {
            SeriesKey.append(
                name: try symbol(references[index]), value: try symbol(references[index + 1]),
                of: bytes, to: &request.keys)
        }
    }

    private func metadata(
        _ range: Range<Int>
    ) throws(Malformed) -> WriteRequest.MetadataPart {
        var part = WriteRequest.MetadataPart()
        let span = bytes.span.extracting(0..<range.upperBound)
        var at = range.lowerBound
        while at < range.upperBound {
            let field = try MessageReader.field(span, &at)
            switch field.number {
            case 1: part.type = Self.type(field.bits)
            case 3: part.help = try symbol(UInt32(truncatingIfNeeded: field.bits))
            case 4: part.unit = try symbol(UInt32(truncatingIfNeeded: field.bits))
            default: break
            }
        }
        return part
    }

    private func symbol(_ reference: UInt32) throws(Malformed) -> Range<Int> {
        guard Int(reference) < symbols.count else { throw .malformed }
        return symbols[Int(reference)]
    }

    /// One reference, or a packed list of them.
    private func append(
        _ field: MessageReader.Field, to list: inout [UInt32]
    ) throws(Malformed) {
        guard field.isBytes else { return list.append(UInt32(truncatingIfNeeded: field.bits)) }
        let span = bytes.span.extracting(0..<field.range.upperBound)
        var at = field.range.lowerBound
        while at < field.range.upperBound {
            list.append(UInt32(truncatingIfNeeded: try MessageReader.varint(span, &at)))
        }
    }

    // MARK: What both have

    private func begin() -> WriteRequest.Part {
        var part = WriteRequest.Part()
        part.key = request.keys.count..<request.keys.count
        part.samples = request.values.count..<request.values.count
        part.histograms = request.histograms.count..<request.histograms.count
        part.exemplars = request.exemplars.count..<request.exemplars.count
        return part
    }

    private mutating func end(_ part: inout WriteRequest.Part) {
        part.key = part.key.lowerBound..<request.keys.count
        part.samples = part.samples.lowerBound..<request.values.count
        part.histograms = part.histograms.lowerBound..<request.histograms.count
        part.exemplars = part.exemplars.lowerBound..<request.exemplars.count
        request.parts.append(part)
    }

    private mutating func readSample(_ range: Range<Int>) throws(Malformed) {
        let bytes = bytes
        var (value, time) = (0.0, Int64(0))
        let span = bytes.span.extracting(0..<range.upperBound)
        var at = range.lowerBound
        while at < range.upperBound {
            let field = try MessageReader.field(span, &at)
            if field.number == 1 { value = field.double }
            if field.number == 2 { time = Int64(bitPattern: field.bits) }
        }
        request.values.append(value)
        request.times.append(time)
    }

    /// An exemplar of either message: labels, or references to them, and the rest alike.
    private mutating func readExemplar(_ range: Range<Int>) throws(Malformed) {
        let bytes = bytes
        var (value, time) = (0.0, Int64(0))
        var labels: [Label] = []
        var references: [UInt32] = []
        let span = bytes.span.extracting(0..<range.upperBound)
        var at = range.lowerBound
        while at < range.upperBound {
            let field = try MessageReader.field(span, &at)
            switch field.number {
            case 1 where message == .second: try append(field, to: &references)
            case 1:
                let (name, value) = try label(try Self.bytes(field))
                labels.append(Label(try text(name), try text(value)))
            case 2: value = field.double
            case 3: time = Int64(bitPattern: field.bits)
            default: break
            }
        }
        guard references.count % 2 == 0 else { throw .malformed }
        for index in stride(from: 0, to: references.count, by: 2) {
            let (name, value) = (try symbol(references[index]), try symbol(references[index + 1]))
            labels.append(Label(try text(name), try text(value)))
        }
        request.exemplars.append(.init(labels: Labels(labels), value: value, time: time))
    }

    private mutating func readHistogram(_ range: Range<Int>) throws(Malformed) {
        let bytes = bytes
        request.histograms.append(try ReceivedHistogram.read(bytes.span, range))
    }

    private static func bytes(_ field: MessageReader.Field) throws(Malformed) -> Range<Int> {
        guard field.isBytes else { throw .malformed }
        return field.range
    }

    private func text(_ range: Range<Int>) throws(Malformed) -> String {
        guard let span = try? UTF8Span(validating: bytes.span.extracting(range)) else {
            throw .malformed  // Lost: at which byte.
        }
        return String(copying: span)
    }

    /// Both messages number the types alike.
    private static func type(_ number: UInt64) -> MetricType {
        switch number {
        case 1: .counter
        case 2: .gauge
        case 3: .histogram
        case 4: .gaugehistogram
        case 5: .summary
        case 6: .info
        case 7: .stateset
        default: .unknown
        }
    }
}

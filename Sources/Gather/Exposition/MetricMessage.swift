import Model

/// A metric as its message tells it; labels and exemplars are only found, not read.
struct MetricMessage {
    /// Where the labels stand.
    var labels: [Range<Int>] = []
    var value = 0.0
    var exemplar: ExemplarMessage?
    var summary = SummaryMessage()
    var histogram = HistogramMessage()
    /// Milliseconds; the format cannot tell zero from none, and means none.
    var time: Int64?

    var timestamp: Timestamp? { time.map { Timestamp(milliseconds: $0) } }

    init(_ bytes: Span<UInt8>) throws(MessageReader.Failure) {
        var at = 0
        while at < bytes.count {
            let field = try MessageReader.field(bytes, &at)
            switch field.number {
            case 1: labels.append(field.range)
            case 2, 3, 5: try readValue(bytes, field.range)
            case 4: summary = try SummaryMessage(bytes, field.range)
            case 6: time = field.bits == 0 ? nil : Int64(bitPattern: field.bits)
            case 7: histogram = try HistogramMessage(bytes, field.range)
            default: break
            }
        }
    }

    /// A gauge, a counter or an untyped value: all have the value first.
    private mutating func readValue(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(MessageReader.Failure) {
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        while at < range.upperBound {
            let field = try MessageReader.field(part, &at)
            switch field.number {
            case 1: value = field.double
            case 2 where field.isBytes: exemplar = ExemplarMessage(range: field.range)
            default: break
            }
        }
    }
}

/// A summary's count, sum and quantiles.
struct SummaryMessage {
    var count: UInt64 = 0
    var sum = 0.0
    var quantiles: [(quantile: Double, value: Double)] = []

    init() {}

    init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(MessageReader.Failure) {
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        while at < range.upperBound {
            let field = try MessageReader.field(part, &at)
            switch field.number {
            case 1: count = field.bits
            case 2: sum = field.double
            case 3: quantiles.append(try Self.quantile(part, field.range))
            default: break
            }
        }
    }

    private static func quantile(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(MessageReader.Failure) -> (quantile: Double, value: Double) {
        var pair = (quantile: 0.0, value: 0.0)
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        while at < range.upperBound {
            let field = try MessageReader.field(part, &at)
            if field.number == 1 { pair.quantile = field.double }
            if field.number == 2 { pair.value = field.double }
        }
        return pair
    }
}

/// A label's name and value.
enum LabelMessage {
    static func read(
        _ ranges: [Range<Int>], _ bytes: Span<UInt8>
    ) throws(Fault) -> [Label] {
        var labels: [Label] = []
        for range in ranges {
            let label = try read(range, bytes)
            let isRepeated = labels.contains { $0.name.hasSameBytes(as: label.name) }
            guard !isRepeated, !label.name.hasSameBytes(as: LabelName.metric) else {
                throw Fault(offset: range.lowerBound, expected: "each label once")
            }
            labels.append(label)
        }
        return labels
    }

    private static func read(
        _ range: Range<Int>, _ bytes: Span<UInt8>
    ) throws(Fault) -> Label {
        var name = ""
        var value = ""
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        while at < range.upperBound {
            // Why it could not be read is lost; the fault says what was expected.
            guard let field = try? MessageReader.field(part, &at),
                let text = part.text(field.range)
            else { throw Fault(offset: at, expected: "a label's name and value, both UTF-8") }
            if field.number == 1 { name = text }
            if field.number == 2 { value = text }
        }
        guard !name.isEmpty else {
            throw Fault(offset: range.lowerBound, expected: "a label with a name")
        }
        return Label(name, value)
    }
}

/// Where an exemplar stands.
struct ExemplarMessage {
    var range: Range<Int>

    func read(_ bytes: Span<UInt8>, series: UInt32) throws(Fault) -> Exemplar {
        var labels: [Range<Int>] = []
        var value = 0.0
        var time: Timestamp?
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        do throws(MessageReader.Failure) {
            while at < range.upperBound {
                let field = try MessageReader.field(part, &at)
                switch field.number {
                case 1: labels.append(field.range)
                case 2: value = field.double
                case 3: time = try Self.time(part, field.range)
                default: break
                }
            }
        } catch {
            throw Fault(offset: at, expected: "an exemplar's fields")
        }
        return Exemplar(
            series: series, labels: Labels(try LabelMessage.read(labels, part)), value: value,
            time: time)
    }

    private static func time(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(MessageReader.Failure) -> Timestamp {
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        var at = range.lowerBound
        let part = bytes.extracting(0..<range.upperBound)
        while at < range.upperBound {
            let field = try MessageReader.field(part, &at)
            if field.number == 1 { seconds = Int64(bitPattern: field.bits) }
            if field.number == 2 { nanoseconds = Int64(bitPattern: field.bits) }
        }
        let (product, isOver) = seconds.multipliedReportingOverflow(by: 1000)
        if isOver { return seconds < 0 ? .distantPast : .distantFuture }
        return Timestamp(milliseconds: product &+ nanoseconds / 1_000_000)
    }
}

import Model

/// What one body of remote write says, in columns.
///
/// Labels stand as bytes that name the series: for each label the length of its name, the name, the
/// length of its value and the value. Whoever knows these bytes needs no text.
struct WriteRequest {
    /// One series and where its parts stand.
    struct Part {
        var key = 0..<0
        var samples = 0..<0
        var histograms = 0..<0
        var exemplars = 0..<0
        /// What the second message says of its family.
        var metadata: MetadataPart?
        /// Why it cannot be taken.
        var fault: String?
    }

    /// What is said of a family; the texts stand in `bytes`.
    struct MetadataPart {
        var type = MetricType.unknown
        var unit = 0..<0
        var help = 0..<0
    }

    /// An exemplar, its labels as text.
    struct ExemplarPart {
        var labels: Labels
        var value: Double
        var time: Int64
    }

    /// The message itself.
    let bytes: [UInt8]
    var keys: [UInt8] = []
    var parts: [Part] = []
    var times: [Int64] = []
    var values: [Double] = []
    var histograms: [(time: Int64, histogram: NativeHistogram)] = []
    var exemplars: [ExemplarPart] = []
    /// Families of the first message.
    var families: [FamilyMetadata] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The bytes that name the series of `part`.
    func withKey<Result>(_ part: Part, _ body: (Span<UInt8>) -> Result) -> Result {
        body(keys.span.extracting(part.key))
    }
}

/// The bytes that name a series.
enum SeriesKey {
    /// Adds a label, from bytes that stand in `bytes`; an empty value is no label.
    @inline(__always)
    static func append(
        name: Range<Int>, value: Range<Int>, of bytes: [UInt8], to key: inout [UInt8]
    ) {
        guard !value.isEmpty else { return }
        append(length: name.count, to: &key)
        key.append(contentsOf: bytes[name])
        append(length: value.count, to: &key)
        key.append(contentsOf: bytes[value])
    }

    @inline(__always)
    private static func append(length: Int, to key: inout [UInt8]) {
        key.append(UInt8(truncatingIfNeeded: length))
        key.append(UInt8(truncatingIfNeeded: length >> 8))
        key.append(UInt8(truncatingIfNeeded: length >> 16))
        key.append(UInt8(truncatingIfNeeded: length >> 24))
    }

    /// The labels that `key` stands for, in its order, or why there can be none.
    static func labels(_ key: Span<UInt8>) throws(LabelFault) -> [Label] {
        var labels: [Label] = []
        var at = 0
        while at < key.count {
            labels.append(Label(try text(key, &at), try text(key, &at)))
        }
        return labels
    }

    private static func text(_ key: Span<UInt8>, _ at: inout Int) throws(LabelFault) -> String {
        var length = 0
        for index in (0..<4).reversed() { length = length << 8 | Int(key[at + index]) }
        let range = at + 4..<at + 4 + length
        at = range.upperBound
        guard let span = try? UTF8Span(validating: key.extracting(range)) else {
            throw LabelFault(reason: "a label that is no UTF-8")  // Lost: at which byte.
        }
        return String(copying: span)
    }

    /// `labels` as the bytes that name them.
    static func key(of labels: Labels) -> [UInt8] {
        var key: [UInt8] = []
        for label in labels {
            append(length: label.name.utf8.count, to: &key)
            key.append(contentsOf: label.name.utf8)
            append(length: label.value.utf8.count, to: &key)
            key.append(contentsOf: label.value.utf8)
        }
        return key
    }
}

/// What is wrong with the labels of a series.
struct LabelFault: Error {
    let reason: String
}

import Exposition
import Glibc
import Head
import Model

/// Writes samples as lines of text, from the head's tables straight into bytes.
struct RelayText: LiveSink {
    /// What was written and not taken away yet.
    var bytes: [UInt8] = []
    /// Whether something of the family was said.
    private(set) var isOpen = false
    /// Which series were seen, where somebody wants to know.
    private let style: RelayStyle
    private let exemplars: [UInt32: PlacedExemplar]
    private let isPlainScheme: Bool
    private var family: WrittenRelayFamily?
    /// The metric of the sample before.
    private var last = 0

    init(_ style: RelayStyle, exemplars: [UInt32: PlacedExemplar]) {
        self.style = style
        self.exemplars = style.format.isOpenMetrics ? exemplars : [:]
        isPlainScheme = style.escaping != .dots
    }

    /// What comes next belongs to `family`; with `isOpen` something of it was said already.
    mutating func begin(_ family: WrittenRelayFamily, isOpen: Bool) {
        self.family = family
        self.isOpen = isOpen
        last = 0
    }

    mutating func take(_ sample: LiveSample, _ labels: borrowing LiveLabels) {
        guard let family, let index = labels.withMetric({ place(of: $0, in: family) }) else {
            return
        }
        last = index
        let metric = family.metrics[index]
        if let histogram = sample.histogram { return take(histogram, sample, labels, family) }
        let isEnd = sample.value.isStaleMarker
        if metric.isNative || style.dropsInfinite && sample.value.isInfinite { return }
        if isEnd {
            bytes.append(contentsOf: "# STALE ".utf8)
        } else if !isOpen {
            bytes.append(contentsOf: family.header)
            isOpen = true
        }
        append(metric, labels)
        if !isEnd {
            bytes.append(UInt8(ascii: " "))
            FloatText.append(sample.value, to: &bytes)
            if style.hasTimes { append(sample.time) }
            if metric.takesExemplars, !exemplars.isEmpty, let exemplar = exemplars[sample.series] {
                append(exemplar)
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private func place(of name: Span<UInt8>, in family: WrittenRelayFamily) -> Int? {
        if Self.isSame(name, family.metrics[last].name) { return last }
        return family.metrics.firstIndex { Self.isSame(name, $0.name) }
    }

    // MARK: Parts of a line

    @inline(__always)
    private mutating func append(
        _ metric: WrittenRelayFamily.Metric, _ labels: borrowing LiveLabels
    ) {
        bytes.append(contentsOf: metric.prefix)
        var next = UInt8(ascii: metric.isQuoted ? "," : "{")
        var seen: UInt64 = 0
        labels.forEach { name, value in
            if Self.isMetricName(name) { return }
            if !style.externals.isEmpty { seen |= external(name) }
            bytes.append(next)
            next = UInt8(ascii: ",")
            appendName(name)
            bytes.append(UInt8(ascii: "="))
            bytes.append(UInt8(ascii: "\""))
            Self.append(value, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        for (index, external) in style.externals.enumerated() where seen & 1 << UInt64(index) == 0 {
            bytes.append(next)
            next = UInt8(ascii: ",")
            bytes.append(contentsOf: external.text)
        }
        if metric.isQuoted || next == UInt8(ascii: ",") { bytes.append(UInt8(ascii: "}")) }
    }

    /// The bit of the external label with this name, if there is one.
    private func external(_ name: Span<UInt8>) -> UInt64 {
        for index in style.externals.indices where Self.isSame(name, style.externals[index].name) {
            return 1 << UInt64(index)
        }
        return 0
    }

    @inline(__always)
    private mutating func appendName(_ name: Span<UInt8>) {
        if isPlainScheme, Self.isLegacy(name) { return Self.append(raw: name, to: &bytes) }
        // Safe: the text is copied before the closure ends.
        let text = unsafe name.withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
        bytes += Self.name(text, style.escaping)
    }

    private mutating func append(_ time: Timestamp) {
        bytes.append(UInt8(ascii: " "))
        if style.format.isOpenMetrics {
            FloatText.appendSeconds(time.milliseconds, to: &bytes)
        } else {
            FloatText.appendWhole(time.milliseconds, to: &bytes)
        }
    }

    private mutating func append(_ exemplar: PlacedExemplar) {
        let length = exemplar.labels.reduce(0) { $0 + $1.name.count + $1.value.count }
        // OpenMetrics has no room for more.
        guard length <= 128 else { return }
        bytes.append(contentsOf: " # {".utf8)
        for (index, label) in exemplar.labels.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += Self.name(label.name, style.escaping)
            bytes.append(contentsOf: "=\"".utf8)
            Self.append(label.value.utf8Span.span, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(contentsOf: "} ".utf8)
        FloatText.append(exemplar.value, to: &bytes)
        append(exemplar.time)
    }

    /// A native histogram: text has room for those with bounds of their own.
    private mutating func take(
        _ histogram: NativeHistogram, _ sample: LiveSample, _ labels: borrowing LiveLabels,
        _ family: WrittenRelayFamily
    ) {
        guard histogram.schema == NativeHistogram.customSchema, style.form == .metrics else {
            return
        }
        if !isOpen { bytes.append(contentsOf: family.header) }
        isOpen = true
        let point = MetricPoint(
            labels.shown(with: style), histogram, time: style.hasTimes ? sample.time : nil)
        var writer = ExpositionWriter(style.format, escaping: style.escaping)
        swap(&writer.bytes, &bytes)
        writer.writePoints(
            of: MetricFamily(family.family.name, family.family.metadata, [point]))
        swap(&writer.bytes, &bytes)
    }
}

// MARK: Bytes

extension RelayText {
    /// A label's name as it stands in a line.
    static func name(_ name: String, _ escaping: NameEscaping) -> [UInt8] {
        let escaped = escaping.escape(name, isMetric: false)
        if NameScheme.legacy.allows(labelName: escaped) { return Array(escaped.utf8) }
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        append(escaped.utf8Span.span, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        return bytes
    }

    @inline(__always)
    static func append(raw span: Span<UInt8>, to bytes: inout [UInt8]) {
        // Safe: the bytes are copied before the closure ends.
        unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// A value as it stands in quotes.
    @inline(__always)
    static func append(_ value: Span<UInt8>, to bytes: inout [UInt8]) {
        var isPlain = true
        for index in value.indices {
            let byte = value[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x0a {
                isPlain = false
            }
        }
        if isPlain { return append(raw: value, to: &bytes) }
        for index in value.indices {
            switch value[index] {
            case 0x0a: bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            default: bytes.append(value[index])
            }
        }
    }

    @inline(__always)
    static func isSame(_ span: Span<UInt8>, _ bytes: [UInt8]) -> Bool {
        guard span.count == bytes.count else { return false }
        for index in span.indices where span[index] != bytes[index] { return false }
        return true
    }

    @inline(__always)
    static func isMetricName(_ name: Span<UInt8>) -> Bool {
        name.count == 8 && name[0] == UInt8(ascii: "_") && name[1] == UInt8(ascii: "_")
            && name[2] == UInt8(ascii: "n") && name[3] == UInt8(ascii: "a")
            && name[4] == UInt8(ascii: "m") && name[5] == UInt8(ascii: "e")
            && name[6] == UInt8(ascii: "_") && name[7] == UInt8(ascii: "_")
    }

    @inline(__always)
    private static func isLegacy(_ name: Span<UInt8>) -> Bool {
        for index in name.indices {
            let byte = name[index] | 0x20
            let isLetter = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
            let isDigit = name[index] >= UInt8(ascii: "0") && name[index] <= UInt8(ascii: "9")
            guard isLetter || name[index] == UInt8(ascii: "_") || isDigit && index > 0 else {
                return false
            }
        }
        return name.count > 0
    }
}

extension LiveLabels {
    /// The labels without the metric's name, and with those that all series of a body have.
    func shown(with style: RelayStyle) -> [Label] {
        var shown: [Label] = []
        forEach { name, value in
            if RelayText.isMetricName(name) { return }
            // Safe: the texts are copied before the closures end.
            let label = unsafe name.withUnsafeBufferPointer { name in
                unsafe value.withUnsafeBufferPointer { value in
                    unsafe Label(
                        String(decoding: name, as: UTF8.self),
                        String(decoding: value, as: UTF8.self))
                }
            }
            shown.append(label)
        }
        for external in style.externals
        where !shown.contains(where: { $0.name == external.label.name }) {
            shown.append(external.label)
        }
        return shown
    }
}

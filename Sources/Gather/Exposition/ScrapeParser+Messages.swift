import Model

/// Where the parser stands within a stream of `MetricFamily` messages.
struct MessageState {
    /// The bytes left of the family; `nil` where the next one's length is expected.
    var left: Int?
    var name = ""
    var help = ""
    var unit = ""
    var type = MetricType.counter
    var sawMetric = false
    /// Whether the classic histogram that is read has been told as a native one already.
    var isBesideNative = false
    /// The key of the series that is looked up; one array for all.
    var key: [UInt8] = []
    /// The type and length in front of a metric count too.
    var allowance: Int { 16 }
}

/// What is wrong with a message, and where in the bytes at hand.
struct MessageFault: Error {
    var offset: Int
    var expected: String
}

// Delimited Protocol Buffers: a family is read field by field and a metric as a whole, so that no
// more than one metric is ever kept.
extension ScrapeParser {
    mutating func consumeMessages(
        _ body: Span<UInt8>, isLast: Bool
    ) throws(ExpositionError) -> Int {
        var at = 0
        while at < body.count {
            do throws(MessageFault) {
                guard try readPart(body, &at) else { break }
            } catch {
                throw .message(offset: offset + error.offset, expected: error.expected)
            }
        }
        if message.left == 0 { finishFamily() }
        if isLast, at < body.count || (message.left ?? 0) > 0 {
            throw .message(
                offset: offset + body.count, expected: "more of a message; it was cut off")
        }
        return at
    }

    /// Reads a length or a field of a family; `false` where more bytes are needed.
    private mutating func readPart(
        _ body: Span<UInt8>, _ at: inout Int
    ) throws(MessageFault) -> Bool {
        if message.left == 0 { finishFamily() }
        let start = at
        let field: MessageReader.Field
        do throws(MessageReader.Failure) {
            guard let left = message.left else {
                try beginFamily(body, &at)
                return true
            }
            let end = min(body.count, start + left)
            field = try Self.wholeField(
                body.extracting(0..<end), &at, isWhole: end == start + left)
            message.left = left - (at - start)
        } catch {
            if error == .cutOff { return false }
            throw MessageFault(offset: start, expected: "a field of a metric family")
        }
        try readFamily(body, field, at: start)
        return true
    }

    private mutating func beginFamily(
        _ body: Span<UInt8>, _ at: inout Int
    ) throws(MessageReader.Failure) {
        var next = at
        let size = try MessageReader.varint(body, &next)
        guard size <= UInt64(Int32.max) else { throw .malformed }
        at = next
        let key = message.key
        message = MessageState()
        message.key = key
        message.left = Int(size)
    }

    /// A field of a family; one that reaches over the end of a whole family is no field.
    private static func wholeField(
        _ bytes: Span<UInt8>, _ at: inout Int, isWhole: Bool
    ) throws(MessageReader.Failure) -> MessageReader.Field {
        do throws(MessageReader.Failure) {
            return try MessageReader.field(bytes, &at)
        } catch {
            throw error == .cutOff && isWhole ? .malformed : error
        }
    }

    private mutating func readFamily(
        _ body: Span<UInt8>, _ field: MessageReader.Field, at place: Int
    ) throws(MessageFault) {
        switch field.number {
        case 1, 2, 5:
            guard field.isBytes, let text = body.text(field.range) else {
                throw MessageFault(offset: place, expected: "UTF-8 text")
            }
            switch field.number {
            case 1: message.name = text
            case 2: message.help = text
            default: message.unit = text
            }
        case 3:
            guard !field.isBytes, !message.sawMetric, let type = Self.type(field.bits) else {
                throw MessageFault(offset: place, expected: "a metric type in front of metrics")
            }
            message.type = type
        case 4:
            guard field.isBytes else {
                throw MessageFault(offset: place, expected: "a metric")
            }
            guard !message.name.isEmpty else {
                throw MessageFault(offset: place, expected: "the family's name before its metrics")
            }
            message.sawMetric = true
            try readMetric(body.extracting(field.range), at: field.range.lowerBound)
        default: break
        }
    }

    private static func type(_ bits: UInt64) -> MetricType? {
        switch bits {
        case 0: .counter
        case 1: .gauge
        case 2: .summary
        case 3: .unknown
        case 4: .histogram
        case 5: .gaugehistogram
        default: nil
        }
    }

    /// Takes over what the family said of itself.
    private mutating func finishFamily() {
        message.left = nil
        guard message.sawMetric else { return }
        let metadata = MetricMetadata(
            type: message.type, unit: message.unit, help: message.help)
        guard known[message.name] != metadata else { return }
        known[message.name] = metadata
        changed.append(message.name)
    }

    // MARK: Metrics

    private mutating func readMetric(
        _ bytes: Span<UInt8>, at place: Int
    ) throws(MessageFault) {
        let metric: MetricMessage
        do throws(MessageReader.Failure) {
            metric = try MetricMessage(bytes)
        } catch {
            throw MessageFault(offset: place, expected: "a metric's fields")
        }
        number += 1
        do throws(Fault) {
            try record(metric, bytes)
        } catch {
            throw MessageFault(offset: place + error.offset, expected: error.expected)
        }
    }

    private mutating func record(
        _ metric: MetricMessage, _ bytes: Span<UInt8>
    ) throws(Fault) {
        switch message.type {
        case .counter, .gauge, .unknown:
            try sample("", metric, bytes, value: metric.value)
            if let exemplar = metric.exemplar { try add(exemplar, bytes) }
        case .summary:
            try sample("_count", metric, bytes, value: Double(metric.summary.count))
            try sample("_sum", metric, bytes, value: metric.summary.sum)
            for quantile in metric.summary.quantiles {
                try sample(
                    "", metric, bytes, value: quantile.value,
                    bound: (LabelName.quantile, quantile.quantile))
            }
        case .histogram, .gaugehistogram:
            let isNative = options.readsNativeHistograms && metric.histogram.isNative
            if isNative { try native(metric, bytes) }
            if !isNative || (options.keepsClassicHistograms && !metric.histogram.buckets.isEmpty) {
                message.isBesideNative = isNative
                try classic(metric, bytes)
                message.isBesideNative = false
            }
        case .info, .stateset: break
        }
    }

    private mutating func classic(
        _ metric: MetricMessage, _ bytes: Span<UInt8>
    ) throws(Fault) {
        let histogram = metric.histogram
        try sample("_count", metric, bytes, value: histogram.count)
        try sample("_sum", metric, bytes, value: histogram.sum)
        var hasInfinity = false
        for bucket in histogram.buckets {
            hasInfinity = hasInfinity || bucket.bound == .infinity
            try sample(
                "_bucket", metric, bytes, value: bucket.count,
                bound: (LabelName.bucketBound, bucket.bound))
            if let exemplar = bucket.exemplar { try add(exemplar, bytes) }
        }
        guard !hasInfinity else { return }
        try sample(
            "_bucket", metric, bytes, value: histogram.count,
            bound: (LabelName.bucketBound, .infinity))
    }

    private mutating func native(
        _ metric: MetricMessage, _ bytes: Span<UInt8>
    ) throws(Fault) {
        if let problem = metric.histogram.nativeProblem {
            throw Fault(offset: 0, expected: problem)
        }
        let series = try series("", metric, bytes, bound: nil, isNative: true)
        var histogram = metric.histogram.native
        histogram.isGauge = message.type == .gaugehistogram
        lastSeen[Int(series)] = changes
        batch.histograms.append(
            HistogramSample(series: series, time: metric.timestamp, histogram: histogram))
        let own = metric.histogram.exemplars
        for exemplar in own.isEmpty ? metric.histogram.buckets.compactMap(\.exemplar) : own {
            // Without a time it could not be told from the same one of the last scrape.
            let read = try exemplar.read(bytes, series: series)
            if read.time != nil { batch.exemplars.append(read) }
        }
    }

    private mutating func sample(
        _ suffix: StaticString, _ metric: MetricMessage, _ bytes: Span<UInt8>, value: Double,
        bound: (name: String, value: Double)? = nil
    ) throws(Fault) {
        let series = try series(suffix, metric, bytes, bound: bound)
        append(series, value: value, time: metric.time)
    }

    private mutating func add(_ exemplar: ExemplarMessage, _ bytes: Span<UInt8>) throws(Fault) {
        guard let series = nextSeries.last else { return }
        batch.exemplars.append(try exemplar.read(bytes, series: series))
    }

    /// The number of a series, by its name and the bytes of its labels.
    private mutating func series(
        _ suffix: StaticString, _ metric: MetricMessage, _ bytes: Span<UInt8>,
        bound: (name: String, value: Double)?, isNative: Bool = false
    ) throws(Fault) -> UInt32 {
        var key = message.key
        message.key = []
        defer { message.key = key }
        key.removeAll(keepingCapacity: true)
        key.append(message.name.utf8Span.span)
        // No text holds these bytes, so no two series have one key.
        key.append(isNative ? 0xfe : 0xff)
        for index in 0..<suffix.utf8CodeUnitCount {
            // Safe: `index` is below the suffix's length.
            key.append(unsafe suffix.utf8Start[index])
        }
        if let bound {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                key.append(UInt8(truncatingIfNeeded: bound.value.bitPattern >> shift))
            }
        }
        for label in metric.labels {
            key.append(0xff)
            key.append(bytes.extracting(label))
        }
        let hash = keyHash.of(key.span)
        if let known = table.number(of: key.span, hash: hash) { return known }
        var labels = try LabelMessage.read(metric.labels, bytes)
        if let bound {
            labels.append(Label(bound.name, FloatText.openMetrics(bound.value)))
        }
        labels.append(Label(LabelName.metric, message.name + suffix.description))
        return add(key.span, hash: hash, labels: Labels(labels))
    }
}

import Model

/// What OpenMetrics asks of a body beyond the shape of its lines: which names a family may use,
/// in which order its samples stand, and which values they may have.
///
/// A scrape does not need it, as Prometheus does not look either; `weir check metrics` does.
struct OpenMetricsRules {
    /// The family that is being read.
    private var family: Family?
    /// Every name that a family has taken.
    private var names: Set<[UInt8]> = []
    /// Classic text: families that had a `HELP`, a `TYPE`, a sample.
    private var textLines: Set<[UInt8]> = []

    private struct Family {
        var name: String
        var type: MetricType?
        var hasHelp = false
        var unit: String?
        var allowed: [String]
        var groups = GroupOrder()
        var histogram = HistogramRules()
        var hasSamples = false

        init(_ name: String, type: MetricType? = nil) {
            self.name = name
            self.type = type
            allowed = [name]
        }
    }

    // MARK: OpenMetrics

    mutating func read(_ comment: CommentLine) throws(Fault) {
        guard let name = comment.family else { return }
        if let family, family.name.hasSameBytes(as: name) {
            if family.hasSamples { throw rule("metadata in front of the family's samples") }
        } else {
            try finishFamily()
            family = Family(name)
        }
        switch comment {
        case .help:
            if family?.hasHelp ?? false { throw rule("one HELP for \(name)") }
            family?.hasHelp = true
        case .type(_, let type):
            if family?.type != nil { throw rule("one TYPE for \(name)") }
            family?.type = type
            family?.allowed = Self.suffixes(type).map { name + $0 }
        case .unit(_, let unit):
            if family?.unit != nil { throw rule("one UNIT for \(name)") }
            family?.unit = unit
        case .endOfFile, .comment: break
        }
    }

    mutating func read(
        _ series: ScannedSeries, _ tail: SampleTail, exemplarSize: Int?
    ) throws(Fault) {
        let name = series.metric
        if !(family?.allowed.contains { $0.hasSameBytes(as: name) } ?? false) {
            try finishFamily()
            family = Family(name, type: .unknown)
        }
        guard var current = family else { return }
        // Handed back at the end, so that nothing is copied.
        family = nil
        let suffix = String(decoding: name.utf8.dropFirst(current.name.utf8.count), as: UTF8.self)
        let type = current.type ?? .unknown
        try checkLabels(series, suffix, type, of: current.name)
        try checkValue(tail.value, suffix, type)
        if let exemplarSize { try checkExemplar(exemplarSize, suffix, type) }
        let group = Self.group(series, suffix, type, of: current.name)
        try current.groups.read(group, tail, isInfo: type == .info)
        if type == .histogram || type == .gaugehistogram {
            try current.histogram.read(series, suffix, group, tail)
        }
        current.hasSamples = true
        family = current
    }

    mutating func finish() throws(Fault) { try finishFamily() }

    private mutating func finishFamily() throws(Fault) {
        guard let family else { return }
        let type = family.type ?? .unknown
        let suffixes = Self.suffixes(type)
        for suffix in suffixes.contains("") ? suffixes : suffixes + [""] {
            guard names.insert(Array((family.name + suffix).utf8)).inserted else {
                throw rule("no second family that uses the name \(family.name + suffix)")
            }
        }
        if let unit = family.unit, !unit.isEmpty, type == .info || type == .stateset {
            throw rule("no unit for \(family.name), which is of type \(type.rawValue)")
        }
        try family.histogram.finish()
    }

    private static func suffixes(_ type: MetricType) -> [String] {
        switch type {
        case .counter: ["_total", "_created"]
        case .summary: ["", "_count", "_sum", "_created"]
        case .histogram: ["_count", "_sum", "_bucket", "_created"]
        case .gaugehistogram: ["_gcount", "_gsum", "_bucket"]
        case .info: ["_info"]
        case .unknown, .gauge, .stateset: [""]
        }
    }

    private func checkLabels(
        _ series: ScannedSeries, _ suffix: String, _ type: MetricType, of family: String
    ) throws(Fault) {
        if type == .stateset, series[family] == nil {
            throw rule("a label \(family), which names the state")
        }
        if suffix == "_bucket" {
            guard let text = series[LabelName.bucketBound],
                let bound = FloatScanner.value(of: text.utf8Span.span), !bound.isNaN,
                bound != .infinity || text == "+Inf"
            else { throw rule("a label le with the bucket's upper bound, the last one +Inf") }
        }
        if type == .summary, suffix.isEmpty {
            guard let text = series[LabelName.quantile],
                let quantile = FloatScanner.value(of: text.utf8Span.span), 0...1 ~= quantile
            else { throw rule("a label quantile between 0 and 1") }
        }
    }

    private func checkValue(
        _ value: Double, _ suffix: String, _ type: MetricType
    ) throws(Fault) {
        let isCount = ["_bucket", "_count", "_gcount"].contains(suffix)
        if isCount, value.isFinite, value != value.rounded() { throw rule("a whole number") }
        if isCount, value.isInfinite { throw rule("a whole number") }
        if type == .stateset, value != 0, value != 1 { throw rule("0 or 1 as a state's value") }
        if type == .info, value != 1 { throw rule("1 as an info's value") }
        if type == .summary, suffix.isEmpty, value < 0 {
            throw rule("a quantile's value that is not negative")
        }
        guard isCount || ["_total", "_sum", "_gsum"].contains(suffix) else { return }
        if value.isNaN { throw rule("a value that counts; NaN does not") }
        if value < 0, suffix != "_gsum" { throw rule("a value that is not negative") }
    }

    private func checkExemplar(
        _ size: Int, _ suffix: String, _ type: MetricType
    ) throws(Fault) {
        let isBucket = (type == .histogram || type == .gaugehistogram) && suffix == "_bucket"
        guard isBucket || (type == .counter && suffix == "_total") else {
            throw rule("no exemplar, except at buckets and counters")
        }
        if size > 128 { throw rule("at most 128 characters in an exemplar's labels") }
    }

    /// The labels that tell one metric of a family from another, as sorted bytes.
    private static func group(
        _ series: ScannedSeries, _ suffix: String, _ type: MetricType, of family: String
    ) -> [UInt8] {
        let own: String? =
            switch type {
            // Which labels of an info are its facts cannot be told.
            case .info: nil
            case .stateset: family
            case .summary: suffix.isEmpty ? LabelName.quantile : ""
            case .histogram, .gaugehistogram: suffix == "_bucket" ? LabelName.bucketBound : ""
            case .counter, .gauge, .unknown: ""
            }
        guard let own else { return [] }
        var bytes: [UInt8] = []
        let sorted = series.labels.sorted { $0.name.isBytewiseLess(than: $1.name) }
        for label in sorted where !label.name.hasSameBytes(as: own) {
            bytes += Array(label.name.utf8) + [0xff] + Array(label.value.utf8) + [0xff]
        }
        return bytes
    }

    // MARK: Classic text

    mutating func readText(_ comment: CommentLine) throws(Fault) {
        switch comment {
        case .help(let name, _):
            guard note("HELP", name) else { throw rule("one HELP for \(name)") }
        case .type(let name, let type):
            guard note("TYPE", name) else { throw rule("one TYPE for \(name)") }
            let samples = [""] + (type == .histogram || type == .summary ? MetricSuffix.all : [])
            for suffix in samples where textLines.contains(Self.entry("", name + suffix)) {
                throw rule("the TYPE of \(name) in front of its samples")
            }
        case .unit, .endOfFile, .comment: break
        }
    }

    mutating func readText(_ series: ScannedSeries) { _ = note("", series.metric) }

    private mutating func note(_ what: String, _ name: String) -> Bool {
        textLines.insert(Self.entry(what, name)).inserted
    }

    private static func entry(_ what: String, _ name: String) -> [UInt8] {
        Array(what.utf8) + [0xff] + Array(name.utf8)
    }
}

extension ScannedSeries {
    /// The value of a label, if it has it.
    subscript(name: String) -> String? {
        labels.first { $0.name.hasSameBytes(as: name) }?.value
    }
}

/// A rule that the whole line breaks.
private func rule(_ expected: String) -> Fault { Fault(offset: 0, expected: expected) }

/// The order of a family's samples: one metric after another, each in the order of time.
private struct GroupOrder {
    private var current: [UInt8]?
    private var last: Double?
    private var seen: Set<[UInt8]> = []

    mutating func read(
        _ group: [UInt8], _ tail: SampleTail, isInfo: Bool
    ) throws(Fault) {
        let seconds = tail.time == nil ? nil : tail.seconds
        if let current, current == group {
            if (last == nil) != (seconds == nil) {
                throw rule("a timestamp at all samples of a metric, or at none")
            }
            if let last, let seconds, seconds < last, !isInfo {
                throw rule("timestamps that do not go back within a metric")
            }
        } else if current != nil, seen.contains(group) {
            throw rule("the samples of one metric beside each other")
        }
        current = group
        last = seconds
        seen.insert(group)
    }
}

/// What a family's buckets, counts and sums have to do with each other.
private struct HistogramRules {
    private var group: [UInt8]?
    private var seconds: Double?
    private var metric = ""
    private var bound: Double?
    private var value = 0.0
    private var count: Double?
    private var hasSum = false
    private var hasGaugeSum = false
    private var hasNegativeBuckets = false
    private var hasNegativeSum = false

    mutating func read(
        _ series: ScannedSeries, _ suffix: String, _ group: [UInt8], _ tail: SampleTail
    ) throws(Fault) {
        let time = tail.time == nil ? nil : tail.seconds
        if self.group != group || seconds != time {
            try finish()
            self = HistogramRules()
        }
        self.group = group
        seconds = time
        metric = series.metric
        switch suffix {
        case "_bucket": try readBucket(series, tail.value)
        case "_count", "_gcount": count = tail.value
        case "_sum": hasSum = true
        case "_gsum":
            hasGaugeSum = true
            hasNegativeSum = tail.value < 0
        default: break
        }
    }

    private mutating func readBucket(
        _ series: ScannedSeries, _ next: Double
    ) throws(Fault) {
        let text = series[LabelName.bucketBound] ?? ""
        let upper = FloatScanner.value(of: text.utf8Span.span) ?? .nan
        if upper < 0 { hasNegativeBuckets = true }
        if let bound, upper <= bound { throw rule("buckets in the order of their bounds") }
        if next < value { throw rule("a count that is not below that of the bucket before") }
        bound = upper
        value = next
    }

    func finish() throws(Fault) {
        guard group != nil else { return }
        guard bound == .infinity else { throw rule("a bucket with le=\"+Inf\" beside \(metric)") }
        if let count, count != value { throw rule("a count equal to the last bucket's, \(metric)") }
        if hasSum || hasGaugeSum, count == nil { throw rule("a count beside the sum, \(metric)") }
        if count != nil, !hasSum, !hasGaugeSum { throw rule("a sum beside the count, \(metric)") }
        if hasNegativeBuckets, hasSum {
            throw rule("no sum where buckets reach below zero, \(metric)")
        }
        if !hasNegativeBuckets, hasNegativeSum {
            throw rule("a sum that is not negative, \(metric)")
        }
    }
}

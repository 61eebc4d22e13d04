/// A remark on a result: a warning that it may be wrong, or an information.
struct Annotation: Sendable, Hashable {
    /// How grave it is.
    enum Level: String, Sendable, Hashable {
        case warning = "PromQL warning"
        case info = "PromQL info"
    }

    /// How grave it is.
    let level: Level
    /// What is to be said, in Prometheus's words.
    let message: String
    /// The part of the query that it is about.
    let position: PositionRange

    /// The text that the API gives: level, message and place.
    func text(in query: String, detail: String = "") -> String {
        "\(level.rawValue): \(message)\(detail) (\(position.place(in: query)))"
    }
}

/// The remarks on a query, each once, in the order in which they came up.
struct Annotations: Sendable {
    private var order: [String] = []
    private var byMessage: [String: Annotation] = [:]
    /// What is known of buckets that had to be made monotonic, by message.
    private var repairs: [String: BucketRepair] = [:]

    /// Whether there is none.
    var isEmpty: Bool { order.isEmpty }

    /// Adds a remark; one that says the same as another takes its place.
    mutating func add(_ annotation: Annotation) {
        let key = annotation.level.rawValue + annotation.message
        if byMessage[key] == nil { order.append(key) }
        byMessage[key] = annotation
    }

    /// Adds a warning.
    mutating func warn(_ message: String, at position: PositionRange) {
        add(Annotation(level: .warning, message: message, position: position))
    }

    /// Adds an information.
    mutating func inform(_ message: String, at position: PositionRange) {
        add(Annotation(level: .info, message: message, position: position))
    }

    /// Adds that buckets had to be made monotonic.
    mutating func repaired(_ repair: BucketRepair, metric: String, at position: PositionRange) {
        let message = Self.monotonicity + Self.forMetric(metric)
        let annotation = Annotation(level: .info, message: message, position: position)
        add(annotation)
        let key = annotation.level.rawValue + message
        repairs[key] = repairs[key].map { $0.merged(with: repair) } ?? repair
    }

    /// Adds all of `other`.
    mutating func add(_ other: Annotations) {
        for key in other.order {
            if let annotation = other.byMessage[key] { add(annotation) }
            if let repair = other.repairs[key] {
                repairs[key] = repairs[key].map { $0.merged(with: repair) } ?? repair
            }
        }
    }

    /// The texts of one level.
    func texts(_ level: Annotation.Level, in query: String) -> [String] {
        order.compactMap { key in
            guard let annotation = byMessage[key], annotation.level == level else { return nil }
            return annotation.text(in: query, detail: repairs[key]?.detail ?? "")
        }
    }

    private static let monotonicity =
        "input to histogram_quantile needed to be fixed for monotonicity (see "
        + "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"

    /// What names a metric at the end of a message, where it is known.
    static func forMetric(_ metric: String) -> String {
        metric.isEmpty ? "" : " for metric name \(GoText.quoted(metric))"
    }
}

/// How far classic buckets were from being monotonic.
struct BucketRepair: Sendable {
    /// The lowest and the highest bound of a bucket that was raised.
    var bounds: ClosedRange<Double>
    /// By how much at most.
    var difference: Double
    /// The first and the last instant, in milliseconds.
    var times: ClosedRange<Int64>
    /// How many histograms were raised.
    var count = 1

    /// Both taken together.
    func merged(with other: BucketRepair) -> BucketRepair {
        BucketRepair(
            bounds: min(
                bounds.lowerBound, other.bounds.lowerBound)...max(
                    bounds.upperBound, other.bounds.upperBound),
            difference: max(difference, other.difference),
            times: min(
                times.lowerBound, other.times.lowerBound)...max(
                    times.upperBound, other.times.upperBound),
            count: count + other.count)
    }

    /// The end of the message.
    var detail: String {
        ", from buckets \(GoText.general(bounds.lowerBound)) to "
            + "\(GoText.general(bounds.upperBound)), with a max diff of "
            + "\(GoText.general(difference, digits: 2)), over \(count) samples from "
            + "\(GoText.seconds(times.lowerBound)) to \(GoText.seconds(times.upperBound))"
    }
}

/// The words for what went wrong or is doubtful, as Prometheus chose them.
extension Annotations {
    mutating func mixedFloatsAndHistograms(_ metric: String, at position: PositionRange) {
        warn(
            "encountered a mix of histograms and floats for metric name \(GoText.quoted(metric))",
            at: position)
    }

    mutating func mixedFloatsAndHistogramsInAggregation(at position: PositionRange) {
        warn("encountered a mix of histograms and floats for aggregation", at: position)
    }

    mutating func invalidQuantile(_ quantile: Double, at position: PositionRange) {
        warn(
            "quantile value should be between 0 and 1, got \(GoText.general(quantile))",
            at: position)
    }

    mutating func invalidRatio(_ ratio: Double, cappedTo cap: Double, at position: PositionRange) {
        warn(
            "ratio value should be between -1 and 1, got \(GoText.general(ratio)), "
                + "capping to \(GoText.general(cap))", at: position)
    }

    mutating func badBucketLabel(_ label: String, metric: String, at position: PositionRange) {
        warn(
            "bucket label \"le\" is missing or has a malformed value of \(GoText.quoted(label))"
                + Self.forMetric(metric), at: position)
    }

    mutating func mixedClassicAndNative(_ metric: String, at position: PositionRange) {
        warn(
            "vector contains a mix of classic and native histograms" + Self.forMetric(metric),
            at: position)
    }

    mutating func notCounter(_ metric: String, at position: PositionRange) {
        warn(
            "this native histogram metric is not a counter: \(GoText.quoted(metric))", at: position)
    }

    mutating func notGauge(_ metric: String, at position: PositionRange) {
        warn("this native histogram metric is not a gauge: \(GoText.quoted(metric))", at: position)
    }

    mutating func mixedSchemas(_ metric: String, at position: PositionRange) {
        warn(
            "vector contains a mix of histograms with exponential and custom buckets schemas for "
                + "metric name \(GoText.quoted(metric))", at: position)
    }

    mutating func incompatibleBuckets(_ operation: String, at position: PositionRange) {
        warn(
            "incompatible bucket layout encountered for binary operator \(operation)", at: position)
    }

    mutating func resetCollision(_ operation: String, at position: PositionRange) {
        warn("conflicting counter resets during histogram \(operation)", at: position)
    }

    mutating func startTimeOverlap(_ metric: String, at position: PositionRange) {
        warn(
            "sample has start time that overlaps with previous sample timestamp for metric "
                + GoText.quoted(metric), at: position)
    }

    mutating func uselessSort(at position: PositionRange) {
        warn(
            "sort is ineffective for range queries since results are always ordered by labels",
            at: position)
    }

    mutating func possibleNonCounter(_ metric: String, at position: PositionRange) {
        inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
                + GoText.quoted(metric), at: position)
    }

    mutating func possibleNonCounter(_ metric: String, type: String, at position: PositionRange) {
        inform(
            "metric might not be a counter, __type__ label is not set to \"counter\" or "
                + "\"histogram\", got \(GoText.quoted(type)): \(GoText.quoted(metric))",
            at: position)
    }

    mutating func incompatibleTypes(
        _ left: String, _ operation: String, _ right: String, at position: PositionRange
    ) {
        inform(
            "incompatible sample types encountered for binary operator "
                + "\(GoText.quoted(operation)): \(left) \(operation) \(right)", at: position)
    }

    mutating func histogramIgnored(in aggregation: String, at position: PositionRange) {
        inform("ignored histogram in \(aggregation) aggregation", at: position)
    }

    mutating func histogramsIgnoredInRange(_ metric: String, at position: PositionRange) {
        inform(
            "ignored histograms in a range containing both floats and histograms for metric name "
                + GoText.quoted(metric), at: position)
    }

    mutating func bucketsReconciled(_ operation: String, at position: PositionRange) {
        inform("mismatched custom buckets were reconciled during \(operation)", at: position)
    }

    mutating func quantileIsNaN(_ metric: String, at position: PositionRange) {
        inform(
            "input to histogram_quantile has NaN observations, result is NaN"
                + Self.forMetric(metric), at: position)
    }

    mutating func quantileIsSkewed(_ metric: String, at position: PositionRange) {
        inform(
            "input to histogram_quantile has NaN observations, result is skewed higher"
                + Self.forMetric(metric), at: position)
    }

    mutating func fractionExcludesNaN(_ metric: String, at position: PositionRange) {
        inform(
            "input to histogram_fraction has NaN observations, which are excluded from all "
                + "fractions" + Self.forMetric(metric), at: position)
    }
}

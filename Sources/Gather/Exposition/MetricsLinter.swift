import Model

/// What a metric does that Prometheus's conventions advise against.
public struct MetricsLint: Sendable, Hashable {
    /// The family's name.
    public let metric: String
    /// The advice.
    public let advice: String
}

/// The metrics of one family and how many of all series they are.
public struct MetricCardinality: Sendable, Hashable {
    /// The family's name.
    public let metric: String
    /// How many series it has.
    public let series: Int
    /// Its part of all series, from 0 to 1.
    public let share: Double
}

/// Looks at a body as `weir check metrics` does: is it well formed, is it well named, what is large.
public struct MetricsLinter {
    /// The families that had metadata, by name.
    private var families: [String: MetricMetadata] = [:]
    private var series: [Labels] = []
    private let isOpenMetrics: Bool

    /// A linter that has seen all of `batch`, which must be its parser's first one.
    public init(_ batch: borrowing ScrapeBatch, format: ExpositionFormat) {
        isOpenMetrics = format.isOpenMetrics
        for family in batch.metadata { families[family.family] = family.metadata }
        series = batch.newSeries.map(\.labels)
    }

    /// The advice for every family, in the order of names.
    public func lints() -> [MetricsLint] {
        var labels: [String: Set<String>] = [:]
        for one in series {
            labels[family(of: one.metric), default: []].formUnion(one.map(\.name))
        }
        for family in families.keys where labels[family] == nil { labels[family] = [] }
        return labels.keys.sorted { $0.isBytewiseLess(than: $1) }.flatMap { name in
            let metadata = families[name] ?? MetricMetadata()
            let checks = NamingRules(
                name: name, metadata: metadata, labels: labels[name] ?? [],
                isOpenMetrics: isOpenMetrics)
            return checks.advice().map { MetricsLint(metric: name, advice: $0) }
        }
    }

    /// How many series each family has, the largest first.
    public func cardinalities() -> [MetricCardinality] {
        var counts: [String: Int] = [:]
        for one in series { counts[family(of: one.metric), default: 0] += 1 }
        let rows = counts.map {
            MetricCardinality(
                metric: $0.key, series: $0.value,
                share: Double($0.value) / Double(max(1, series.count)))
        }
        return rows.sorted {
            $0.series != $1.series
                ? $0.series > $1.series : $0.metric.isBytewiseLess(than: $1.metric)
        }
    }

    /// The family of a sample's name: itself, or what it is without a suffix where that is known.
    private func family(of name: String) -> String {
        if families[name] != nil { return name }
        for suffix in MetricSuffix.all {
            if let family = name.dropping(suffix: suffix), families[family] != nil {
                return family
            }
        }
        return name
    }
}

/// Prometheus's conventions on names, as promtool checks them.
private struct NamingRules {
    let name: String
    let metadata: MetricMetadata
    let labels: Set<String>
    /// OpenMetrics names counters without the `_total` that their samples have.
    let isOpenMetrics: Bool

    private var words: [Substring] { name.split(separator: "_") }
    private var type: MetricType { metadata.type }

    func advice() -> [String] {
        var advice: [String] = []
        if metadata.help.isEmpty { advice.append("no help text") }
        if let (unit, base) = unit(), unit != base {
            advice.append("use base unit \"\(base)\" instead of \"\(unit)\"")
        }
        advice += suffixes() + reservedLabels() + typeInName()
        if name.contains(":") { advice.append("metric names should not contain ':'") }
        if Self.isCamelCase(name) {
            advice.append("metric names should be written in 'snake_case' not 'camelCase'")
        }
        if labels.contains(where: Self.isCamelCase) {
            advice.append("label names should be written in 'snake_case' not 'camelCase'")
        }
        if words.dropFirst().contains(where: { Self.abbreviations.contains(String($0)) }) {
            advice.append("metric names should not contain abbreviated units")
        }
        return advice
    }

    private func suffixes() -> [String] {
        var advice: [String] = []
        let isCounted = type == .histogram || type == .gaugehistogram
        // In OpenMetrics a family's name does not hold the suffix that its samples have.
        let hasTotal = name.hasSuffix("_total")
        if type == .counter, !hasTotal, !isOpenMetrics {
            advice.append("counter metrics should have \"_total\" suffix")
        }
        if type != .counter, type != .unknown, hasTotal {
            advice.append("non-counter metrics should not have \"_total\" suffix")
        }
        guard type != .unknown else { return advice }
        if !isCounted, name.hasSuffix("_bucket") {
            advice.append("non-histogram metrics should not have \"_bucket\" suffix")
        }
        for suffix in ["_count", "_sum"] where !isCounted && type != .summary {
            if name.hasSuffix(suffix) {
                advice.append(
                    "non-histogram and non-summary metrics should not have \"\(suffix)\" suffix")
            }
        }
        return advice
    }

    private func reservedLabels() -> [String] {
        guard type != .unknown else { return [] }
        var advice: [String] = []
        let isCounted = type == .histogram || type == .gaugehistogram
        if !isCounted, labels.contains(LabelName.bucketBound) {
            advice.append("non-histogram metrics should not have \"le\" label")
        }
        if type != .summary, labels.contains(LabelName.quantile) {
            advice.append("non-summary metrics should not have \"quantile\" label")
        }
        return advice
    }

    private func typeInName() -> [String] {
        guard type != .unknown else { return [] }
        return words.dropFirst().contains { $0.lowercased() == type.rawValue }
            ? ["metric name should not include type '\(type.rawValue)'"] : []
    }

    /// The unit that the name tells, and the one it should be told in.
    private func unit() -> (String, String)? {
        for word in words {
            if let base = Self.units[String(word)] { return (String(word), base) }
            for prefix in Self.prefixes where word.hasPrefix(prefix) {
                if let base = Self.units[String(word.dropFirst(prefix.utf8.count))] {
                    return (String(word), base)
                }
            }
        }
        return nil
    }

    private static func isCamelCase(_ name: String) -> Bool {
        zip(name.utf8, name.utf8.dropFirst()).contains { left, right in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= left
                && UInt8(ascii: "A")...UInt8(ascii: "Z") ~= right
        }
    }

    private static let units = [
        "amperes": "amperes", "bytes": "bytes", "celsius": "celsius", "grams": "grams",
        "joules": "joules", "kelvin": "kelvin", "kelvins": "kelvin", "meters": "meters",
        "metres": "metres", "seconds": "seconds", "volts": "volts",
        "minutes": "seconds", "hours": "seconds", "days": "seconds", "weeks": "seconds",
        "fahrenheit": "celsius", "rankine": "celsius", "inches": "meters", "yards": "meters",
        "miles": "meters", "bits": "bytes", "calories": "joules", "pounds": "grams",
        "ounces": "grams",
    ]

    private static let prefixes = [
        "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi",
        "mega", "mibi", "mebi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
    ]

    private static let abbreviations: Set<String> = [
        "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
    ]
}

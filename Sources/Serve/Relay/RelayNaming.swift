import Exposition
import Model

/// What metrics are called together, and as what type, in one format.
///
/// OpenMetrics calls a counter `requests` what classic text calls `requests_total`, and has room
/// for times of creation inside of a family, where classic text shows a gauge.
struct RelayNaming {
    /// What a metric is shown as.
    struct Claim: Hashable {
        let family: String
        let type: MetricType
    }

    let isOpenMetrics: Bool

    /// Everything that a metric's name may end with behind its family's.
    static let suffixes = [
        "_bucket", "_gsum", "_sum", "_gcount", "_count", "_total", "_info", "_created",
    ]

    /// What the names of a type's samples end with, in the order in which they are written.
    func suffixes(of type: MetricType) -> [String] {
        let suffixes: [String] =
            switch type {
            case .counter: isOpenMetrics ? ["_total", "_created"] : [""]
            case .histogram: ["", "_bucket", "_sum", "_count", "_created"]
            case .gaugehistogram:
                isOpenMetrics ? ["", "_bucket", "_gsum", "_gcount"] : ["", "_bucket"]
            case .summary: ["", "_sum", "_count", "_created"]
            case .info: isOpenMetrics ? ["_info"] : [""]
            case .unknown, .gauge, .stateset: [""]
            }
        return isOpenMetrics ? suffixes : suffixes.filter { $0 != "_created" }
    }

    /// What `metric` is where a target says that `family` is a `type`; `nil` where it is no part.
    func claim(of metric: String, in family: String, as type: MetricType) -> Claim? {
        switch type {
        case .counter: return ended(metric, family, "_total", type)
        case .info: return ended(metric, family, "_info", type)
        case .gaugehistogram where !isOpenMetrics && metric.utf8.count > family.utf8.count:
            return metric.hasSuffix("_bucket") ? Claim(family: family, type: type) : gauge(metric)
        default: break
        }
        let suffix = String(metric.dropFirst(family.count))
        if suffixes(of: type).contains(suffix) { return Claim(family: family, type: type) }
        return suffix == "_created" && compound.contains(type) ? gauge(metric) : nil
    }

    /// Types whose samples have suffixes, which targets write with the family's name or without.
    private func ended(
        _ metric: String, _ family: String, _ suffix: String, _ type: MetricType
    ) -> Claim? {
        let base = family.hasSuffix(suffix) ? String(family.dropLast(suffix.count)) : family
        switch metric {
        case base + suffix: return Claim(family: isOpenMetrics ? base : metric, type: type)
        case base + "_created" where type == .counter:
            return isOpenMetrics ? Claim(family: base, type: type) : gauge(metric)
        // A classic counter without the suffix, which OpenMetrics has no place for.
        case family: return isOpenMetrics ? nil : Claim(family: metric, type: type)
        default: return nil
        }
    }

    private func gauge(_ metric: String) -> Claim { Claim(family: metric, type: .gauge) }

    /// Types of more than one sample.
    let compound: Set<MetricType> = [.counter, .histogram, .gaugehistogram, .summary]

    /// The families that `metric` may belong to by its name.
    static func families(of metric: String) -> [String] {
        var families = [metric]
        for suffix in suffixes where metric.utf8.count > suffix.utf8.count {
            if metric.hasSuffix(suffix) { families.append(String(metric.dropLast(suffix.count))) }
        }
        return families
    }
}

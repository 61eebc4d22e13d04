import Exposition
import Head
import Model
import Telemetry

/// The families of all targets and of Weir itself, each once, in the order of their names.
///
/// Targets name families differently: OpenMetrics calls a counter `requests` what classic text
/// calls `requests_total`. Both are one family here, so that no name comes twice in a body.
struct RelayFamilies {
    /// A family and where its samples are.
    struct Part {
        /// As OpenMetrics calls it.
        let name: String
        let metadata: MetricMetadata
        /// What live series there are of it.
        var live: [LiveFamily] = []
        /// What Weir says of itself.
        var own: [Telemetry.MetricFamily.Line] = []
    }

    /// The families, sorted by name.
    let parts: [Part]

    init(live: [LiveFamily], own: [Telemetry.MetricFamily]) {
        var byName: [String: Part] = [:]
        for family in own {
            let name = Self.name(of: family.name, family.metadata.type)
            byName[name, default: Part(name: name, metadata: family.metadata)].own += family.lines
        }
        for family in live {
            for (name, part) in Self.told(family) {
                byName[name, default: Part(name: name, metadata: part.metadata)].live.append(part)
            }
        }
        parts = byName.values.sorted { $0.name.isBytewiseLess(than: $1.name) }
    }

    /// What a family is called in OpenMetrics.
    private static func name(of family: String, _ type: MetricType) -> String {
        switch type {
        case .counter where family.hasSuffix("_total"): String(family.dropLast(6))
        case .info where family.hasSuffix("_info"): String(family.dropLast(5))
        default: family
        }
    }

    /// The family, and metrics of its name that its type has no place for, which are told apart as
    /// families of unknown type.
    private static func told(_ family: LiveFamily) -> [(String, LiveFamily)] {
        let name = name(of: family.name, family.metadata.type)
        var inside: [String] = []
        var told: [(String, LiveFamily)] = []
        for metric in family.metrics {
            if metric.hasPrefix(name),
                suffixes(of: family.metadata.type).contains(String(metric.dropFirst(name.count)))
            {
                inside.append(metric)
            } else {
                let apart = LiveFamily(
                    name: metric, metadata: MetricMetadata(help: family.metadata.help),
                    metrics: [metric])
                told.append((metric, apart))
            }
        }
        if !inside.isEmpty {
            let whole = LiveFamily(name: name, metadata: family.metadata, metrics: inside)
            told.append((name, whole))
        }
        return told
    }

    private static func suffixes(of type: MetricType) -> Set<String> {
        switch type {
        case .counter: ["_total", "_created"]
        case .histogram: ["_bucket", "_sum", "_count", "_created", ""]
        case .gaugehistogram: ["_bucket", "_gsum", "_gcount", ""]
        case .summary: ["", "_sum", "_count", "_created"]
        case .info: ["_info"]
        case .unknown, .gauge, .stateset: [""]
        }
    }
}

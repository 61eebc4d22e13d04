import Exposition
import Model
import Telemetry

/// Weir's own metrics, as they stand among the others.
struct RelayOwn {
    /// A metric of Weir's own.
    struct Name: Hashable {
        let family: String
        let metadata: MetricMetadata
        let metric: String
    }

    private let families: [Telemetry.MetricFamily]

    init(_ families: [Telemetry.MetricFamily]) { self.families = families }

    /// The names of all of `families`; a counter's own sample is its total.
    static func names(of families: [Telemetry.MetricFamily]) -> [Name] {
        families.flatMap { family in
            var suffixes: [String] = []
            for line in family.lines {
                let suffix = suffix(line, family.metadata.type)
                if !suffixes.contains(suffix) { suffixes.append(suffix) }
            }
            return suffixes.map {
                Name(family: family.name, metadata: family.metadata, metric: family.name + $0)
            }
        }
    }

    private static func suffix(
        _ line: Telemetry.MetricFamily.Line, _ type: MetricType
    ) -> String {
        type == .counter && line.suffix.isEmpty ? "_total" : line.suffix
    }

    /// What Weir says of `family`, in the order in which it says it.
    func points(of family: RelayFamily) -> [MetricPoint] {
        var points: [MetricPoint] = []
        for own in families where family.metrics.contains(where: { $0.hasPrefix(own.name) }) {
            for line in own.lines {
                let metric = own.name + Self.suffix(line, own.metadata.type)
                guard family.metrics.contains(metric) else { continue }
                let suffix = String(metric.dropFirst(family.name.count))
                points.append(MetricPoint(suffix, Array(line.labels), line.value))
            }
        }
        return points
    }
}

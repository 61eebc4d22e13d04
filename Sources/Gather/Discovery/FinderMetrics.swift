import Model
import Telemetry

/// What a finder counts, by the names that Prometheus gave them, with `weir_` before them.
struct FinderMetrics: Sendable {
    let received: Counter
    let handedOn: Counter
    let delayed: Counter
    private let name: String

    init(_ registry: MetricRegistry, name: String) {
        self.name = name
        let labels: Labels = ["name": name]
        received = registry.counter(
            "weir_sd_received_updates_total", "What sources of targets had to say.", labels)
        handedOn = registry.counter(
            "weir_sd_updates_total", "Changes of targets that were handed on.", labels)
        delayed = registry.counter(
            "weir_sd_updates_delayed_total",
            "Changes of targets that the next one overtook before they were looked at.", labels)
    }

    /// Adds what is looked up when the registry is read.
    func watch(
        _ registry: MetricRegistry,
        _ look: @escaping @Sendable () -> (counts: [String: Int], states: [SourceState])
    ) {
        let name = name
        registry.collect {
            let (counts, states) = look()
            return [
                Self.gauge(
                    "weir_sd_discovered_targets", "Targets that were found, by job.",
                    counts.sorted { $0.key.isBytewiseLess(than: $1.key) }
                        .map { (["config": $0.key, "name": name], Double($0.value)) }),
                Self.gauge(
                    "weir_sd_failed_configs", "Sources of targets that fail now.",
                    [(["name": name], Double(states.count { $0.lastError != nil }))]),
                Self.gauge(
                    "weir_sd_source_last_success_timestamp_seconds",
                    "When a source of targets last had an answer; 0 if never.",
                    states.filter { $0.kind != "static" }.map { state in
                        (
                            labels(of: state, name),
                            Double(state.lastSuccess?.milliseconds ?? 0) / 1e3
                        )
                    }),
                Self.gauge(
                    "weir_sd_source_up", "Whether a source of targets did well last: 1 or 0.",
                    states.filter { $0.kind != "static" }.map { state in
                        (labels(of: state, name), state.lastError == nil ? 1 : 0)
                    }),
            ]
        }
    }

    private static func gauge(
        _ name: String, _ help: String, _ lines: [(Labels, Double)]
    ) -> MetricFamily {
        MetricFamily(
            name: name, metadata: MetricMetadata(type: .gauge, help: help),
            lines: lines.map { .init(labels: $0.0, value: $0.1) })
    }
}

private func labels(of state: SourceState, _ name: String) -> Labels {
    [
        "name": name, "mechanism": state.kind, "source": state.place,
        "config": state.jobs.joined(separator: ","),
    ]
}

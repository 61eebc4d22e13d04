import Model
import Telemetry

/// What is counted of what is sent.
struct ReceiverMetrics: Sendable {
    let samples: Counter
    let histograms: Counter
    let exemplars: Counter
    let refused: Counter
    let unreadable: Counter
    let failures: Counter

    init(_ registry: MetricRegistry) {
        samples = registry.counter(
            "weir_received_samples_total", "Samples that others sent and that are kept.")
        histograms = registry.counter(
            "weir_received_histograms_total", "Native histograms sent by others and kept.")
        exemplars = registry.counter(
            "weir_received_exemplars_total", "Exemplars sent by others and kept.")
        refused = registry.counter(
            "weir_received_series_refused_total",
            "Series of what others sent that cannot be kept: labels, times, histograms.")
        unreadable = registry.counter(
            "weir_received_bodies_unreadable_total", "Bodies that could not be read.")
        failures = registry.counter(
            "weir_received_rounds_failed_total", "Times that what was sent could not be kept.")
    }

    func watch(_ registry: MetricRegistry, _ series: @escaping @Sendable () -> Int) {
        registry.collect {
            [
                MetricFamily(
                    name: "weir_received_series",
                    metadata: MetricMetadata(
                        type: .gauge, help: "Series that senders spoke of lately."),
                    lines: [.init(value: Double(series()))])
            ]
        }
    }
}

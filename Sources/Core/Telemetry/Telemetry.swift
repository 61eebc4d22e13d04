// Telemetry: what Weir says of itself, as log lines and as metrics.
// In: events with fields; counts. Out: lines on standard error, a snapshot of all metrics.
// Start at `Log` and `MetricRegistry`. Knows no stage of Weir. Imports: Model, Threads.

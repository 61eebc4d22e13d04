import Model

/// A question that a dashboard asks.
struct Panel: Sendable {
    /// When it is evaluated.
    enum Times: Sendable {
        case instant
        case range(minutes: Int64, step: Int64)
    }

    let name: String
    let query: String
    let times: Times

    init(_ name: String, _ query: String, _ times: Times) {
        (self.name, self.query, self.times) = (name, query, times)
    }

    private static let hour = Times.range(minutes: 60, step: 15)
    private static let two = Times.range(minutes: 120, step: 30)

    /// Twenty panels as people draw them.
    static let all: [Panel] = [
        Panel("selector", "node_load1", hour),
        Panel("selector, one target", "node_cpu_seconds_total{instance=\"target-00007\"}", hour),
        Panel("rate", "rate(node_cpu_seconds_total{mode=\"user\"}[5m])", hour),
        Panel("sum by rate", "sum by (mode) (rate(node_cpu_seconds_total[5m]))", hour),
        Panel("sum by rate", "sum by (instance) (rate(node_cpu_seconds_total[5m]))", two),
        Panel(
            "busy share",
            "100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])))", two),
        Panel(
            "memory used", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", hour),
        Panel(
            "p99",
            "histogram_quantile(0.99, sum by (le) "
                + "(rate(prometheus_http_request_duration_seconds_bucket[5m])))", two),
        Panel(
            "p99 by",
            "histogram_quantile(0.99, sum by (le, instance) "
                + "(rate(prometheus_http_request_duration_seconds_bucket[5m])))", hour),
        Panel("topk", "topk(5, rate(node_context_switches_total[5m]))", hour),
        Panel(
            "join",
            "rate(node_disk_read_bytes_total[5m]) * on (instance) group_left () node_load1", hour),
        Panel(
            "regex", "{__name__=~\"node_memory_.*\", instance=~\"target-000[0-4].\"}", two),
        Panel("regex, sum", "sum by (__name__) ({__name__=~\"node_netstat_.*\"})", hour),
        Panel("subquery", "max_over_time(rate(node_cpu_seconds_total[1m])[599s:1m])", two),
        Panel("absent", "absent(node_load1{instance=\"none\"})", hour),
        Panel("deriv", "deriv(node_filesystem_avail_bytes[10m])", hour),
        Panel("avg_over_time", "avg_over_time(node_memory_MemFree_bytes[10m])", two),
        Panel("quantile", "quantile by (mode) (0.9, rate(node_cpu_seconds_total[5m]))", hour),
        Panel("sum of a rate", "sum(rate(vm_http_requests_total[5m]))", .instant),
        Panel("count by name", "topk(10, count by (__name__, job) ({__name__=~\".+\"}))", .instant),
    ]

    private static let day = Times.range(minutes: 1440, step: 120)

    /// Panels over a whole day.
    static let overDay: [Panel] = [
        Panel("selector", "node_load1", day),
        Panel("selector of 16 series a target", "node_cpu_seconds_total", day),
        Panel("rate", "rate(node_cpu_seconds_total[5m])", day),
        Panel("sum by rate", "sum by (mode) (rate(node_cpu_seconds_total[5m]))", day),
        Panel(
            "p99",
            "histogram_quantile(0.99, sum by (le) "
                + "(rate(prometheus_http_request_duration_seconds_bucket[5m])))", day),
        Panel(
            "memory used", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", day),
        Panel("regex, sum", "sum by (__name__) ({__name__=~\"node_memory_.*\"})", day),
        Panel("max over an hour", "max_over_time(node_load1[1h])", day),
    ]
}

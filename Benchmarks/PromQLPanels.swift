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

    /// Twenty panels as people draw them.
    static let all: [Panel] = {
        let hour = Times.range(minutes: 60, step: 15)
        let two = Times.range(minutes: 110, step: 30)
        func panel(_ name: String, _ query: String, _ times: Times) -> Panel {
            Panel(name: name, query: query, times: times)
        }
        return [
            panel("selector", "node_load1", hour),
            panel("selector, many", "node_cpu_seconds_total", hour),
            panel("rate", "rate(node_cpu_seconds_total[5m])", hour),
            panel("sum by rate", "sum by (mode) (rate(node_cpu_seconds_total[5m]))", hour),
            panel("sum by rate, 2 h", "sum by (instance) (rate(node_cpu_seconds_total[5m]))", two),
            panel(
                "busy share",
                "100 * (1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])))",
                two),
            panel(
                "memory used",
                "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", hour),
            panel(
                "p99",
                "histogram_quantile(0.99, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[5m])))",
                two),
            panel("topk", "topk(5, rate(node_network_receive_bytes_total[5m]))", hour),
            panel(
                "join",
                "rate(node_disk_read_bytes_total[5m]) * on (instance) group_left () "
                    + "max by (instance) (node_load1)", hour),
            panel("regex", "{__name__=~\"node_memory_.*\"}", two),
            panel("regex, sum", "sum by (__name__) ({__name__=~\"node_netstat_.*\"})", hour),
            panel("subquery", "max_over_time(rate(node_cpu_seconds_total[1m])[10m:1m])", two),
            panel("absent", "absent(node_load1{instance=\"none\"})", hour),
            panel("deriv", "deriv(node_filesystem_avail_bytes[10m])", hour),
            panel("avg_over_time", "avg_over_time(node_memory_MemFree_bytes[10m])", two),
            panel("quantile", "quantile by (mode) (0.9, rate(node_cpu_seconds_total[5m]))", hour),
            panel("instant sum", "sum(rate(node_cpu_seconds_total[5m]))", .instant),
            panel("instant count", "count by (__name__) ({__name__=~\".+\"})", .instant),
            panel(
                "instant top", "topk(10, count by (__name__, job) ({__name__=~\".+\"}))", .instant),
        ]
    }()
}

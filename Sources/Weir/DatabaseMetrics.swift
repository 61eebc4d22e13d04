import Model
import Postgres
import Telemetry

/// `weir_postgres_*`: whether the database answers, and how much its connections are used.
enum DatabaseMetrics {
    /// Adds what is read from `pool` whenever the registry is read.
    static func register(_ pool: PostgresPool, in registry: MetricRegistry) {
        registry.collect { families(pool.use) }
    }

    /// 1 while the database answers.
    static func up(in registry: MetricRegistry) -> Gauge {
        registry.gauge("weir_postgres_up", "Whether the database answered when it was last asked.")
    }

    static func families(_ use: PostgresPoolUse) -> [MetricFamily] {
        [
            family("weir_postgres_lent", .gauge, "Connections that are in use.", use.lent),
            family(
                "weir_postgres_waiting", .gauge, "Tasks that wait for a connection.", use.waiting),
            family(
                "weir_postgres_reconnects", .counter, "Connections lost and made again.",
                use.reconnects, suffix: "_total"),
        ]
    }

    private static func family(
        _ name: String, _ type: MetricType, _ help: String, _ value: Int, suffix: String = ""
    ) -> MetricFamily {
        MetricFamily(
            name: name, metadata: MetricMetadata(type: type, help: help),
            lines: [.init(suffix: suffix, value: Double(value))])
    }
}

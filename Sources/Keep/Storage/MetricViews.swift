import Postgres
import Telemetry

/// The views of the schema `metric`: one a metric, with its labels as columns.
enum MetricViews {
    /// Brings them in step with the series that there are; waits for no reader.
    static func keep(_ pool: PostgresPool, _ log: Log) async throws(PostgresError) {
        let touched = try await pool.run { connection throws(PostgresError) in
            try connection.query("SELECT weir_data.keep_metric_views()").int(0, 0) ?? 0
        }
        if touched > 0 { log.debug("views of metrics follow", ["views": "\(touched)"]) }
    }
}

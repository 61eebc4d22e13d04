import Postgres
import Telemetry
import Testing

@testable import Weir

struct DatabaseMetricsTests {
    @Test func `how a pool is used becomes families`() throws {
        var use = PostgresPoolUse()
        (use.waiting, use.lent, use.reconnects) = (3, 2, 7)
        let lines = DatabaseMetrics.families(use).map { family in
            family.lines.map { "\(family.name)\($0.suffix) \($0.value)" }.joined()
        }
        #expect(
            lines == [
                "weir_postgres_lent 2.0", "weir_postgres_waiting 3.0",
                "weir_postgres_reconnects_total 7.0",
            ])
    }

    @Test func `a registry that is read asks the pool`() async throws {
        let registry = MetricRegistry()
        let pool = PostgresPool(try PostgresOptions("host=/nonexistent"), size: 1)
        DatabaseMetrics.register(pool, in: registry)
        DatabaseMetrics.up(in: registry).set(1)
        let names = registry.snapshot().map(\.name)
        #expect(names.filter { $0.hasPrefix("weir_postgres_") }.count == 4)
        await pool.close()
    }

    @Test(
        arguments: [
            ("/data/it", "/data/it"), ("/my data", "'/my data'"), ("a'b", #"'a'\''b'"#), ("", ""),
        ])
    func `a word is quoted where a shell would split it`(word: String, quoted: String) {
        #expect(shellWord(word) == quoted)
    }
}

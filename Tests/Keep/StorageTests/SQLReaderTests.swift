import Model
import Postgres
import Telemetry
import TestKit
import Testing

@testable import Storage

/// What a reader may see and do, and that a bound one sees no more, whatever it tries.
struct SQLReaderTests {
    /// Speaks as a role that reads, through the simple protocol, as Grafana and psql do.
    struct Reader {
        let session: PostgresSession

        init(_ role: String, _ place: Place) throws {
            session = PostgresSession(
                try PostgresOptions(
                    "host=\(place.server.socketFolder) port=\(place.server.port) "
                        + "dbname=\(place.name) user=\(role)"))
        }

        /// The rows' columns as text; throws what the server says.
        func rows(_ sql: String) async throws -> [[String]] {
            try await session.run { connection throws(PostgresError) in
                let found = try connection.query(
                    "SELECT to_jsonb(q)::text FROM (\(sql)) q")
                var rows: [[String]] = []
                for row in 0..<found.rowCount { rows.append([try found.text(row, 0) ?? ""]) }
                return rows
            }
        }

        func value(_ sql: String) async throws -> String {
            try await session.run { connection throws(PostgresError) in
                try connection.query("SELECT (\(sql))::text").text(0, 0) ?? "NULL"
            }
        }

        func run(_ sql: String) async throws {
            try await session.run { connection throws(PostgresError) in try connection.run(sql) }
        }

        /// What the server says to something that must not work.
        func refusal(_ sql: String) async -> String? {
            do {
                try await run(sql)
                return nil
            } catch {
                return "\(error)"
            }
        }
    }

    /// Three series of two tenants, sealed, hot and late.
    private static func tenants() async throws -> Place {
        let place = try await Place()
        let series = [
            Labels.of("jobs", ["tenant": "a", "instance": "1"]),
            Labels.of("jobs", ["tenant": "b", "instance": "2"]),
            Labels.of("secret_b", ["tenant": "b", "instance": "2", "password": "hunter2"]),
        ]
        let clock = HandClock(0, series)
        let writer = TickWriter(
            pool: place.pool, byteLimit: 1 << 20, registry: .init(), log: .silent)
        try await place.during({ await writer.run() }) {
            writer.opened(clock.clock, as: clock.key, interval: .seconds(30))
            for tick in 0..<20 {
                try writer.take(
                    clock.tick(
                        SQLWorld.day + Int64(tick) * 600_000, [Double(tick), 42, 99],
                        isFirst: tick == 0))
            }
            try await writer.settle()
        }
        _ = try await SealerTests.seal(place, before: SQLWorld.day + 2 * SQLWorld.hour)
        _ = try await place.sql(
            """
            INSERT INTO weir_data.late SELECT id, '2026-09-21 00:05:00Z', 7 FROM weir_data.series;
            UPDATE weir_data.clock SET labels = '{"tenant": "b"}';
            SELECT weir.make_metric_views('*');
            ANALYZE weir_data.series;
            """)
        return place
    }

    @Test func `a reader reads the views and nothing else`() async throws {
        let place = try await Self.tenants()
        let role = "free_\(place.name)"
        _ = try await place.sql("SELECT weir_data.make_reader('\(role)')")
        let reader = try Reader(role, place)
        for view in ["sample", "series", "metric", "target", "scrape", "alert"] {
            _ = try await reader.value("SELECT count(*) FROM weir.\(view)")
        }
        #expect(try await reader.value("SELECT count(*) FROM jobs") == "42")
        #expect(
            try await reader.value(
                "SELECT count(*) FROM weir.range('jobs', '2026-09-21Z', '2026-09-21 01:00Z', '5m')")
                == "16")
        let listed = try await reader.value(
            """
            SELECT string_agg(table_schema || '.' || table_name, ' ' ORDER BY 1)
            FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
            """)
        #expect(
            Set(listed.split(separator: " ").map(String.init)) == [
                "metric.jobs", "metric.secret_b", "weir.alert", "weir.metric", "weir.rollup",
                "weir.sample",
                "weir.scrape", "weir.series", "weir.target",
            ])
        let settings = try await reader.value(
            """
            SELECT concat_ws('|', current_setting('statement_timeout'),
                current_setting('default_transaction_read_only'), current_setting('search_path'))
            """)
        #expect(settings == "1min|on|weir, metric")
        for forbidden in [
            "SELECT * FROM weir_data.series", "SELECT * FROM weir_data.chunk",
            "SELECT * FROM weir_data.reader", "SELECT weir_data.bound()",
            "SELECT weir.make_metric_view('jobs')", "SELECT weir_data.keep_metric_views()",
            "DELETE FROM weir_data.late", "INSERT INTO weir.series VALUES (1)",
            "CREATE TABLE t (x int)", "CREATE TABLE weir.t (x int)",
            "CREATE TABLE metric.t (x int)",
            "CREATE TEMP TABLE t (x int)", "CREATE VIEW metric.v AS SELECT 1",
            "CREATE FUNCTION weir.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "CREATE SCHEMA s",
            "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')",
            "SELECT weir_data.make_reader('x')", "ALTER VIEW metric.jobs RENAME TO x",
            "DO $$ BEGIN EXECUTE 'CREATE TABLE public.t (x int)'; END $$",
        ] {
            // Not even without the setting that forbids writing.
            let said = await reader.refusal(
                "SET default_transaction_read_only = off; " + forbidden)
            #expect(said != nil, "\(forbidden)")
        }
    }

    @Test func `a bound reader sees its series alone, whatever it tries`() async throws {
        let place = try await Self.tenants()
        let role = "bound_\(place.name)"
        _ = try await place.sql(
            "SELECT weir_data.make_reader('\(role)', NULL, '{tenant=\"a\"}')")
        let reader = try Reader(role, place)
        let attempts = [
            "", "SET ROLE weir_reader; ", "SET row_security = off; ",
            "SELECT set_config('role', 'weir_reader', false); ", "RESET ROLE; RESET ALL; ",
            "SET search_path = weir_data, pg_catalog; ", "SET SESSION AUTHORIZATION DEFAULT; ",
        ]
        for attempt in attempts {
            if !attempt.isEmpty { _ = await reader.refusal(attempt) }
            for (query, expected) in [
                ("SELECT count(*) FROM weir.sample", "21"),
                ("SELECT count(*) FROM metric.jobs", "21"),
                ("SELECT count(*) FROM metric.secret_b", "0"),
                ("SELECT string_agg(DISTINCT labels ->> 'tenant', ',') FROM weir.series", "a"),
                ("SELECT string_agg(metric, ',') FROM weir.metric", "jobs"),
                ("SELECT count(*) FROM weir.target", "0"),
                ("SELECT count(*) FROM weir.scrape", "0"),
                ("SELECT count(*) FROM weir.sample WHERE value = 99", "0"),
                (
                    "SELECT string_agg(DISTINCT labels ->> 'tenant', ',') FROM weir.range("
                        + "'{__name__=~\".+\"}', '2026-09-21Z', '2026-09-21 03:00Z', '5m')", "a"
                ),
                (
                    "SELECT count(*) FROM weir.increase('secret_b{tenant=\"b\"}', '2026-09-21Z', "
                        + "'2026-09-21 03:00Z', '5m', '1h')", "0"
                ),
            ] {
                // Row security off makes the query fail, which shows nothing either.
                let seen = try? await reader.value(query)
                #expect(
                    seen == expected || seen == nil && attempt.contains("row_security"),
                    "\(attempt)\(query)")
            }
            try await reader.run("RESET ROLE; RESET ALL")
        }
    }

    @Test func `errors, plans and statistics tell a bound reader nothing of others`() async throws {
        let place = try await Self.tenants()
        let role = "quiet_\(place.name)"
        _ = try await place.sql("SELECT weir_data.make_reader('\(role)', NULL, '{tenant=\"a\"}')")
        let reader = try Reader(role, place)
        for leak in [
            "SELECT count(*) FROM weir.series WHERE (labels ->> 'password')::int = 1",
            "SELECT count(*) FROM weir.series WHERE 1 / (ascii(labels ->> 'tenant') - 98) > 0",
            "SELECT count(*) FROM metric.secret_b WHERE password::int = 1",
            "SELECT count(*) FROM metric.secret_b WHERE 1 / (value - 99) > 0",
            "SELECT count(*) FROM weir.sample WHERE 1 / (value - 42) > 1 AND value > 41",
            "SELECT count(*) FROM weir.sample WHERE (labels ->> 'password')::int = 1",
            "SELECT count(*) FROM weir.sample WHERE labels ->> 'tenant' ~ 'b' "
                + "AND (labels ->> 'tenant')::int = 1",
            "SELECT count(*) FROM weir.sample WHERE metric = 'secret_b' AND metric::int = 1",
        ] {
            // Nothing fails, because no row of the others comes as far as the condition.
            #expect(await reader.refusal(leak) == nil, "\(leak)")
        }
        func plan(_ condition: String) async throws -> String {
            try await reader.session.run { connection throws(PostgresError) in
                let rows = try connection.query(
                    "EXPLAIN SELECT * FROM weir.series WHERE \(condition)")
                var text = ""
                for row in 0..<rows.rowCount { text += (try rows.text(row, 0) ?? "") + "\n" }
                return text.replacing("\"b\"", with: "?").replacing("\"c\"", with: "?")
            }
        }
        // What is there and what is not look the same.
        #expect(
            try await plan(#"labels @> '{"tenant": "b"}'"#)
                == plan(#"labels @> '{"tenant": "c"}'"#))
        #expect(
            try await reader.value("SELECT count(*) FROM pg_stats WHERE schemaname = 'weir_data'")
                == "0")
        #expect(
            await reader.refusal("SELECT * FROM pg_statistic")?.contains("permission denied")
                == true)
        let injected = await reader.refusal(
            "SELECT * FROM weir.range('{a=\"x'' OR true --\"}', now(), now(), '5m')")
        #expect(injected == nil)
        #expect(
            try await reader.value(
                "SELECT count(*) FROM weir.range('{tenant=~\"a|b\", tenant!=\"a\"}', '2026-09-21Z', "
                    + "'2026-09-21 03:00Z', '5m')") == "0")
    }

    @Test func `a binding holds for plans that were made before it, and for members`() async throws
    {
        let place = try await Self.tenants()
        let role = "later_\(place.name)"
        let member = "member_\(place.name)"
        _ = try await place.sql(
            """
            SELECT weir_data.make_reader('\(role)'); SELECT weir_data.make_reader('\(member)');
            GRANT \(role) TO \(member)
            """)
        let reader = try Reader(role, place)
        try await reader.run(
            "SET plan_cache_mode = force_generic_plan; PREPARE p AS SELECT count(*) FROM weir.series"
        )
        func execute() async throws -> Int? {
            try await reader.session.run { connection throws(PostgresError) in
                try connection.query("EXECUTE p").int(0, 0)
            }
        }
        #expect(try await execute() == 3)
        _ = try await place.sql(
            #"SELECT weir_data.bind_reader('\#(role)', '{tenant=~"a|z.*", job!="x"}')"#)
        #expect(try await execute() == 1)
        let other = try Reader(member, place)
        #expect(try await other.value("SELECT count(*) FROM weir.series") == "1")
        _ = try await place.sql("SELECT weir_data.bind_reader('\(role)', NULL)")
        #expect(try await execute() == 3)
        for bad in ["", "{}", #"{a=~"(?P<n>x)"}"#, "a{"] {
            await #expect(throws: (any Error).self, "\(bad)") {
                try await place.sql(
                    "SELECT weir_data.bind_reader('\(role)', \(quoted(literal: bad)))")
            }
        }
    }
}

import JSON
import Model
import Postgres
import PromQL
import TestKit
import Testing

@testable import Storage

/// What Grafana's PostgreSQL source sends, through libpq's simple protocol as `weir_reader`.
struct GrafanaTests {
    private static let macros = GrafanaMacros(
        from: SQLWorld.begin + SQLWorld.hour, to: SQLWorld.end - 600_000, interval: 300)

    private struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// Rows as text, and the names of their columns; psql speaks the simple protocol.
    struct Rows {
        var columns: [String] = []
        var rows: [[String]] = []

        subscript(column: String) -> [String] {
            guard let index = columns.firstIndex(of: column) else { return [] }
            return rows.map { $0[index] }
        }
    }

    private static let readerMade = Task {
        try await SQLWorld.shared.place.sql("SELECT weir_data.make_reader('weir_reader')")
    }

    static func ask(_ sql: String) async throws -> Rows {
        let place = try await SQLWorld.shared.place
        _ = try await readerMade.value
        let outcome = try await ChildProcess.run([
            "psql", "-XqAt", "-P", "tuples_only=off", "-P", "footer=off", "-P", "null=NULL", "-F",
            "\u{1f}", "-R", "\u{1e}", "-v", "ON_ERROR_STOP=1", "-c", sql,
            "host=\(place.server.socketFolder) port=\(place.server.port) dbname=\(place.name) "
                + "user=weir_reader",
        ])
        guard outcome.status == 0 else {
            throw Fault(description: "\(outcome.errors) in \(sql)")
        }
        var lines = outcome.output.split(separator: "\u{1e}", omittingEmptySubsequences: false).map
        {
            $0.split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
        }
        if let last = lines.last?.last, last.hasSuffix("\n") {
            lines[lines.count - 1][lines[lines.count - 1].count - 1] = String(last.dropLast())
        }
        guard let columns = lines.first else { return Rows() }
        return Rows(columns: columns, rows: Array(lines.dropFirst()))
    }

    // MARK: The builder

    @Test func `the builder finds views, columns and their types`() async throws {
        #expect(
            try await Self.ask("SELECT current_setting('server_version_num')::int/100 as version")
                .rows.count == 1)
        #expect(
            try await Self.ask("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
                .rows.isEmpty)
        let schemas = try await Self.ask(
            """
            SELECT quote_ident(schema_name) AS schema FROM information_schema.schemata
            WHERE schema_name NOT IN ('information_schema', 'pg_catalog', 'pg_toast')
            ORDER BY schema_name
            """)
        #expect(schemas["schema"].contains("weir") && !schemas["schema"].contains("weir_data"))
        let tables = try await Self.ask(
            """
            SELECT CASE WHEN table_schema = ANY (SELECT CASE WHEN trim(s) = '"$user"' THEN user
                    ELSE trim(s) END FROM unnest(string_to_array(current_setting('search_path'), ',')) s)
                THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.'
                    || quote_ident(table_name) END AS "table"
            FROM information_schema.tables
            WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog')
            ORDER BY 1
            """)
        #expect(tables["table"].contains("sample") && tables["table"].contains("node_load1"))
        #expect(!tables["table"].contains { $0.contains("chunk") || $0.contains("tick") })
        let columns = try await Self.ask(
            """
            SELECT quote_ident(column_name) AS "column", data_type AS "type"
            FROM information_schema.columns
            WHERE CASE WHEN array_length(parse_ident('node_load1'), 1) = 2
                THEN quote_ident(table_schema) = (parse_ident('node_load1'))[1]
                    AND quote_ident(table_name) = (parse_ident('node_load1'))[2]
                ELSE quote_ident(table_name) = 'node_load1' AND table_schema IN (
                    SELECT CASE WHEN trim(s) = '"$user"' THEN user ELSE trim(s) END
                    FROM unnest(string_to_array(current_setting('search_path'), ',')) s) END
            """)
        #expect(
            zip(columns["column"], columns["type"]).map { "\($0) \($1)" } == [
                "\"time\" timestamp with time zone", "value double precision", "labels jsonb",
                "job text", "instance text", "dc text",
            ])
        let built = try await Self.ask(
            Self.macros.sql(
                "SELECT \"time\", value, instance FROM node_load1 WHERE $__timeFilter(\"time\") LIMIT 50"
            ))
        #expect(built.rows.count == 50)
    }

    // MARK: Panels

    /// A panel, and the PromQL that has to say the same.
    struct Panel: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let sql: String
        let promQL: String
        /// The column that names a series, or `nil` for one series in the column `value`.
        var metric: String? = "metric"
        /// The label of PromQL's answer that is the same name.
        var label = "instance"
        var isInstant = false
        var usesTimeBucket = false
        /// Whether sums are made in another order.
        var isSum = false
    }

    static let panels: [Panel] = [
        Panel(
            testDescription: "gauge, long format",
            sql: """
                SELECT time, instance AS metric, value
                FROM weir.range('node_load1', $__timeFrom(), $__timeTo(), '$__interval') ORDER BY 1
                """, promQL: "node_load1"),
        Panel(
            testDescription: "rate of a counter",
            sql: """
                SELECT time, instance AS metric, value FROM weir.rate('http_requests_total{code="200"}',
                    $__timeFrom(), $__timeTo(), '$__interval', '10m') ORDER BY time
                """, promQL: #"rate(http_requests_total{code="200"}[10m])"#),
        Panel(
            testDescription: "99th percentile of buckets",
            sql: """
                SELECT time, value FROM weir.histogram_quantile(0.99,
                    'http_request_duration_seconds_bucket', $__timeFrom(), $__timeTo(),
                    '$__interval', '10m', '{}') ORDER BY time
                """,
            promQL:
                "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[10m])))",
            metric: nil, label: ""),
        Panel(
            testDescription: "top ten",
            sql: """
                SELECT time, labels ->> 'code' || ' ' || instance AS metric, value
                FROM weir.rate('http_requests_total', $__timeTo(), $__timeTo(), '$__interval', '10m')
                ORDER BY value DESC LIMIT 4
                """, promQL: "topk(4, rate(http_requests_total[10m]))", label: "code instance",
            isInstant: true),
        Panel(
            testDescription: "stacked by label",
            sql: """
                SELECT time, labels ->> 'code' AS metric, sum(value) AS value
                FROM weir.rate('http_requests_total', $__timeFrom(), $__timeTo(), '$__interval', '10m')
                GROUP BY 1, 2 ORDER BY 1
                """, promQL: "sum by (code) (rate(http_requests_total[10m]))", label: "code",
            isSum: true),
        Panel(
            testDescription: "table",
            sql: """
                SELECT time, instance AS metric, value
                FROM weir.last('up', $__timeTo(), $__timeTo(), '$__interval', '10m') ORDER BY 2
                """, promQL: "last_over_time(up[10m])", isInstant: true),
        Panel(
            testDescription: "heatmap",
            sql: """
                SELECT time, labels ->> 'le' AS metric, sum(value) AS value
                FROM weir.increase('http_request_duration_seconds_bucket', $__timeFrom(), $__timeTo(),
                    '$__interval', '5m') GROUP BY 1, 2 ORDER BY 1
                """, promQL: "sum by (le) (increase(http_request_duration_seconds_bucket[5m]))",
            label: "le", isSum: true),
        Panel(
            testDescription: "buckets of Grafana's own, the toggle for TimescaleDB on",
            sql: """
                SELECT $__timeGroupAlias(time,'5m'), instance AS metric, max(value) AS value
                FROM node_load1 WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1
                """, promQL: "max_over_time(node_load1[5m] offset -299999ms)", usesTimeBucket: true),
        Panel(
            testDescription: "buckets of Grafana's own, the toggle off",
            sql: """
                SELECT $__timeGroup(time,'5m'), instance AS metric, min(value) AS value
                FROM node_load1 WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1
                """, promQL: "min_over_time(node_load1[5m] offset -299999ms)"),
        Panel(
            testDescription: "wide format",
            sql: """
                SELECT time, max(value) FILTER (WHERE instance = 'host0:9100') AS "host0:9100",
                    max(value) FILTER (WHERE instance = 'host1:9100') AS "host1:9100"
                FROM weir.range('node_load1', $__timeFrom(), $__timeTo(), '$__interval')
                GROUP BY time ORDER BY time
                """, promQL: #"node_load1{instance=~"host[01]:9100"}"#, metric: ""),
        Panel(
            testDescription: "alert query",
            sql: """
                SELECT $__time(time), instance AS metric, value
                FROM weir.range('up', $__timeFrom(), $__timeTo(), '$__interval')
                WHERE value = 0 ORDER BY 1
                """, promQL: "up == 0"),
        Panel(
            testDescription: "stat with the value before",
            sql: """
                SELECT time, instance AS metric, value FROM weir.range('node_load1',
                    $__timeFrom(), $__timeTo(), '1h') WHERE instance = 'host0:9100' ORDER BY 1
                """, promQL: #"node_load1{instance="host0:9100"} and on() (minute() == 0)"#),
    ]

    /// Time, name and value of each sample of an answer, and whether times rise.
    private func samples(
        _ panel: Panel, _ answer: Rows
    ) throws -> (samples: [String: [Int64: Double]], isOrdered: Bool) {
        var seen: [String: [Int64: Double]] = [:]
        var before = Int64.min
        var isOrdered = true
        for row in answer.rows {
            guard let time = Self.milliseconds(row[0]) else {
                throw Fault(description: "no time: \(row[0])")
            }
            isOrdered = isOrdered && time >= before
            before = time
            for (index, column) in answer.columns.enumerated().dropFirst() {
                if column == panel.metric || row[index] == "NULL" { continue }
                let name =
                    panel.metric == nil
                    ? "" : panel.metric == "" ? column : answer[panel.metric ?? ""][0]
                let own = panel.metric.flatMap { answer.columns.firstIndex(of: $0) }
                seen[own.map { row[$0] } ?? name, default: [:]][time] = Double(row[index])
            }
        }
        return (seen, isOrdered)
    }

    /// A column `time`: an instant, or seconds as a number.
    static func milliseconds(_ text: String) -> Int64? {
        if let seconds = Double(text) { return Int64(seconds * 1000) }
        let iso = text.replacing(" ", with: "T").replacing("+00", with: "Z")
        return Timestamp(rfc3339: iso)?.milliseconds
    }

    @Test(arguments: panels) func `a panel in SQL shows what its PromQL shows`(
        panel: Panel
    ) async throws {
        var macros = Self.macros
        macros.usesTimeBucket = panel.usesTimeBucket
        let answer = try await Self.ask(macros.sql(panel.sql))
        #expect(answer.columns.first == "time")
        var (seen, isOrdered) = try samples(panel, answer)
        #expect(isOrdered)
        if panel.sql.contains("timeGroup") {
            seen = seen.mapValues { $0.filter { $0.key < macros.to / 300_000 * 300_000 } }
        }
        let world = try await SQLWorld.shared
        let aligned = (from: macros.from / 300_000 * 300_000, to: macros.to / 300_000 * 300_000)
        let found = try await world.promQL(
            panel.promQL, from: panel.isInstant ? aligned.to : aligned.from, to: aligned.to,
            step: .seconds(300))
        var expected: [String: [Int64: Double]] = [:]
        for (name, points) in found {
            let labels = Dictionary(
                name.split(separator: ",").map {
                    let parts = $0.split(separator: "=", maxSplits: 1)
                    return (String(parts[0]), String(parts.last ?? ""))
                }, uniquingKeysWith: { first, _ in first })
            let short = panel.label.split(separator: " ").map { labels[String($0)] ?? "" }
                .joined(separator: " ")
            // The time filter cuts the last bucket short.
            let last = panel.sql.contains("timeGroup") ? aligned.to - 1 : aligned.to
            for (time, bits) in points where time <= last {
                expected[short, default: [:]][time] = Double(bitPattern: bits)
            }
        }
        #expect(!expected.isEmpty)
        #expect(Self.difference(seen, expected, tolerance: panel.isSum ? 1e-14 : 0) == [])
    }

    private static func difference(
        _ seen: [String: [Int64: Double]], _ expected: [String: [Int64: Double]], tolerance: Double
    ) -> [String] {
        var lines: [String] = []
        for name in Set(seen.keys).union(expected.keys).sorted() {
            let (left, right) = (seen[name] ?? [:], expected[name] ?? [:])
            for time in Set(left.keys).union(right.keys).sorted() {
                let (sql, promQL) = (left[time], right[time])
                if let sql, let promQL,
                    sql == promQL || sql.isNaN && promQL.isNaN
                        || abs(sql - promQL) <= tolerance * abs(promQL)
                {
                    continue
                }
                lines.append("\(name)@\(time): \(sql ?? -1) not \(promQL ?? -1)")
            }
        }
        return Array(lines.prefix(5))
    }

    @Test func `variables take a search filter and several values`() async throws {
        var macros = Self.macros
        macros.variables = ["__searchFilter": "host%"]
        let found = try await Self.ask(
            macros.sql(
                """
                SELECT DISTINCT instance AS __text, instance AS __value FROM weir.series
                WHERE metric = 'up' AND instance LIKE '$__searchFilter' ORDER BY 1
                """))
        #expect(found["__value"] == ["host0:9100", "host1:9100", "host2:9100"])
        macros.variables = ["host": "'host0:9100','host2:9100'"]
        let several = try await Self.ask(
            macros.sql(
                "SELECT DISTINCT instance FROM up WHERE $__timeFilter(time) AND instance IN ($host) ORDER BY 1"
            ))
        #expect(several["instance"] == ["host0:9100", "host2:9100"])
    }

    @Test func `annotations tell when targets were down and alerts fired`() async throws {
        let down = try await Self.ask(
            Self.macros.sql(
                """
                SELECT time, timeend, instance || ' is down' AS text, job AS tags
                FROM weir.changes('up', $__timeFrom(), $__timeTo()) WHERE value = 0 ORDER BY 1
                """))
        #expect(down.columns == ["time", "timeend", "text", "tags"])
        #expect(down["text"] == ["host1:9100 is down", "host1:9100 is down"])
        let alerts = try await Self.ask(
            Self.macros.sql(
                """
                SELECT time, timeend, labels ->> 'alertname' AS text, labels ->> 'alertstate' AS tags
                FROM weir.changes('ALERTS', $__timeFrom(), $__timeTo()) ORDER BY 1
                """))
        #expect(Set(alerts["tags"]) == ["firing"])
        let world = try await SQLWorld.shared
        let active = try await world.promQL(
            "sum(ALERTS)", from: Self.macros.from, to: Self.macros.to, step: .seconds(30))
        #expect(!(active[""] ?? [:]).isEmpty)
    }

    // MARK: Dashboards

    private static func files(_ folder: String) async throws -> [String] {
        let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
        let found = try await ChildProcess.run([
            "find", "\(root)/targets/grafana/\(folder)", "-name", "*.json",
        ])
        return found.output.split(separator: "\n").map(String.init).sorted()
    }

    private func text(_ path: String) async throws -> String {
        try await ChildProcess.run(["cat", path]).output
    }

    @Test func `every panel of every dashboard is answered`() async throws {
        let files = try await Self.files("dashboards")
        #expect(files.count == 5)
        var counts = (sql: 0, promQL: 0)
        let world = try await SQLWorld.shared
        for file in files {
            let dashboard = try JSONReader.read(Array(try await text(file).utf8))
            #expect(dashboard["title"].text?.isEmpty == false && dashboard["uid"].text != nil)
            var macros = Self.macros
            for variable in dashboard["templating"]["list"].elements {
                guard let name = variable["name"].text else { continue }
                if variable["type"].text == "query", let query = variable["query"].text {
                    var asking = macros
                    asking.variables["__searchFilter"] = "%"
                    let found = try await Self.ask(asking.sql(query))
                    #expect(!found.rows.isEmpty, "\(file): \(name)")
                }
                macros.variables[name] = variable["current"]["value"].text ?? ""
            }
            for panel in dashboard["panels"].elements {
                for target in panel["targets"].elements {
                    let what = "\(file): \(panel["title"].text ?? "")"
                    if let sql = target["rawSql"].text {
                        counts.sql += 1
                        let rows = try await Self.ask(macros.sql(sql))
                        #expect(
                            target["format"].text != "time_series" || rows.columns.contains("time"),
                            "\(what)")
                    } else if let expression = target["expr"].text {
                        counts.promQL += 1
                        _ = try await world.promQL(
                            macros.promQL(expression), from: macros.from, to: macros.to,
                            step: .seconds(300))
                    } else {
                        Issue.record("\(what) asks nothing")
                    }
                }
            }
            for annotation in dashboard["annotations"]["list"].elements {
                if let sql = annotation["rawQuery"].text ?? annotation["target"]["rawSql"].text {
                    #expect(try await Self.ask(macros.sql(sql)).columns.contains("time"))
                }
            }
        }
        #expect(counts.sql >= 20 && counts.promQL >= 10)
    }
}

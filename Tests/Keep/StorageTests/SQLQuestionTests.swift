import Model
import Postgres
import PromQL
import TestKit
import Testing

@testable import Storage

/// The functions and views of `weir` beside PromQL, on the same samples.
struct SQLQuestionTests {
    private static let spans: [(from: Int64, to: Int64, step: String, span: TimeSpan)] = [
        (SQLWorld.begin, SQLWorld.end, "5m", .minutes(5)),
        (SQLWorld.begin + 3 * SQLWorld.hour, SQLWorld.end, "1m", .minutes(1)),
        (SQLWorld.end - SQLWorld.hour, SQLWorld.end + 600_000, "15s", .seconds(15)),
        (SQLWorld.begin - SQLWorld.hour, SQLWorld.begin + SQLWorld.hour, "7m", .minutes(7)),
    ]

    private func compare(_ world: SQLWorld, _ call: String, _ promQL: String) async throws {
        for span in Self.spans {
            // Steps lie where Grafana puts them.
            let step = span.span.milliseconds
            let sql = """
                SELECT * FROM weir.\(call.replacing("$range", with:
                    "\(SQLWorld.text(span.from)), \(SQLWorld.text(span.to)), '\(span.step)'"))
                """
            let seen = try await world.answer(sql)
            let expected = try await world.promQL(
                promQL, from: span.from / step * step, to: span.to / step * step, step: span.span)
            #expect(!expected.isEmpty, "\(promQL)")
            #expect(SQLWorld.difference(seen, expected) == "", "\(call), \(span.step)")
        }
    }

    @Test(arguments: [
        "node_load1", "flapping", #"http_requests_total{code="200"}"#,
        #"http_requests_total{instance=~"host[01].*", code!="200"}"#, #"{__name__=~"scrape_.+"}"#,
        #"up{dc=""}"#, #"ALERTS{alertstate!~"pending|x"}"#,
    ])
    func `weir.range says what PromQL says of a selector`(selector: String) async throws {
        let world = try await SQLWorld.shared
        // PromQL's answer has the name, which the comparison leaves out: one metric at a time.
        if selector.hasPrefix("{") {
            try await compare(
                world, "range('scrape_duration_seconds', $range)", "scrape_duration_seconds")
            let all = try await world.answer(
                "SELECT time, value, labels || jsonb_build_object('m', metric) AS labels FROM "
                    + "weir.range('\(selector)', \(SQLWorld.text(SQLWorld.begin)), "
                    + "\(SQLWorld.text(SQLWorld.end)), '5m')")
            #expect(all.count == 12)
        } else {
            try await compare(world, "range('\(selector)', $range)", selector)
        }
    }

    @Test(arguments: [
        "rate", "increase", "delta", "last",
    ])
    func `functions of ranges say what PromQL says, to the last bit`(name: String) async throws {
        let world = try await SQLWorld.shared
        let function = name == "last" ? "last_over_time" : name
        for selector in [
            "http_requests_total", "node_load1", "flapping",
            "http_request_duration_seconds_bucket",
        ] {
            for window in ["5m", "1m", "2h"] {
                try await compare(
                    world, "\(name)('\(selector)', $range, '\(window)')",
                    "\(function)(\(selector)[\(window)])")
            }
        }
    }

    @Test(arguments: [0.5, 0.99, 0, 1, -1, 2])
    func `quantiles of histograms say what PromQL says`(quantile: Double) async throws {
        let world = try await SQLWorld.shared
        let metric = "http_request_duration_seconds_bucket"
        try await compare(
            world, "histogram_quantile(\(quantile), '\(metric)', $range, '5m')",
            "histogram_quantile(\(quantile), rate(\(metric)[5m]))")
        try await compare(
            world, "histogram_quantile(\(quantile), '\(metric)', $range, '5m', '{}')",
            "histogram_quantile(\(quantile), sum by (le) (rate(\(metric)[5m])))")
        try await compare(
            world, "histogram_quantile(\(quantile), '\(metric)', $range, '5m', '{instance}')",
            "histogram_quantile(\(quantile), sum by (le, instance) (rate(\(metric)[5m])))")
    }

    @Test func `views of metrics show every sample once, in whichever form it is kept`()
        async throws
    {
        let world = try await SQLWorld.shared
        let all = Timestamp(milliseconds: 0)...Timestamp(milliseconds: SQLWorld.end * 2)
        for metric in ["node_load1", "flapping", "http_requests_total", "up"] {
            var expected: [String: [Int64: UInt64]] = [:]
            var count = 0
            for series in try await world.store.series(
                matching: [Matcher(LabelName.metric, equals: metric)], in: all)
            {
                let name = series.labels.filter { $0.name != LabelName.metric }
                    .map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                for (time, value) in zip(series.times, series.values) where !value.isStaleMarker {
                    expected[name, default: [:]][time.milliseconds] =
                        (value.isNaN ? .nan : value).bitPattern
                    count += 1
                }
            }
            let view = "SELECT time, value, labels FROM metric.\(metric)"
            let sample = "SELECT time, value, labels FROM weir.sample WHERE metric = '\(metric)'"
            #expect(SQLWorld.difference(try await world.answer(view), expected) == "")
            #expect(SQLWorld.difference(try await world.answer(sample), expected) == "")
            #expect(
                try await world.place.sql("SELECT count(*) FROM metric.\(metric)") == "\(count)")
        }
        #expect(
            try await world.place.sql(
                "SELECT count(*) FROM metric.node_load1 WHERE value = 'NaN'") == "0")
    }

    @Test func `labels are columns, and views follow when labels appear`() async throws {
        let place = try await Place()
        func columns() async throws -> String {
            try await place.sql(
                """
                SELECT string_agg(column_name, ',' ORDER BY ordinal_position)
                FROM information_schema.columns WHERE table_schema = 'metric' AND table_name = 'm'
                """)
        }
        _ = try await place.sql(
            """
            INSERT INTO weir_data.metric (name) VALUES ('m'), ('n'), ('other');
            INSERT INTO weir_data.series (metric, labels) VALUES
                (1, '{"job": "a", "time": "x", "label_time": "y"}'), (2, '{}'), (3, '{}');
            SELECT weir.make_metric_views('?')
            """)
        #expect(try await columns() == "time,value,labels,job,instance,label_time,label_time_2")
        #expect(
            try await place.sql("SELECT name FROM weir_data.metric_view ORDER BY 1") == "m\nn")
        let keep = """
            INSERT INTO weir_data.series (metric, labels) VALUES (1, '{"zone": "z"}')
                ON CONFLICT DO NOTHING;
            SELECT weir_data.keep_metric_views()
            """
        // A reader holds the view; the new column waits for it, and not it for the column.
        let touched = try await PostgresSession(place.options).run {
            connection throws(PostgresError) in
            let writer = try PostgresConnection(place.options)
            return try connection.transaction { connection throws(PostgresError) -> Int? in
                _ = try connection.query("SELECT count(*) FROM metric.m")
                try writer.run(keep.split(separator: ";")[0].description)
                return try writer.query("SELECT weir_data.keep_metric_views()").int(0, 0)
            }
        }
        #expect(touched == 0)
        #expect(try await !columns().contains("zone"))
        #expect(try await place.sql(keep) == "1")
        #expect(try await columns().hasSuffix(",zone"))
        #expect(try await place.sql(keep) == "0")
        #expect(try await place.sql("SELECT weir.make_metric_view('other')") == "metric.other")
        // A metric that is gone takes its view with it.
        _ = try await place.sql(
            """
            DELETE FROM weir_data.series WHERE metric = 2; DELETE FROM weir_data.metric WHERE id = 2
            """)
        #expect(try await place.sql(keep) == "1")
        #expect(try await place.sql("SELECT to_regclass('metric.n') IS NULL") == "t")
    }

    @Test func `label matchers find series by their index`() async throws {
        let place = try await Place()
        _ = try await place.sql(
            """
            INSERT INTO weir_data.metric (name) SELECT 'm' || g FROM generate_series(1, 50) g;
            INSERT INTO weir_data.series (metric, labels) SELECT 1 + g % 50,
                jsonb_build_object('instance', 'i' || g / 50, 'job', 'j') FROM generate_series(0, 19999) g;
            ANALYZE weir_data.series, weir_data.metric;
            SELECT weir.make_metric_view('m7')
            """)
        let contains = try await place.sql(
            "EXPLAIN SELECT * FROM metric.m7 WHERE labels @> '{\"instance\": \"i7\"}'")
        #expect(contains.contains("series_labels"))
        for condition in ["labels ->> 'instance' ~ 'i7.*'", "instance = 'i7'"] {
            let plan = try await place.sql("EXPLAIN SELECT * FROM metric.m7 WHERE \(condition)")
            #expect(!plan.contains("Seq Scan on series"), "\(plan)")
            #expect(plan.contains("series_"), "\(plan)")
        }
        let series = try await place.sql(
            "EXPLAIN SELECT * FROM weir.series WHERE labels @> '{\"instance\": \"i7\"}'")
        #expect(series.contains("series_labels"), "\(series)")
    }

    @Test func `scrapes, alerts and changes are there, with alerts and without`() async throws {
        let empty = try await Place()
        #expect(try await empty.sql("SELECT count(*) FROM weir.alert") == "0")
        #expect(try await empty.sql("SELECT count(*) FROM weir.scrape") == "0")
        let world = try await SQLWorld.shared
        #expect(
            try await world.place.sql(
                "SELECT DISTINCT alert, state, labels FROM weir.alert WHERE instance = 'host0:9100'"
            )
                == #"Hot|firing|{"job": "node", "instance": "host0:9100"}"#)
        #expect(
            try await world.place.sql(
                "SELECT count(*), count(*) FILTER (WHERE up), count(duration_s) FROM weir.scrape")
                == "3600|3543|3600")
        let changes = try await world.place.sql(
            """
            SELECT value, date_part('epoch', timeend - time) FROM weir.changes(
                'up{instance="host1:9100"}', \(SQLWorld.text(SQLWorld.begin)),
                \(SQLWorld.text(SQLWorld.end))) ORDER BY time
            """)
        #expect(
            changes.split(separator: "\n")
                == ["1|11400", "0|540", "1|11400", "0|540", "1|11400", "0|540"])
    }

    @Test func `selectors are read as PromQL reads them, and what differs is refused`()
        async throws
    {
        let place = try await Place()
        func matchers(_ selector: String) async throws -> String {
            try await place.sql("SELECT weir_data.matchers(\(quoted(literal: selector)))")
        }
        #expect(
            try await matchers(#"a{b="c\"d", e!~'x|y.*',}"#)
                == """
                [{"op": "=", "name": "__name__", "value": "a"}, \
                {"op": "=", "name": "b", "value": "c\\"d"}, \
                {"op": "!~", "name": "e", "value": "^(?:x|y.*)$"}]
                """)
        for bad in [
            "a{", "a{b}", "a{b=c}", "{b=\"c\"", "a b", "rate(a[5m])", "a{b=~\"(?P<x>y)\"}",
            "a{b=~\"\\\\pL\"}", "a{b=~\"[[:alpha:]]\"}", "a{b=~\"x{200}\"}",
        ] {
            await #expect(throws: (any Error).self, "\(bad)") { try await matchers(bad) }
        }
        #expect(
            try await place.sql("SELECT weir.time_bucket('5m', '2026-01-01 00:07:00Z')")
                == "2026-01-01 00:05:00+00")
        #expect(
            try await place.sql(
                "SELECT weir.time_bucket('300.000s'::text, '2026-01-01 00:07:00Z'::timestamptz)")
                == "2026-01-01 00:05:00+00")
    }
}

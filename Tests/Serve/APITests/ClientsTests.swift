import API
import Model
import TestKit
import Testing

/// Programs that were written for Prometheus, told Weir's address.
struct ClientsTests {
    private static let peer = Task {
        try await RunningPrometheus(openMetrics: FarmSamples.openMetrics)
    }

    @Test(
        arguments: [
            ["instant", "SERVER", "http_requests_total", "--time=1700001000"],
            [
                "instant", "SERVER", "sum by (method) (rate(http_requests_total[5m]))",
                "--time=1700001000",
            ],
            ["instant", "SERVER", "1 + 1", "--time=1700001000"],
            ["instant", "SERVER", "nosuch", "--time=1700001000"],
            [
                "range", "SERVER", "up", "--start=1700000900", "--end=1700001000", "--step=50s",
            ],
            [
                "series", "SERVER", "--match=up", "--match=odd{kind=~\"t.*\"}",
                "--start=1700000000", "--end=1700001000",
            ],
            ["labels", "SERVER", "instance", "--start=1700000000", "--end=1700001000"],
            ["labels", "SERVER", "nosuch"],
        ])
    func `promtool prints the same of Weir and of Prometheus`(words: [String]) async throws {
        let there = try await Self.peer.value.base
        let live = try LiveServer(source: try await FarmSamples.head())
        live.readiness.state = .ready
        try await live.run { here in
            func ask(_ base: String, _ format: String) async throws -> ChildProcess.Outcome {
                try await ChildProcess.run(
                    ["promtool", "query", "--format=\(format)"]
                        + words.map { $0 == "SERVER" ? base : $0 })
            }
            for format in ["promql", "json"] {
                let ours = try await ask(here, format)
                let theirs = try await ask(there, format)
                #expect(ours.output == theirs.output, "\(ours.errors)")
                #expect(ours.status == theirs.status)
                #expect(ours.status == 0, "\(ours.errors)")
            }
        }
    }

    @Test func `prometheus-api-client reads Weir as it reads Prometheus`() async throws {
        let live = try LiveServer(source: try await FarmSamples.head())
        live.readiness.state = .ready
        let folder = try TemporaryFolder("client")
        let script = try folder.write(
            """
            import datetime, sys
            from prometheus_api_client import PrometheusConnect
            server = PrometheusConnect(url=sys.argv[1])
            assert server.check_prometheus_connection()
            begin = datetime.datetime.fromtimestamp(1700000900, datetime.timezone.utc)
            end = datetime.datetime.fromtimestamp(1700001000, datetime.timezone.utc)
            print(sorted(server.get_label_names(params={"start": 1700000000})))
            print(server.get_label_values("instance"))
            print(sorted(server.all_metrics()))
            now = {"time": 1700001000}
            print(server.get_current_metric_value("up", {"instance": "a:1"}, params=now))
            print(server.custom_query("sum(up)", params=now))
            print(server.custom_query_range("sum(up)", begin, end, "50"))
            """, to: "client.py")
        try await live.run { here in
            let outcome = try await ChildProcess.run([Self.python, script, here])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(
                outcome.output == """
                    ['__name__', 'instance', 'job', 'kind', 'le', 'method']
                    ['a:1', 'b:2']
                    ['http_requests_total', 'latency_seconds_bucket', 'odd', 'up']
                    [{'metric': {'__name__': 'up', 'instance': 'a:1', 'job': 'api'}, 'value': [1700001000, '1']}]
                    [{'metric': {}, 'value': [1700001000, '2']}]
                    [{'metric': {}, 'values': [[1700000900, '2'], [1700000950, '2'], [1700001000, '2']]}]

                    """)
        }
    }

    private static let python =
        #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
        + "/.build/python/bin/python"
}

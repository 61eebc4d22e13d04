import Glibc
import Processes
import TestKit
import Testing

/// One sample on its whole way: from a file of targets to SQL, PromQL and `/metrics`.
struct FlowTests {
    private static let example =
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        + "/targets/prometheus.yml"
    private static let page = """
        # HELP river_level_meters How high the water stands.
        # TYPE river_level_meters gauge
        river_level_meters{gauge="upper"} 1.25
        # HELP river_requests_total Who asked.
        # TYPE river_requests_total counter
        river_requests_total 7

        """

    @Test func `what a target serves is found in SQL, in PromQL and in the metrics of all`()
        async throws
    {
        let target = try ScriptedServer { conversation in
            while conversation.readRequest() != nil {
                conversation.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                        + "Content-Length: \(Self.page.utf8.count)\r\n\r\n" + Self.page)
            }
        }
        let folder = try TemporaryFolder("flow")
        // The example that comes with Weir, with another target in its files and less patience.
        let example = try #require(Files.read(Self.example))
        try folder.write(
            example.replacing("scrape_interval: 15s", with: "scrape_interval: 200ms")
                .replacing("metrics_path: /metrics/self", with: "metrics_path: /metrics"),
            to: "prometheus.yml")
        try folder.write("- targets: [\"127.0.0.1:\(target.port)\"]\n", to: "self.yml")
        try folder.write("[]\n", to: "node.yml")
        let data = try DataFolder()
        let weir = try await data.weir("run", "--config.file=\(folder.file("prometheus.yml"))")
        defer { weir.send(SIGKILL) }
        let isReady = try await eventually { weir.errors.contains("msg=ready") }
        try #require(isReady, "\(weir.errors)")
        let address = try #require(weir.errors.firstMatch(of: /address=(\S+)/)?.1)

        func get(_ path: String) async throws -> String {
            try await ChildProcess.run(
                ["curl", "-sS", "--globoff", "--max-time", "20", "http://\(address)\(path)"]
            ).output
        }
        let isThere = try await eventually {
            try await get("/api/v1/query?query=river_level_meters").contains(#","1.25"]"#)
        }
        #expect(isThere, "\(weir.errors)")
        let all = try await get("/metrics")
        #expect(all.contains("# TYPE river_level_meters gauge\n"))
        #expect(
            all.contains(
                #"river_level_meters{gauge="upper",instance="127.0.0.1:\#(target.port)",job="weir"} 1.25"#
                    + "\n"), "\(all)")
        #expect(all.contains("# TYPE river_requests_total counter\n"))
        #expect(all.contains("# HELP weir_"))
        let federated = try await get("/federate?match[]=river_requests_total")
        #expect(federated.contains("# TYPE river_requests_total untyped\n"))
        let isStored = try await eventually {
            let question =
                "SELECT value FROM weir.sample WHERE metric = 'river_level_meters' LIMIT 1"
            let answer = await (try data.weir("psql", "--", "-Atc", question)).outcome()
            return answer.output == "1.25\n"
        }
        #expect(isStored, "\(weir.errors)")
    }
}

import Glibc
import Processes
import TestKit
import Testing

/// Real senders, and a real database behind Weir.
struct RemoteWriteTests {
    private static let page = """
        # HELP river_level_meters How high the water stands.
        # TYPE river_level_meters gauge
        river_level_meters{gauge="upper"} 1.25
        # TYPE river_requests_total counter
        river_requests_total 7

        """

    /// What a neighbour has to be told to scrape `target` and to send what it finds to `weir`.
    private static func configuration(_ target: Int, _ weir: String?) -> String {
        let sending = weir.map { "remote_write: [{url: \"http://\($0)/api/v1/write\"}]\n" } ?? ""
        return """
            global: {scrape_interval: 200ms, scrape_timeout: 200ms}
            scrape_configs:
              - job_name: river
                static_configs: [{targets: ["127.0.0.1:\(target)"]}]
            \(sending)
            """
    }

    @Test(arguments: ["prometheus", "vmagent"])
    func `what a neighbour scrapes and sends is found in PromQL and in SQL`(
        _ neighbour: String
    ) async throws {
        let target = try ScriptedServer { conversation in
            while conversation.readRequest() != nil {
                conversation.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                        + "Content-Length: \(Self.page.utf8.count)\r\n\r\n" + Self.page)
            }
        }
        let folder = try TemporaryFolder("remote-write")
        try folder.write("scrape_configs: []\n", to: "weir-prometheus.yml")
        let data = try DataFolder()
        let weir = try await data.weir(
            "run", "--config.file=\(folder.file("weir-prometheus.yml"))")
        defer { weir.send(SIGKILL) }
        let isReady = try await eventually { weir.errors.contains("msg=ready") }
        try #require(isReady, "\(weir.errors)")
        let address = try #require(weir.errors.firstMatch(of: /address=(\S+)/)?.1)
        let isAgent = neighbour == "vmagent"
        try folder.write(
            Self.configuration(target.port, isAgent ? nil : String(address)), to: "neighbour.yml")
        let port = try FreePort.tcp()
        let command =
            isAgent
            ? [
                "vmagent", "-promscrape.config=\(folder.file("neighbour.yml"))",
                "-remoteWrite.url=http://\(address)/api/v1/write",
                "-remoteWrite.tmpDataPath=\(folder.file("queue"))",
                "-remoteWrite.flushInterval=200ms", "-httpListenAddr=127.0.0.1:\(port)",
            ]
            : [
                "prometheus", "--config.file=\(folder.file("neighbour.yml"))",
                "--storage.tsdb.path=\(folder.file("tsdb"))",
                "--web.listen-address=127.0.0.1:\(port)",
            ]
        let sender = try await ChildProcess.start(command)
        defer { sender.send(SIGKILL) }

        func get(_ path: String) async throws -> String {
            try await ChildProcess.run(
                ["curl", "-sS", "--globoff", "--max-time", "20", "http://\(address)\(path)"]
            ).output
        }
        let isThere = try await eventually {
            try await get("/api/v1/query?query=river_level_meters").contains(#","1.25"]"#)
        }
        #expect(isThere, "\(weir.errors)\n\(sender.errors)")
        let series = try await get("/api/v1/series?match[]=river_requests_total")
        #expect(
            series.contains(
                #"{"__name__":"river_requests_total","instance":"127.0.0.1:\#(target.port)","job":"river"}"#
            ), "\(series)")
        let isStored = try await eventually {
            let question =
                "SELECT value FROM weir.sample WHERE metric = 'river_level_meters' LIMIT 1"
            let answer = await (try data.weir("psql", "--", "-Atc", question)).outcome()
            return answer.output == "1.25\n"
        }
        #expect(isStored, "\(weir.errors)")
        #expect(try await get("/metrics/self").contains("\nweir_received_samples_total "))
    }
}

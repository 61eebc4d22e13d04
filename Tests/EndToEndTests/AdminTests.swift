import Glibc
import Processes
import TestKit
import Testing

/// What is kept, written out and erased over HTTP.
struct AdminTests {
    @Test func `a snapshot holds what was said, and what is erased is gone`() async throws {
        let target = try ScriptedServer { conversation in
            let page =
                "# TYPE lake_level gauge\nlake_level 1.25\n# TYPE lake_depth gauge\nlake_depth 7\n"
            while conversation.readRequest() != nil {
                conversation.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                        + "Content-Length: \(page.utf8.count)\r\n\r\n" + page)
            }
        }
        let folder = try TemporaryFolder("admin")
        let config = try folder.write(
            """
            global: {scrape_interval: 500ms}
            scrape_configs:
            - job_name: lake
              static_configs: [{targets: ["127.0.0.1:\(target.port)"]}]

            """, to: "prometheus.yml")
        let data = try DataFolder()
        let weir = try await data.weir(
            "run", "--config.file=\(config)", "--web.enable-admin-api")
        defer { weir.send(SIGKILL) }
        let isReady = try await eventually { weir.errors.contains("msg=ready") }
        try #require(isReady, "\(weir.errors)")
        let address = try #require(weir.errors.firstMatch(of: /address=(\S+)/)?.1)
        func ask(_ path: String, _ words: [String] = []) async throws -> String {
            try await ChildProcess.run(
                ["curl", "-sS", "--globoff", "--max-time", "20"] + words
                    + ["http://\(address)/api/v1/\(path)"]
            ).output
        }
        let isThere = try await eventually {
            try await ask("query?query=count_over_time(lake_level[1h])>1").contains("lake")
        }
        #expect(isThere, "\(weir.errors)")

        let answer = try await ask("admin/tsdb/snapshot", ["-X", "POST"])
        let name = try #require(
            answer.firstMatch(of: /\{"name":"(\d{8}T\d{6}Z-[0-9a-f]{16})"\}/)?.1, "\(answer)")
        let snapshot = Files.read("\(data.path)/snapshots/\(name)/samples.om") ?? ""
        #expect(snapshot.contains("# TYPE lake_level gauge\n"))
        #expect(snapshot.contains(/lake_level\{.*job="lake".*\} 1.25 \d+/))
        #expect(snapshot.hasSuffix("# EOF\n"))

        _ = try await ask("admin/tsdb/delete_series?match[]=lake_depth", ["-X", "POST"])
        let before = "\(time(nil) - 5)"
        let left = try await ask("query?query=lake_depth[1h]&time=\(before)")
        #expect(!left.contains("lake_depth"), "\(left)")
        #expect(try await ask("query?query=lake_level").contains("1.25"))
    }
}

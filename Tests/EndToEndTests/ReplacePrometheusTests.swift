import Glibc
import Processes
import TestKit
import Testing

/// The guide `docs/replace-prometheus.md`, executed: every block of commands in its order, with a
/// Prometheus of the test's own in the place of the reader's.
struct ReplacePrometheusTests {
    private static let guide =
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        + "/docs/replace-prometheus.md"

    /// The commands of each block of the guide that is for a shell.
    private static func blocks() throws -> [String] {
        let text = try #require(Files.read(guide))
        return text.split(separator: "```sh\n").dropFirst().map { part in
            String(part[..<(part.firstRange(of: "```")?.lowerBound ?? part.endIndex)])
        }
    }

    private let folder: TemporaryFolder
    private let data: DataFolder
    private let target: ScriptedServer
    private let ports: (old: Int, new: Int)

    init() throws {
        folder = try TemporaryFolder("replace")
        data = try DataFolder()
        ports = (try FreePort.tcp(), try FreePort.tcp())
        target = try ScriptedServer { conversation in
            let page = """
                # TYPE river_level gauge
                river_level{gauge="upper"} 1.25
                river_level{gauge="lower"} 0.5
                # TYPE river_requests_total counter
                river_requests_total 7

                """
            while conversation.readRequest() != nil {
                conversation.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                        + "Content-Length: \(page.utf8.count)\r\n\r\n" + page)
            }
        }
        try folder.write(
            """
            global: {scrape_interval: 1s}
            scrape_configs:
            - job_name: river
              static_configs: [{targets: ["127.0.0.1:\(target.port)"]}]

            """, to: "prometheus.yml")
    }

    /// A line of the guide with the test's own places in it.
    private func here(_ text: String) -> String {
        text.replacing("127.0.0.1:9090", with: "127.0.0.1:\(ports.old)")
            .replacing("127.0.0.1:9091", with: "127.0.0.1:\(ports.new)")
            .replacing("/etc/prometheus/prometheus.yml", with: folder.file("prometheus.yml"))
            .replacing("/var/lib/prometheus", with: folder.file("old"))
            .replacing("/var/lib/weir", with: data.path)
    }

    private func shell(_ commands: String) async throws -> ChildProcess.Outcome {
        let program = Built.weir.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        let outcome = try await ChildProcess.run([
            "bash", "-euo", "pipefail", "-c",
            "cd \(folder.path); PATH=\(program):$PATH\n" + here(commands),
        ])
        #expect(outcome.status == 0, "\(commands)\(outcome.output)\(outcome.errors)")
        return outcome
    }

    /// A Weir as a block of the guide starts it.
    private func start(_ commands: String) async throws -> ChildProcess {
        let words = here(commands).split { $0 == " " || $0 == "\n" }.map(String.init)
        let weir = try await ChildProcess.start([Built.weir] + words.dropFirst())
        let isReady = try await eventually { weir.errors.contains("msg=ready") }
        try #require(isReady, "\(weir.errors)")
        return weir
    }

    /// What Grafana asks of a dashboard: the answer of the server at `port`.
    private func panel(_ port: Int, _ path: String, _ form: [String]) async throws -> String {
        try await ChildProcess.run(
            [
                "curl", "-sS", "--max-time", "20", "-H", "User-Agent: Grafana/11.2.0",
                "http://127.0.0.1:\(port)/api/v1/\(path)",
            ] + form.flatMap { ["--data-urlencode", $0] }
        ).output
    }

    @Test func `Weir takes the place of a Prometheus as the guide says`() async throws {
        let prometheus = try await ChildProcess.start([
            "prometheus", "--config.file=\(folder.file("prometheus.yml"))",
            "--storage.tsdb.path=\(folder.file("old"))",
            "--web.listen-address=127.0.0.1:\(ports.old)",
        ])
        let hasData = try await eventually {
            try await panel(ports.old, "query", ["query=count_over_time(river_level[1h]) > 2"])
                .contains("river")
        }
        try #require(hasData, "\(prometheus.errors)")
        var weir: ChildProcess?
        defer { weir?.send(SIGKILL) }
        var before: [String] = []
        var questions: [(path: String, form: [String])] = []
        for commands in try Self.blocks() {
            switch commands {
            case _ where commands.hasPrefix("weir run"):
                if let running = weir { await running.stop() }
                weir = try await start(commands)
                let isScraping = try await eventually {
                    try await weirAnswers("up == 1").contains("river")
                }
                #expect(isScraping)
            case _ where commands.hasPrefix("systemctl"):
                // What Prometheus says of the time before Weir, the last time that it can be asked.
                let end = try #require(Files.read(folder.file("weir-started"))).filter(\.isNumber)
                let start = "\((Int(end) ?? 0) - 60)"
                questions = [
                    (
                        "query_range",
                        ["query=river_level", "start=\(start)", "end=\(end)", "step=1"]
                    ),
                    ("query", ["query=river_level[1m]", "time=\(end)"]),
                    (
                        "query",
                        ["query=sort(count_over_time(river_level[1h]))", "time=\(end)"]
                    ),
                    ("series", ["match[]={job=\"river\"}", "start=\(start)", "end=\(end)"]),
                    ("labels", ["match[]={job=\"river\"}", "start=\(start)", "end=\(end)"]),
                ]
                for one in questions {
                    before.append(try await panel(ports.old, one.path, one.form))
                }
                await prometheus.stop()
            default: _ = try await shell(commands)
            }
        }
        #expect(before.count == 5)
        // The address is that of the old server now.
        for (one, expected) in zip(questions, before) {
            let seen = try await panel(ports.old, one.path, one.form)
            #expect(sorted(seen) == sorted(expected), "\(one.form)")
            #expect(expected.contains("job"), "\(expected)")
        }
    }

    private func weirAnswers(_ expression: String) async throws -> String {
        var text = ""
        for port in [ports.new, ports.old] {
            text += try await panel(port, "query", ["query=\(expression)"])
        }
        return text
    }

    /// The elements of an answer in an order of their own, since a vector has none.
    private func sorted(_ answer: String) -> [String] {
        answer.split(separator: "{\"metric\"").map(String.init).sorted().map {
            $0.hasSuffix(",") ? String($0.dropLast()) : $0
        }.map { $0.replacing("]}}", with: "").replacing("]}", with: "") }
    }
}

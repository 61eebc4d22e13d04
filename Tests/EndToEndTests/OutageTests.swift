import Glibc
import TestKit
import Testing
import Threads

/// A Weir whose database is away loses nothing that it scraped.
struct OutageTests {
    /// A target that counts its scrapes, and what it served.
    private final class Target: Sendable {
        private let server: ScriptedServer
        private let count: Locked<Int>
        var port: Int { server.port }
        /// The last value that was served.
        var served: Int { count.withLock { $0 } }

        init() throws {
            let count = Locked(0)
            self.count = count
            server = try ScriptedServer { conversation in
                while conversation.readRequest() != nil {
                    let value = count.withLock { count in
                        count += 1
                        return count
                    }
                    let page = "served_total \(value)\nsame \(value % 2)\n"
                    conversation.send(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                            + "Content-Length: \(page.utf8.count)\r\n\r\n" + page)
                }
            }
        }
    }

    private let folder: TemporaryFolder
    private let target: Target
    private let server: PostgresServer
    private let database: String

    init() async throws {
        folder = try TemporaryFolder("outage")
        target = try Target()
        server = try await PostgresServer(.init())
        database = try await server.makeDatabase()
        try folder.write(
            """
            global: {scrape_interval: 200ms}
            scrape_configs:
              - job_name: counted
                static_configs: [{targets: ['127.0.0.1:\(target.port)']}]

            """, to: "prometheus.yml")
    }

    private func start() async throws -> ChildProcess {
        let weir = try await ChildProcess.start([
            Built.weir, "run", "--web.listen-address=127.0.0.1:0", "--database=\(database)",
            "--config.file=\(folder.file("prometheus.yml"))",
            "--storage.tsdb.path=\(folder.file("data"))",
        ])
        let isReady = try await eventually { weir.errors.contains("msg=ready") }
        try #require(isReady, "\(weir.errors)")
        return weir
    }

    private func served(_ more: Int) async throws {
        let wanted = target.served + more
        let isServed = try await eventually { target.served >= wanted }
        #expect(isServed)
    }

    private func sql(_ text: String) async throws -> String {
        try await server.run(text, database: String(database.split(separator: "=").last ?? ""))
    }

    /// Waits until the database has every value up to `last`, each once.
    private func expectAll(upTo last: Int, _ weir: ChildProcess) async throws {
        let question = """
            SELECT count(*) FROM weir.sample
            WHERE metric = 'served_total' AND value <= \(last)
            """
        // The tables may have to be made first: then there is no answer yet.
        let isThere = try await eventually { (try? await sql(question)) == "\(last)" }
        let seen = try await sql(
            """
            SELECT count(*), count(DISTINCT value), count(DISTINCT time) FROM weir.sample
            WHERE metric = 'served_total' AND value <= \(last)
            """)
        #expect(isThere && seen == "\(last)|\(last)|\(last)", "\(seen)\n\(weir.errors)")
    }

    private func spool(_ word: String) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run([
            Built.weir, "spool", word, "--storage.tsdb.path=\(folder.file("data"))",
        ])
    }

    @Test func `what was scraped without a database is in it once it is back`() async throws {
        await server.stop()
        let first = try await start()
        defer { first.send(SIGKILL) }
        try await served(15)
        let address = try #require(first.errors.firstMatch(of: /address=(\S+)/)?.1)
        let ready = try await ChildProcess.run([
            "curl", "-sS", "-H", "Accept: application/json", "http://\(address)/-/ready",
        ])
        #expect(
            ready.output.hasPrefix(#"{"state":"ready","lastCommitAgeSeconds":null,"queued"#),
            "\(ready.output)")
        #expect(ready.output.contains(#""what":"samples wait in the spool""#), "\(ready.output)")
        first.send(SIGTERM)
        let outcome = await first.outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
        // The scrape that was under way as Weir stopped may have been given up.
        let last = target.served - 1
        let list = try await spool("list")
        #expect(list.output.contains("samples"), "\(list)")
        let verified = try await spool("verify")
        #expect(verified.status == 0 && verified.output.contains(" 0 damaged bytes"), "\(verified)")
        try await server.start()
        let second = try await start()
        defer { second.send(SIGKILL) }
        try await expectAll(upTo: last, second)
        let isEmpty = try await eventually {
            try await spool("list").output == "the spool is empty\n"
        }
        #expect(isEmpty)
    }

    @Test func `an outage while it runs, and a kill in it, cost no more than two seconds`()
        async throws
    {
        let first = try await start()
        defer { first.send(SIGKILL) }
        try await served(5)
        await server.stop()
        try await served(20)
        // The last two seconds may be in memory alone.
        let safe = target.served - 10
        first.send(SIGKILL)
        _ = await first.outcome()
        let killed = target.served
        try await server.start()
        let second = try await start()
        defer { second.send(SIGKILL) }
        try await served(10)
        let question = """
            SELECT count(*) FILTER (WHERE value <= \(safe)),
                count(*) = count(DISTINCT value)
            FROM weir.sample WHERE metric = 'served_total' AND value <= \(killed)
            """
        let isThere = try await eventually { try await sql(question) == "\(safe)|t" }
        let seen = try await sql(question)
        #expect(isThere, "\(seen) of \(safe)\n\(second.errors)")
    }
}

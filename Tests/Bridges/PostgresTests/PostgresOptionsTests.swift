import Postgres
import TestKit
import Testing

struct PostgresOptionsTests {
    @Test(
        arguments: [
            ("postgres://u:secret@db.example:5433/weir?sslmode=require", "u@db.example:5433/weir"),
            ("host=/run/pg user=u password=secret dbname=d", "u@/run/pg/d"),
            ("service=mine", "service mine"),
            ("postgres:///weir", "localhost/weir"),
        ])
    func `a server is named without its password`(text: String, server: String) throws {
        #expect(try PostgresOptions(text).server == server)
    }

    @Test(
        arguments: [
            (
                "postgres://u:secret@h/db?sslmod=x",
                #"the connection string of the database does not parse: invalid URI query parameter: "…"; write it as postgres://user@host:5432/database or as host=… dbname=… user=…"#
            ),
            (
                "host=h secret",
                #"the connection string of the database does not parse: missing "…" after "…" in connection info string; write it as postgres://user@host:5432/database or as host=… dbname=… user=…"#
            ),
        ])
    func `a wrong connection string is refused without what it holds`(text: String, message: String)
    {
        let error = #expect(throws: PostgresError.self) { try PostgresOptions(text) }
        #expect(error?.description == message)
    }

    @Test func `nobody at home is told with the address`() throws {
        let folder = try TemporaryFolder("nobody")
        let error = #expect(throws: PostgresError.self) {
            _ = try PostgresConnection(try PostgresOptions("host=\(folder.path) user=u dbname=d"))
        }
        #expect(error?.isTransient == true)
        #expect(
            error?.description == """
                cannot connect to PostgreSQL at u@\(folder.path)/d: connection to server on socket \
                "\(folder.path)/.s.PGSQL.5432" failed: No such file or directory; Is the server \
                running locally and accepting connections on that socket?
                """)
    }

    @Test func `each wait is longer than the last one's bound, up to a limit`() {
        var backoff = Backoff(from: .milliseconds(100), to: .seconds(2))
        let longest = (0..<7).map { _ in backoff.next(jitter: 1) }
        #expect(
            longest == [100, 200, 400, 800, 1600, 2000, 2000].map { Duration.milliseconds($0) })
        #expect(backoff.next(jitter: 0) == .seconds(1))
        backoff.reset()
        #expect(backoff.next(jitter: 0) == .milliseconds(50))
    }
}

struct PostgresOverTCPTests {
    @Test func `a password and TLS are used as the connection string says`() async throws {
        let server = try await PostgresServer(.init(listensOnTCP: true))
        let connection = try PostgresConnection(try PostgresOptions(server.tcpConnectionString()))
        #expect(Bool(connection.usesTLS))
        let result = try connection.query("SELECT current_setting('application_name')")
        #expect(try result.text(0, 0) == "weir")
        let wrong = "postgres://postgres:hidden@127.0.0.1:\(server.port)/postgres?sslmode=require"
        let error = #expect(throws: PostgresError.self) {
            _ = try PostgresConnection(try PostgresOptions(wrong))
        }
        #expect(error?.description.contains("password authentication failed") == true)
        #expect(error?.description.contains("hidden") == false)
        let plain = "postgres://postgres@127.0.0.1:\(server.port)/postgres?sslmode=disable"
        #expect(throws: PostgresError.self) {
            _ = try PostgresConnection(try PostgresOptions(plain))
        }
        await server.stop()
    }
}

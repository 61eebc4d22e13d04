import Glibc
import Postgres
import TestKit
import Testing

/// A PgBouncer in front of the shared server, ended with the value.
private struct Bouncer {
    let process: ChildProcess
    let connectionString: String

    init(mode: String) async throws {
        let server = try await PostgresServer.shared
        let folder = try TemporaryFolder("bouncer")
        chmod(folder.path, 0o777)
        try folder.write(
            """
            [databases]
            * = host=\(server.socketFolder) port=\(server.port) user=postgres
            [pgbouncer]
            listen_addr =
            listen_port = 6432
            unix_socket_dir = \(folder.path)
            auth_type = any
            pool_mode = \(mode)
            """, to: "bouncer.ini")
        chmod(folder.file("bouncer.ini"), 0o644)
        process = try await ChildProcess.start(
            ["/usr/sbin/pgbouncer", folder.file("bouncer.ini")], user: "postgres")
        connectionString = "host=\(folder.path) port=6432 user=postgres dbname=postgres"
        let isThere = try await eventually {
            access(folder.file(".s.PGSQL.6432"), F_OK) == 0
        }
        #expect(isThere, "\(process.errors)")
        self.folder = folder
    }

    private let folder: TemporaryFolder
}

struct ServerCheckTests {
    @Test func `an ordinary server passes, with advice on what it lacks`() async throws {
        let check = try await ServerCheck.run(try await freshOptions())
        #expect(check.obstacles == [])
        #expect(check.user == "postgres")
        #expect(check.version.hasPrefix("1"))
        #expect(
            check.advice.contains {
                $0 == """
                    fsync is off: a crash of the machine may destroy the database; set fsync = on
                    """
            })
    }

    @Test func `a user who may not make schemas is told what to ask for`() async throws {
        let options = try await freshOptions()
        let admin = try PostgresConnection(options)
        let name = try #require(try admin.query("SELECT current_database()").text(0, 0))
        let role = "modest_\(name)"
        try admin.run("CREATE ROLE \(role) LOGIN")
        let string = options.connectionString.split(separator: " ")
            .map { $0.hasPrefix("user=") ? "user=\(role)" : String($0) }.joined(separator: " ")
        let check = try await ServerCheck.run(try PostgresOptions(string))
        #expect(
            check.obstacles == [
                """
                \(role) may not make schemas in \(name); its owner allows it with: \
                GRANT CREATE ON DATABASE "\(name)" TO "\(role)"
                """
            ])
    }

    @Test func `a database of another encoding is refused`() async throws {
        let options = try await freshOptions()
        let admin = try PostgresConnection(options)
        let name = try #require(try admin.query("SELECT current_database()").text(0, 0)) + "_latin"
        try admin.run("CREATE DATABASE \(name) ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        let server = try await PostgresServer.shared
        let check = try await ServerCheck.run(
            try PostgresOptions(server.connectionString(database: name)))
        #expect(check.obstacles.count == 1)
        #expect(check.obstacles.first?.contains("has the encoding LATIN1") == true)
    }

    @Test func `a pooler in transaction mode is refused with what to do`() async throws {
        let bouncer = try await Bouncer(mode: "transaction")
        let options = try PostgresOptions(bouncer.connectionString)
        let error = await #expect(throws: PostgresError.self) {
            _ = try await ServerCheck.run(options)
        }
        #expect(error == .transactionPooler(server: options.server))
        #expect(error?.description.contains("pool_mode = session") == true)
        await bouncer.process.stop(SIGINT)
    }

    @Test func `a pooler in session mode works like a server`() async throws {
        let bouncer = try await Bouncer(mode: "session")
        let options = try PostgresOptions(bouncer.connectionString)
        #expect(try await ServerCheck.run(options).obstacles == [])
        let session = PostgresSession(options)
        for _ in 0..<3 {
            let answer = try await session.run { connection throws(PostgresError) in
                try connection.execute("SELECT $1 + 1", [.int8(1)]).int(0, 0)
            }
            #expect(answer == 2)
        }
        await session.disconnect()
        await bouncer.process.stop(SIGINT)
    }
}

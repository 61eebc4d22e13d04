import Glibc
import Postgres
import PrivatePostgres
import Processes
import TestKit
import Testing

/// A data folder that the user who runs PostgreSQL can enter; its server ends with the value.
final class DataFolder: Sendable {
    /// One for all tests that only need some database.
    static var shared: DataFolder { get async throws { try await made.value } }
    private static let made = Task { try DataFolder() }

    private let folder: TemporaryFolder
    var path: String { folder.path }
    var cluster: String { path + "/postgres/cluster" }

    init() throws {
        folder = try TemporaryFolder("data")
        chmod(folder.path, 0o755)
    }

    deinit { for process in processes { kill(process, SIGKILL) } }

    /// The processes of PostgreSQL that work here.
    var processes: [Int32] {
        Files.names(in: "/proc").compactMap { Int32($0) }
            .filter { Files.destination(of: "/proc/\($0)/cwd") == cluster }
    }

    /// Those of them that are no other's child.
    var postmasters: [Int32] {
        let all = processes
        return all.filter { process in
            let status = Files.read("/proc/\(process)/stat") ?? ""
            let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 1, let parent = Int32(fields[1]) else { return false }
            return !all.contains(parent)
        }
    }

    func weir(_ words: String...) async throws -> ChildProcess {
        try await ChildProcess.start(
            [
                Built.weir, words[0], "--storage.tsdb.path=\(path)",
            ] + (words[0] == "run" ? ["--web.listen-address=127.0.0.1:0"] : []) + words.dropFirst())
    }
}

@Suite(.serialized)
struct DatabaseTests {
    private static let rounds =
        getenv("WEIR_FAULT_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 3

    @Test func `a Weir that is killed leaves one server, which the next one takes over`()
        async throws
    {
        let data = try DataFolder()
        var slowest = Duration.zero
        var generator = SystemRandomNumberGenerator()
        for round in 0..<Self.rounds {
            let weir = try await data.weir("run")
            // Killed at any moment: while it makes, starts, recovers or serves.
            let moment = Duration.milliseconds(Int.random(in: 1...1500, using: &generator))
            try await Task.sleep(for: moment)
            weir.send(SIGKILL)
            _ = await weir.outcome()
            if round % 3 == 2, let postmaster = data.postmasters.first { kill(postmaster, SIGKILL) }
            let began = ContinuousClock.now
            let next = try await data.weir("run")
            let isReady = try await eventually { next.errors.contains("msg=ready") }
            #expect(isReady, "round \(round): \(next.errors)")
            slowest = max(slowest, ContinuousClock.now - began)
            #expect(data.postmasters.count == 1)
            if round % 2 == 0 {
                #expect(await next.stop().status == 0)
                #expect(data.processes.isEmpty)
            } else {
                next.send(SIGKILL)
                _ = await next.outcome()
            }
        }
        print("kill -9 of weir run, \(Self.rounds) rounds: slowest next start \(slowest)")
    }

    @Test func `psql opens the database of a Weir that runs, and of one that does not`()
        async throws
    {
        let data = try DataFolder()
        let weir = try await data.weir("run")
        let isReady = try await eventually { weir.errors.contains("msg=ready") }
        #expect(isReady, "\(weir.errors)")
        let owner = await (try data.weir("psql", "--", "-Atc", "SELECT current_user")).outcome()
        #expect(owner.output == "weir\n", "\(owner.errors)")
        let reader = await
            (try data.weir(
                "psql", "--reader", "--", "-Atc", "SELECT current_user; CREATE TABLE t ()"))
            .outcome()
        #expect(reader.status == 1)
        #expect(reader.output == "weir_reader\n")
        #expect(reader.errors.contains("read-only"), "\(reader.errors)")
        await weir.stop()
        #expect(data.processes.isEmpty)
        let later = await (try data.weir("psql", "--", "-Atc", "SELECT 1")).outcome()
        #expect(later.output == "1\n", "\(later.errors)")
        #expect(data.processes.isEmpty)
        let status = await (try data.weir("migrate", "--status")).outcome()
        #expect(status.output.contains("0001_schemas.sql  applied"), "\(status.errors)")
    }

    @Test func `the data folder may be relative and need not be there`() async throws {
        let data = try DataFolder()
        let script = "cd \"$0\" && exec \"$1\" migrate --storage.tsdb.path=./new/"
        let outcome = try await ChildProcess.run(["/bin/sh", "-c", script, data.path, Built.weir])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("0001_schemas.sql  applied now"))
        #expect(Files.kind(of: data.path + "/new/postgres/cluster") == .folder)
    }

    @Test func `an ordinary server over TCP, with a password and TLS, is used instead`()
        async throws
    {
        let server = try await PostgresServer(.init(listensOnTCP: true))
        let data = try DataFolder()
        let weir = try await ChildProcess.start(
            [
                Built.weir, "run", "--web.listen-address=127.0.0.1:0",
                "--storage.tsdb.path=\(data.path)",
            ],
            environment: ["WEIR_DATABASE": server.tcpConnectionString()])
        let isReady = try await eventually { weir.errors.contains("msg=ready") }
        #expect(isReady, "\(weir.errors)")
        #expect(!weir.errors.contains("w%2Frd"), "a password in the log")
        #expect(weir.errors.contains("advice=\"fsync is off"))
        #expect(try await server.run("SELECT max(number) >= 1 FROM weir_data.migration") == "t")
        #expect(data.processes.isEmpty)
        #expect(await weir.stop().status == 0)
        await server.stop()
    }

    @Test func `a server that is away at the start is no reason not to start`() async throws {
        let server = try await PostgresServer(.init())
        await server.stop()
        let data = try DataFolder()
        let weir = try await ChildProcess.start(
            [
                Built.weir, "run", "--web.listen-address=127.0.0.1:0",
                "--storage.tsdb.path=\(data.path)",
            ],
            environment: ["WEIR_DATABASE": server.connectionString()])
        let isReady = try await eventually { weir.errors.contains("msg=ready") }
        #expect(isReady, "\(weir.errors)")
        #expect(weir.errors.contains("the database is away, starting without it"))
        try await server.start()
        let isMigrated = try await eventually { weir.errors.contains("database ready") }
        #expect(isMigrated, "\(weir.errors)")
        #expect(await weir.stop().status == 0)
        await server.stop()
    }
}

import Glibc
import Postgres
import PrivatePostgres
import Processes
import Telemetry
import TestKit
import Testing

/// A folder that whoever runs the server can reach, with a cluster in it that is stopped at the end.
func withCluster(
    _ body: (PrivateCluster, TemporaryFolder) async throws -> Void
) async throws {
    let folder = try TemporaryFolder("cluster")
    chmod(folder.path, 0o755)
    let cluster = try PrivateCluster(folder.file("pg"), log: .silent)
    do {
        try await body(cluster, folder)
    } catch {
        await cluster.stop()
        throw error
    }
    await cluster.stop()
}

/// The value of a query's one field, tried until the server is there.
func ask(_ options: PostgresOptions, _ sql: String) async throws -> String? {
    let pool = PostgresPool(options, size: 1)
    try await pool.waitUntilReachable(for: .seconds(30))
    let answer = try await pool.run { connection throws(PostgresError) in
        try connection.query("SELECT (\(sql))::text").text(0, 0)
    }
    await pool.close()
    return answer
}

/// The processes that work in a cluster's folder.
func processes(in folder: String) -> [Int32] {
    Files.names(in: "/proc").compactMap { Int32($0) }
        .filter { Files.destination(of: "/proc/\($0)/cwd") == folder }
}

/// Those of them that are nobody's child there: the postmasters.
func postmasters(in folder: String) -> [Int32] {
    let all = processes(in: folder)
    return all.filter { process in
        let status = Files.read("/proc/\(process)/stat") ?? ""
        let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 1, let parent = Int32(fields[1]) else { return false }
        return !all.contains(parent)
    }
}

@Suite(.serialized)
struct PrivateClusterTests {
    @Test func `the first start makes a database with checksums on a socket of one's own`()
        async throws
    {
        try await withCluster { cluster, folder in
            let began = ContinuousClock.now
            try await cluster.start()
            let options = try cluster.options()
            #expect(try await ask(options, "current_setting('data_checksums')") == "on")
            #expect(try await ask(options, "current_setting('listen_addresses')") == "")
            #expect(try await ask(options, "current_database() || current_user") == "weirweir")
            print("first start to an answer: \(ContinuousClock.now - began)")
            var status = stat()
            #expect(stat(folder.file("pg/run"), &status) == 0 && status.st_mode & 0o777 == 0o700)
            let process = try #require(await cluster.process)
            #expect(postmasters(in: folder.file("pg/cluster")) == [process])
            if UserIdentity.current.isRoot {
                #expect(Files.owner(of: "/proc/\(process)")?.isRoot == false)
            }
            await cluster.stop()
            #expect(processes(in: folder.file("pg/cluster")).isEmpty)
            let again = ContinuousClock.now
            try await cluster.start()
            print("later start to an answer: \(ContinuousClock.now - again)")
            #expect(try await ask(options, "1") == "1")
        }
    }

    @Test func `the reader may connect and make nothing`() async throws {
        try await withCluster { cluster, _ in
            try await cluster.start()
            let reader = try cluster.options(asReader: true)
            #expect(try await ask(reader, "current_user") == "weir_reader")
            await #expect(throws: PostgresError.self) {
                try await PostgresSession(reader).run { connection throws(PostgresError) in
                    try connection.run("CREATE TABLE public.t ()")
                }
            }
        }
    }

    @Test func `a second Weir on the same folder is refused`() async throws {
        try await withCluster { cluster, folder in
            try await cluster.start()
            let second = try PrivateCluster(folder.file("pg"), log: .silent)
            #expect(second.isRunning)
            await #expect(
                throws: PrivatePostgresError.inUse(
                    folder: folder.file("pg"), process: Int(getpid()))
            ) { try await second.start() }
            #expect(postmasters(in: folder.file("pg/cluster")).count == 1)
        }
    }

    @Test func `a server that outlived its Weir is adopted`() async throws {
        try await withCluster { cluster, folder in
            var first: PrivateCluster? = try PrivateCluster(folder.file("pg"), log: .silent)
            try await first?.start()
            let process = await first?.process
            // Dropped and not stopped, as by a crash; the lock goes with it.
            first = nil
            try await cluster.start()
            #expect(await cluster.process == process)
            #expect(postmasters(in: folder.file("pg/cluster")).count == 1)
            await cluster.stop()
            #expect(processes(in: folder.file("pg/cluster")).isEmpty)
        }
    }

    @Test func `a pid file whose number is another program's by now is no obstacle`() async throws {
        try await withCluster { cluster, folder in
            try await cluster.start()
            await cluster.stop()
            let other = try Command("/bin/sleep", ["600"]).start()
            defer { other.signal(.kill) }
            let path = folder.file("pg/cluster/postmaster.pid")
            try Files.write("\(other.pid)\n\(folder.file("pg/cluster"))\n", to: path)
            try await cluster.start()
            #expect(try await ask(try cluster.options(), "1") == "1")
            #expect(other.status == nil)
        }
    }

    @Test func `a folder that is not Weir's is left alone`() async throws {
        try await withCluster { cluster, folder in
            try Files.makeFolder(folder.file("pg"))
            try Files.makeFolder(folder.file("pg/cluster"))
            try Files.write("15\n", to: folder.file("pg/cluster/PG_VERSION"))
            await #expect(
                throws: PrivatePostgresError.foreignFolder(folder.file("pg/cluster"))
            ) { try await cluster.start() }
            #expect(Files.names(in: folder.file("pg/cluster")) == ["PG_VERSION"])
        }
    }

    @Test func `a cluster of another version is refused with the package's name`() async throws {
        try await withCluster { cluster, folder in
            try Files.makeFolder(folder.file("pg"))
            try Files.makeFolder(folder.file("pg/cluster"))
            try Files.write("14\n", to: folder.file("pg/cluster/PG_VERSION"))
            try Files.write("", to: folder.file("pg/cluster/weir.conf"))
            let error = await #expect(throws: PrivatePostgresError.self) {
                try await cluster.start()
            }
            guard case .otherVersion(_, let made, _) = error else {
                Issue.record("unexpected: \(String(describing: error))")
                return
            }
            #expect(made == 14)
            #expect(error?.description.contains("apt-get install postgresql-14") == true)
        }
    }

    @Test func `a disk without room is told before anything is made`() async throws {
        let folder = try TemporaryFolder("cluster")
        chmod(folder.path, 0o755)
        let cluster = try PrivateCluster(folder.file("pg"), log: .silent, roomToMake: 1 << 60)
        let error = await #expect(throws: PrivatePostgresError.self) { try await cluster.start() }
        guard case .diskFull(_, _, let needed) = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
        #expect(needed == 1 << 60)
        #expect(Files.kind(of: folder.file("pg/cluster")) == .nothing)
    }

    @Test func `a making that was cut off leaves no half of a cluster`() async throws {
        try await withCluster { cluster, folder in
            try Files.makeFolder(folder.file("pg"))
            try Files.makeFolder(folder.file("pg/cluster.making"))
            try Files.write("15\n", to: folder.file("pg/cluster.making/PG_VERSION"))
            chown(folder.file("pg"), UserIdentity.current.user, UserIdentity.current.group)
            chmod(folder.file("pg"), 0o755)
            if UserIdentity.current.isRoot {
                let owner = try UserIdentity(named: "postgres")
                chown(folder.file("pg"), owner.user, owner.group)
            }
            try await cluster.start()
            #expect(Files.kind(of: folder.file("pg/cluster.making")) == .nothing)
        }
    }

    @Test func `a machine without PostgreSQL says which package to install`() async throws {
        let folder = try TemporaryFolder("cluster")
        let cluster = try PrivateCluster(folder.file("pg"), log: .silent, places: ["/nowhere"])
        let error = await #expect(throws: PrivatePostgresError.self) { try await cluster.start() }
        #expect(
            error?.description == """
                Weir keeps its samples in PostgreSQL 15 or newer and finds none on this machine \
                (looked in /usr/lib/postgresql/*/bin, /nowhere); install it with: \
                apt-get install postgresql, or name a server with database: postgres://…
                """)
    }

    @Test func `settings that the server refuses are told in its words`() async throws {
        try await withCluster { cluster, folder in
            try await cluster.start()
            await cluster.stop()
            try Files.write("shared_bufers = 3\n", to: folder.file("pg/custom.conf"), mode: 0o644)
            chmod(folder.file("pg/custom.conf"), 0o644)
            let error = await #expect(throws: PrivatePostgresError.self) {
                try await cluster.start()
            }
            #expect(error?.description.contains("shared_bufers") == true)
            Files.remove(folder.file("pg/custom.conf"))
            try await cluster.start()
        }
    }
}

import Glibc
import Postgres
import Processes
import TestKit
import Testing

/// `weir run` on a small disk of its own, which goes with it: a tmpfs in a mount namespace, in a
/// process namespace whose end ends the server too.
private struct SmallDisk {
    let weir: ChildProcess
    private let folder: TemporaryFolder

    /// Whether this machine lets the tests mount; says so where it does not.
    static func isAllowed() async throws -> Bool {
        let outcome = try await ChildProcess.run(
            unshare + ["sh", "-c", "mount -t tmpfs -o size=1m none /mnt"])
        if outcome.status == 0 { return true }
        print("full disk: not tested, since mounting is not allowed here: \(outcome.errors)")
        return false
    }

    init(megabytes: Int) async throws {
        folder = try TemporaryFolder("disk")
        chmod(folder.path, 0o755)
        let script = """
            mount -t tmpfs -o size=\(megabytes)m,mode=755 none "$0" &&
            exec "$1" run --web.listen-address=127.0.0.1:0 --storage.tsdb.path="$0/data"
            """
        weir = try await ChildProcess.start(
            Self.unshare + ["sh", "-c", script, folder.path, Built.weir])
    }

    private static let unshare = ["unshare", "-m", "-p", "--fork", "--kill-child", "--mount-proc"]

    /// The process of Weir, which sees the disk.
    private func inside() throws -> Int32 {
        let children = Files.read("/proc/\(weir.pid)/task/\(weir.pid)/children") ?? ""
        return try #require(children.split(separator: " ").first.flatMap { Int32($0) })
    }

    /// The disk as seen from outside of its namespace.
    private func disk() throws -> String { "/proc/\(try inside())/root\(folder.path)" }

    func options() throws -> PostgresOptions {
        try PostgresOptions("host=\(try disk())/data/postgres/run user=weir dbname=weir")
    }

    /// Takes all but `megabytes` of what is free.
    func fill(leaving megabytes: Int) throws {
        let free = try #require(Files.freeBytes(at: try disk()))
        let file = open(try disk() + "/filler", O_WRONLY | O_CREAT, 0o600)
        #expect(posix_fallocate(file, 0, free - megabytes << 20) == 0)
        close(file)
    }

    func empty() throws { Files.remove(try disk() + "/filler") }

    /// Kills PostgreSQL, where it has not given up by itself.
    func killServer() async throws {
        let file = Files.read(try disk() + "/data/postgres/cluster/postmaster.pid") ?? ""
        guard let process = file.split(separator: "\n").first else { return }
        let words = [
            "nsenter", "-t", "\(try inside())", "-m", "-p", "sh", "-c", "kill -9 \(process)",
        ]
        // It may end between the look and the signal; what counts is that it is gone.
        _ = try await ChildProcess.run(words)
    }

    func says(_ text: String) async throws -> Bool {
        try await eventually { weir.errors.contains(text) || !weir.isRunning }
            && weir.errors.contains(text)
    }

    func stop() async throws {
        kill(try inside(), SIGTERM)
        _ = await weir.outcome()
    }
}

@Suite(.serialized)
struct FullDiskTests {
    @Test func `a disk too small for a database is refused with how much is missing`() async throws
    {
        guard try await SmallDisk.isAllowed() else { return }
        let disk = try await SmallDisk(megabytes: 100)
        let outcome = await disk.weir.outcome()
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("MB left and PostgreSQL needs 256 MB; make room"))
    }

    @Test func `a disk that runs full is told, and all that was committed is there afterwards`()
        async throws
    {
        guard try await SmallDisk.isAllowed() else { return }
        let disk = try await SmallDisk(megabytes: 320)
        #expect(try await disk.says("msg=ready"), "\(disk.weir.errors)")
        let pool = PostgresPool(try disk.options(), size: 1)
        try await pool.run { connection throws(PostgresError) in
            try connection.run("CREATE TABLE written (n int8 PRIMARY KEY, filler text)")
        }
        try disk.fill(leaving: 10)
        var committed: Int64 = 0
        var fault: PostgresError?
        while fault == nil && committed < 1000 {
            do throws(PostgresError) {
                try await write(committed + 1, to: pool)
                committed += 1
            } catch {
                fault = error
            }
        }
        #expect(committed > 0)
        #expect(fault?.isTransient == true, "\(fault?.description ?? "never full")")
        print("full disk: after \(committed) rows: \(fault?.description ?? "")")
        #expect(try await disk.says("PostgreSQL needs 32 MB"), "\(disk.weir.errors)")
        // Dead on a full disk, it is not started: what a recovery writes would not fit.
        try await disk.killServer()
        #expect(try await disk.says("PostgreSQL does not start"), "\(disk.weir.errors)")
        try disk.empty()
        #expect(try await disk.says("PostgreSQL is back"), "\(disk.weir.errors)")
        try await pool.waitUntilReachable(for: .seconds(30))
        try await write(committed + 2, to: pool)
        let last = committed
        let count = try await pool.run { connection throws(PostgresError) in
            try connection.query("SELECT count(*) FROM written WHERE n <= $1", [.int8(last)])
                .int(0, 0)
        }
        #expect(count == Int(last))
        try await disk.stop()
    }

    /// A row of 200 kB that does not get smaller.
    private func write(_ number: Int64, to pool: PostgresPool) async throws(PostgresError) {
        try await pool.run { connection throws(PostgresError) in
            _ = try connection.execute(
                """
                INSERT INTO written SELECT $1, string_agg(md5(random()::text), '')
                FROM generate_series(1, 6000)
                """, [.int8(number)])
        }
    }
}

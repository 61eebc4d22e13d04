import Glibc
import Postgres
import PrivatePostgres
import Processes
import Telemetry
import TestKit
import Testing

/// How often each fault is tried: a few times, or as `WEIR_FAULT_ROUNDS` says.
private let rounds = getenv("WEIR_FAULT_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 3

@Suite(.serialized)
struct ClusterFaultTests {
    @Test func `a postmaster that is killed during writes is back within five seconds`()
        async throws
    {
        try await withCluster { cluster, folder in
            try await cluster.start()
            let watch = Task { await cluster.watch() }
            let pool = PostgresPool(try cluster.options(), size: 2)
            try await pool.run { connection throws(PostgresError) in
                try connection.run("CREATE TABLE written (n int8 PRIMARY KEY)")
            }
            var committed: Int64 = 0
            var slowest = Duration.zero
            // Five seconds where it runs by itself, as in `make test-faults`; in few rounds it runs
            // beside hundreds of others, which may want all cores.
            let limit = Duration.seconds(rounds > 3 ? 5 : 20)
            for round in 0..<rounds {
                let target = committed + Int64.random(in: 5...60)
                while committed < target {
                    committed = try await write(committed + 1, to: pool)
                }
                let process = try #require(await cluster.process)
                RunningProcess(pid: process)?.signal(.kill)
                let killed = ContinuousClock.now
                // The session finds a new connection by itself; nothing is restarted here.
                committed = try await write(committed + 1, to: pool)
                let isBack = try await eventually {
                    let now = await cluster.process
                    return now != nil && now != process
                        && postmasters(in: folder.file("pg/cluster")).count == 1
                }
                #expect(isBack)
                slowest = max(slowest, ContinuousClock.now - killed)
                #expect(slowest < limit, "round \(round)")
            }
            print("kill -9 of the postmaster, \(rounds) rounds: slowest return \(slowest)")
            let count = try await ask(try cluster.options(), "SELECT count(*) FROM written")
            #expect(count == "\(committed)")
            watch.cancel()
            await watch.value
        }
    }

    /// Writes `number` until it is known to be there, and gives it back.
    private func write(_ number: Int64, to pool: PostgresPool) async throws -> Int64 {
        while true {
            do throws(PostgresError) {
                try await pool.run { connection throws(PostgresError) in
                    _ = try connection.execute(
                        "INSERT INTO written VALUES ($1) ON CONFLICT DO NOTHING", [.int8(number)])
                }
                return number
            } catch {
                guard error.isTransient else { throw error }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func `what was committed outlives a crash of both`() async throws {
        try await withCluster { cluster, folder in
            try await cluster.start()
            let session = PostgresSession(try cluster.options())
            try await session.run { connection throws(PostgresError) in
                try connection.run("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
            }
            for process in processes(in: folder.file("pg/cluster")) {
                RunningProcess(pid: process)?.signal(.kill)
            }
            try await cluster.start()
            let count = try await ask(try cluster.options(), "SELECT count(*) FROM t")
            #expect(count == "1000")
        }
    }
}

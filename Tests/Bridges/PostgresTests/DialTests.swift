import Glibc
import Postgres
import TestKit
import Testing

/// A server that takes connections and never says a word.
private final class SilentServer: Sendable {
    let descriptor: Int32
    let port: Int

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound, listen(descriptor, 8) == 0 else { throw SystemError("bind", path: "tcp") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// Waits until somebody has connected.
    func waitForCaller() async throws {
        let isThere = try await eventually {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return poll(&watched, 1, 0) == 1
        }
        #expect(isThere)
    }

    /// Would take a minute to give up.
    func options() throws -> PostgresOptions {
        try PostgresOptions("host=127.0.0.1 port=\(port) user=u dbname=d connect_timeout=60")
    }
}

struct DialTests {
    @Test(.timeLimit(.minutes(1)))
    func `a cancelled task does not wait for a server that never answers`() async throws {
        let server = try SilentServer()
        let session = PostgresSession(try server.options())
        // The second finds the first one's try still running, and is not held up by it either.
        for _ in 0..<2 {
            let task = Task {
                try await session.run { connection throws(PostgresError) in
                    try connection.run("SELECT 1")
                }
            }
            try await server.waitForCaller()
            let began = ContinuousClock.now
            task.cancel()
            await #expect(throws: PostgresError.cancelled) { try await task.value }
            #expect(ContinuousClock.now - began < .seconds(20))
        }
        await session.disconnect()
    }

    @Test func `tasks that share a session share the connection that is being made`() async throws {
        let session = PostgresSession(
            try PostgresOptions(try await PostgresServer.shared.makeDatabase()))
        let seen = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await session.run { connection throws(PostgresError) in
                        try connection.query("SELECT pg_backend_pid()").int(0, 0)
                    }
                }
            }
            var seen: Set<Int?> = []
            for try await process in group { seen.insert(process) }
            return seen
        }
        #expect(seen.count == 1)
    }

    @Test func `a pool counts who waits, what is lent and what was lost`() async throws {
        let options = try PostgresOptions(try await PostgresServer.shared.makeDatabase())
        let pool = PostgresPool(options, size: 1)
        let other = PostgresSession(options)
        #expect(pool.use == PostgresPoolUse())
        let first = try await pool.run { connection throws(PostgresError) in
            try connection.query("SELECT pg_backend_pid()").int(0, 0)
        }
        let holder = Task {
            try await pool.withSession { session throws(PostgresError) in
                try await session.run { connection throws(PostgresError) in
                    try connection.run("SELECT pg_sleep(600)")
                }
            }
        }
        // The two tasks may begin in any order; the one that waits has to come second.
        let isLent = try await eventually { pool.use.lent == 1 }
        #expect(isLent)
        let waiter = Task {
            try await pool.run { connection throws(PostgresError) in try connection.run("SELECT 1")
            }
        }
        let isCounted = try await eventually { pool.use.waiting == 1 && pool.use.lent == 1 }
        #expect(isCounted)
        holder.cancel()
        _ = await holder.result
        _ = try await waiter.value
        #expect(pool.use == PostgresPoolUse())
        try await other.run { connection throws(PostgresError) in
            _ = try connection.query(
                "SELECT pg_terminate_backend($1, 5000)", [.int4(Int32(first ?? 0))])
        }
        try await pool.run { connection throws(PostgresError) in try connection.run("SELECT 1") }
        #expect(pool.use.reconnects == 1)
        #expect(pool.use.lent == 0)
    }
}

import Postgres
import TestKit
import Testing

struct PostgresSessionTests {
    @Test func `a cancelled task stops its statement, and the session goes on`() async throws {
        let session = PostgresSession(try await freshOptions())
        let (started, sink) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await session.run { connection throws(PostgresError) in
                sink.yield(())
                try connection.run("SELECT pg_sleep(600)")
            }
        }
        var iterator = started.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        await #expect(throws: PostgresError.cancelled) { try await task.value }
        let process = try await session.run { connection throws(PostgresError) in
            try connection.query("SELECT 5").int(0, 0)
        }
        #expect(process == 5)
    }

    @Test func `a cancelled COPY stops and keeps nothing`() async throws {
        let session = PostgresSession(try await freshOptions())
        try await session.run { connection throws(PostgresError) in
            try connection.run("CREATE TABLE t (n int8)")
        }
        let (started, sink) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await session.run { connection throws(PostgresError) in
                try connection.copyIn("COPY t FROM STDIN (FORMAT binary)") {
                    row throws(PostgresError) in
                    sink.yield(())
                    while true {
                        try row.startRow(fields: 1)
                        row.int8(1)
                    }
                }
            }
        }
        var iterator = started.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        await #expect(throws: PostgresError.cancelled) { try await task.value }
        let count = try await session.run { connection throws(PostgresError) in
            try connection.query("SELECT count(*) FROM t").int(0, 0)
        }
        #expect(count == 0)
    }

    @Test func `what was cancelled before it began never reaches the server`() async throws {
        let session = PostgresSession(try await freshOptions())
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await session.run { connection throws(PostgresError) in
                try connection.run("SELECT 1")
            }
        }
        await #expect(throws: PostgresError.cancelled) { try await task.value }
    }

    @Test func `a session makes a new connection after the old one was ended`() async throws {
        let options = try await freshOptions()
        let session = PostgresSession(options)
        let other = PostgresSession(options)
        let first = try await session.run { connection throws(PostgresError) in
            try connection.query("SELECT pg_backend_pid()").int(0, 0)
        }
        _ = try await other.run { connection throws(PostgresError) in
            try connection.query(
                "SELECT pg_terminate_backend($1, 5000)", [.int4(Int32(first ?? 0))]
            ).bool(0, 0)
        }
        let second = try await session.run { connection throws(PostgresError) in
            try connection.query("SELECT pg_backend_pid()").int(0, 0)
        }
        #expect(second != first)
    }

    @Test func `a transaction left open does not last`() async throws {
        let session = PostgresSession(try await freshOptions())
        try await session.run { connection throws(PostgresError) in
            try connection.run("BEGIN; CREATE TABLE t ()")
        }
        let name = try await session.run { connection throws(PostgresError) in
            try connection.query("SELECT to_regclass('t')::text").text(0, 0)
        }
        #expect(name == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func `blocking sessions leave the cooperative pool free`() async throws {
        let options = try await freshOptions()
        // More blocked statements than the machine has cores; all wait for the holder's lock.
        let pool = PostgresPool(options, size: 32)
        let holder = PostgresSession(options)
        try await holder.run { connection throws(PostgresError) in
            try connection.run("SELECT pg_advisory_lock(1)")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<31 {
                group.addTask { () async throws -> Void in
                    _ = try await pool.run { connection throws(PostgresError) in
                        try connection.run("SELECT pg_advisory_xact_lock_shared(1)")
                    }
                }
            }
            // Only a free pool gets to see that all of them wait.
            var waiting: Int?
            repeat {
                waiting = try await holder.run { connection throws(PostgresError) in
                    try connection.query("SELECT count(*) FROM pg_locks WHERE NOT granted")
                        .int(0, 0)
                }
            } while waiting ?? 0 < 31
            try await holder.run { connection throws(PostgresError) in
                try connection.run("SELECT pg_advisory_unlock(1)")
            }
            try await group.waitForAll()
        }
    }
}

struct PostgresPoolTests {
    @Test func `no more connections than its size, and everybody gets a turn`() async throws {
        let pool = PostgresPool(try await freshOptions(), size: 2)
        let processes = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    try await pool.run { connection throws(PostgresError) in
                        try connection.query("SELECT pg_backend_pid()").int(0, 0)
                    }
                }
            }
            var seen: Set<Int?> = []
            for try await process in group { seen.insert(process) }
            return seen
        }
        #expect(processes.count <= 2)
    }

    @Test func `who waits for a turn can be cancelled`() async throws {
        let pool = PostgresPool(try await freshOptions(), size: 1)
        let (started, sink) = AsyncStream.makeStream(of: Void.self)
        let holder = Task {
            try await pool.run { connection throws(PostgresError) in
                sink.yield(())
                try connection.run("SELECT pg_sleep(600)")
            }
        }
        var iterator = started.makeAsyncIterator()
        await iterator.next()
        let waiter = Task {
            try await pool.run { connection throws(PostgresError) in
                try connection.run("SELECT 1")
            }
        }
        waiter.cancel()
        await #expect(throws: PostgresError.cancelled) { try await waiter.value }
        holder.cancel()
        await #expect(throws: PostgresError.cancelled) { try await holder.value }
    }

    @Test func `a closed pool says so`() async throws {
        let pool = PostgresPool(try await freshOptions())
        await pool.close()
        await #expect(throws: PostgresError.closed) {
            try await pool.run { connection throws(PostgresError) in try connection.run("SELECT 1")
            }
        }
    }

    @Test func `a server that is down is not hammered, and found again when it is back`()
        async throws
    {
        let server = try await PostgresServer(.init())
        let pool = PostgresPool(try PostgresOptions(server.connectionString()), size: 2)
        try await pool.waitUntilReachable(for: .seconds(20))
        await server.kill()
        var faults: [PostgresError] = []
        // Its children end a moment later, so that the first statements may still be answered.
        while faults.count < 3 {
            do {
                try await pool.run { connection throws(PostgresError) in
                    try connection.run("SELECT 1")
                }
            } catch {
                faults.append(error)
            }
        }
        #expect(faults.count == 3)
        #expect(faults.allSatisfy { $0.isTransient })
        #expect(faults.last == faults.dropLast().last, "the gate repeats the reason")
        try await server.start()
        try await pool.waitUntilReachable(for: .seconds(20))
        await server.stop()
    }
}

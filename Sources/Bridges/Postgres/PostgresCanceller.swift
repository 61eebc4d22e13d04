import CPostgres
import Glibc
import Threads

/// Stops what a connection is doing, from any thread.
///
/// A statement is cancelled only while its own `begin`…`end` lasts, so that a late request never
/// hits the statement after it.
// Safe to share: `PQcancel` is thread-safe by its documentation, and the handle never changes.
final class PostgresCanceller: @unchecked Sendable {
    private let handle: OpaquePointer
    private let running = Locked<Running?>(nil)

    private struct Running {
        var ticket: UInt64
        var isCancelled: Bool
    }

    init(owning handle: OpaquePointer) { self.handle = handle }

    deinit { PQfreeCancel(handle) }

    /// From here on, `cancel(ticket)` stops the connection.
    func begin(_ ticket: UInt64) {
        running.withLock { $0 = Running(ticket: ticket, isCancelled: false) }
    }

    /// Ends what `begin` began; tells whether it was cancelled in between.
    func end() -> Bool {
        running.withLock { running in
            defer { running = nil }
            return running?.isCancelled ?? false
        }
    }

    /// Whether the work at hand has been cancelled, for loops that can stop by themselves.
    var isCancelled: Bool { running.withLock { $0?.isCancelled ?? false } }

    /// Asks the server to stop, if `ticket` is what it is working on; `false` if it is not.
    ///
    /// It connects to the server, so it blocks: `PostgresSession` calls it on a thread of its own.
    func cancel(_ ticket: UInt64) -> Bool {
        running.withLock { running in
            guard running?.ticket == ticket else { return false }
            running?.isCancelled = true
            // While the lock is held `end` waits, so the request cannot reach the next statement.
            // What PQcancel says is of no use: either the statement ends, or it is over already.
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                _ = PQcancel(handle, message.baseAddress, Int32(message.count))
            }
            return true
        }
    }
}

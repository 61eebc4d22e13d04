import CSystem
import Glibc
import Threads

/// A message of `NOTIFY`.
public struct PostgresNotification: Equatable, Sendable {
    /// The channel it was sent on.
    public var channel: String
    /// Its text, empty if `NOTIFY` had none.
    public var payload: String
    /// The server process that sent it.
    public var sender: Int32
}

/// Hears what is sent by `NOTIFY`, on a connection and a thread of its own.
public enum PostgresListener {
    /// What a listener has to say.
    public enum Event: Equatable, Sendable {
        /// It listens from here on; what was sent before is missed, so look for yourself now.
        case listening
        /// Something was sent.
        case notification(PostgresNotification)
        /// The connection broke; it is made anew, and `.listening` says when.
        case interrupted(PostgresError)
    }

    /// Listens on `channels` until the stream is dropped.
    ///
    /// If events come faster than they are read, the oldest of more than 4,096 are dropped.
    public static func events(
        _ options: PostgresOptions, channels: [String]
    ) -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(4096))
        let wake = WakeUp()
        continuation.onTermination = { _ in wake.stop() }
        let loop = ListenLoop(
            options: options, channels: channels, wake: wake, events: continuation)
        // Nobody joins the thread: it ends by itself once the stream is dropped.
        _ = WorkerThread(name: "weir-pg-listen") { loop.run() }
        return stream
    }
}

private struct ListenLoop: Sendable {
    let options: PostgresOptions
    let channels: [String]
    let wake: WakeUp
    let events: AsyncStream<PostgresListener.Event>.Continuation

    func run() {
        var backoff = Backoff()
        while !wake.isStopped {
            do throws(PostgresError) {
                let connection = try PostgresConnection(options)
                for channel in channels {
                    try connection.run("LISTEN \(quoted(identifier: channel))")
                }
                backoff.reset()
                events.yield(.listening)
                try listen(connection.handle)
            } catch {
                events.yield(.interrupted(error))
                wake.wait(for: backoff.next())
            }
        }
        events.finish()
    }

    private func listen(_ connection: ConnectionHandle) throws(PostgresError) {
        while !wake.isStopped {
            while let note = connection.nextNotification() { events.yield(.notification(note)) }
            connection.waitForInput(orWake: wake.descriptor, limit: .seconds(30))
            try connection.consumeInput()
        }
    }
}

/// Ends a thread's wait from another thread.
// Safe to share: the descriptor never changes, and the kernel guards what it counts.
private final class WakeUp: @unchecked Sendable {
    let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    private let stopped = Locked(false)

    deinit { close(descriptor) }

    var isStopped: Bool { stopped.withLock { $0 } }

    func stop() {
        stopped.withLock { $0 = true }
        eventfd_write(descriptor, 1)
    }

    func wait(for duration: Duration) {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&watched, 1, Int32(duration / .milliseconds(1)))
    }
}

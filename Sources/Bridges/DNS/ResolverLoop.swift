import CAres
import Glibc
import Threads

// Safe to share: `channel` is touched by `run()`'s thread only, and by `deinit` once that has ended;
// everything else is behind a lock.
/// The thread that owns c-ares's channel and waits for its sockets.
final class ResolverLoop: @unchecked Sendable {
    /// One question, and what is called with its answer.
    final class Query: Sendable {
        let name: String
        let kind: DNSRecord.Kind
        let answer: @Sendable (Result<[DNSRecord], DNSError>) -> Void

        init(
            name: String, kind: DNSRecord.Kind,
            answer: @escaping @Sendable (Result<[DNSRecord], DNSError>) -> Void
        ) {
            (self.name, self.kind, self.answer) = (name, kind, answer)
        }
    }

    private struct Inbox {
        var queries: [Query] = []
        var isStopped = false
    }

    private let channel: ares_channel
    private let inbox = Locked(Inbox())
    /// Reading end and writing end of a pipe that wakes the thread.
    private let wake: (reading: Int32, writing: Int32)

    init(servers: [String], timeoutMilliseconds: Int32, tries: Int32) throws(DNSError) {
        var code = ares_library_init(ARES_LIB_INIT_ALL)
        guard code == ARES_SUCCESS else { throw Self.unavailable(code) }
        var options = ares_options()
        options.timeout = timeoutMilliseconds
        options.tries = tries
        var channel: ares_channel?
        let mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
        code = ares_init_options(&channel, &options, mask)
        guard code == ARES_SUCCESS, let channel else { throw Self.unavailable(code) }
        if !servers.isEmpty {
            code = ares_set_servers_ports_csv(channel, servers.joined(separator: ","))
            guard code == ARES_SUCCESS else {
                ares_destroy(channel)
                throw Self.unavailable(code)
            }
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            ares_destroy(channel)
            throw .unavailable(reason: String(cString: strerror(errno)))
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        self.channel = channel
        wake = (ends[0], ends[1])
    }

    deinit {
        ares_destroy(channel)
        close(wake.reading)
        close(wake.writing)
    }

    func ask(_ query: Query) {
        inbox.withLock { $0.queries.append(query) }
        interrupt()
    }

    func stop() {
        inbox.withLock { $0.isStopped = true }
        interrupt()
    }

    /// Works until it is stopped; questions without an answer are then answered with an error.
    func run() {
        while true {
            let (queries, isStopped) = inbox.withLock { inbox in
                defer { inbox.queries = [] }
                return (inbox.queries, inbox.isStopped)
            }
            for query in queries { begin(query) }
            if isStopped {
                ares_cancel(channel)
                return
            }
            waitOnce()
        }
    }

    private func begin(_ query: Query) {
        let context = Unmanaged.passRetained(query).toOpaque()
        ares_search(channel, query.name, 1, query.kind.code, answered, context)
    }

    /// Waits for a socket, a timeout or a new question, and lets c-ares work.
    private func waitOnce() {
        var sockets = [ares_socket_t](repeating: ARES_SOCKET_BAD, count: 16)
        let bits = ares_getsock(channel, &sockets, 16)
        var watched = [pollfd(fd: wake.reading, events: Int16(POLLIN), revents: 0)]
        for number in 0..<16 {
            var events: Int32 = 0
            if weir_ares_reads(bits, Int32(number)) != 0 { events |= POLLIN }
            if weir_ares_writes(bits, Int32(number)) != 0 { events |= POLLOUT }
            guard events != 0 else { continue }
            watched.append(pollfd(fd: sockets[number], events: Int16(events), revents: 0))
        }
        var longest = timeval(tv_sec: 60, tv_usec: 0)
        var next = timeval()
        let timeout = ares_timeout(channel, &longest, &next).pointee
        poll(
            &watched, nfds_t(watched.count),
            Int32(timeout.tv_sec * 1000 + timeout.tv_usec / 1000 + 1))
        if watched[0].revents != 0 { emptyWake() }
        let failed = Int16(POLLERR | POLLHUP)
        for entry in watched.dropFirst() where entry.revents != 0 {
            let reads = entry.revents & (Int16(POLLIN) | failed) != 0
            let writes = entry.revents & (Int16(POLLOUT) | failed) != 0
            ares_process_fd(
                channel, reads ? entry.fd : ARES_SOCKET_BAD, writes ? entry.fd : ARES_SOCKET_BAD)
        }
        // Without a socket it looks at its timeouts.
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD)
    }

    private func interrupt() {
        var byte: UInt8 = 1
        // A full pipe wakes the thread as well as one more byte would.
        _ = write(wake.writing, &byte, 1)
    }

    private func emptyWake() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(wake.reading, &bytes, bytes.count) > 0 {}
    }

    private static func unavailable(_ code: Int32) -> DNSError {
        .unavailable(reason: String(cString: ares_strerror(code)))
    }
}

/// What c-ares calls with an answer; at top level, because it is called from C.
private func answered(
    _ context: UnsafeMutableRawPointer?, _ status: Int32, _: Int32,
    _ bytes: UnsafeMutablePointer<UInt8>?, _ length: Int32
) {
    guard let context else { return }
    let query = Unmanaged<ResolverLoop.Query>.fromOpaque(context).takeRetainedValue()
    var status = status
    var records: [DNSRecord] = []
    if status == ARES_SUCCESS, let bytes {
        status = AnswerReader(bytes: bytes, length: length).read(query.kind, into: &records)
    }
    switch status {
    case ARES_SUCCESS, ARES_ENODATA, ARES_ENOTFOUND:
        query.answer(.success(records))
    default:
        let reason = String(cString: ares_strerror(status))
        query.answer(.failure(.failed(name: query.name, kind: query.kind, reason: reason)))
    }
}

import CMicrohttpd
import CSystem
import Glibc
import Threads

/// The thread that reads and writes sockets, and what belongs to it.
///
/// It runs libmicrohttpd's daemons instead of letting them have threads, so that accepting,
/// deadlines, clients that leave and results of tasks are all seen in one place. Two threads take
/// turns: see `ServerLoop+Turns.swift`.
// Safe to share: `mailbox` has a lock, all else is only touched by the thread whose turn it is, or
// before there is one.
final class ServerLoop: @unchecked Sendable {
    /// What other threads leave for the loop.
    struct Mailbox {
        var resumes: [Exchange] = []
        var commands: [Command] = []
        /// Tasks whose connections wait in libmicrohttpd's ready list rather than suspended.
        var unfinished = 0
        var isSleeping = false
        /// Tasks that have yet to begin, from `firstStart` on.
        var starts: [Start] = []
        var firstStart = 0
        /// How many jobs of the pool start them.
        var starters = 0
        /// What handlers have to do on the loop's own thread.
        var jobs = JobLine()

        /// Counts one more in where there is too much for those that are.
        mutating func addStarter() -> Bool {
            let waiting = starts.count - firstStart
            guard waiting > starters * 16, starters < processorCount else { return false }
            starters += 1
            return true
        }

        /// Counts one more in where those that are seem to be held up.
        mutating func addStarterForHeldUp() -> Bool {
            guard starts.count > firstStart, starters < processorCount else { return false }
            starters += 1
            return true
        }
    }

    enum Command: Sendable {
        case replaceTLS(TLSOptions, CheckedContinuation<HTTPServeError?, Never>)
        case drain(until: Instant, CheckedContinuation<Void, Never>)
    }

    let settings: ServerSettings
    let mailbox = Locked(Mailbox())
    let listeners: [ListeningSocket]
    private let events: Int32
    private let alarm: Int32
    let tick: Int32
    private var buffer = [epoll_event](repeating: epoll_event(), count: 256)
    var plain: Daemon?
    /// The newest last; the older ones keep their connections.
    var secure: [Daemon] = []
    var connections: [Connection] = []
    /// Where new connections go, while one is added.
    var receiving: Daemon?
    /// Exchanges whose task began without suspending their connection.
    var undecided = 0
    var needsRun = true
    var now = monotonicNow()
    var nextSweep = Instant.max
    var pausedListeners = false
    var drain: (until: Instant, done: CheckedContinuation<Void, Never>)?

    init(settings: ServerSettings, listeners: [ListeningSocket]) throws(HTTPServeError) {
        (self.settings, self.listeners) = (settings, listeners)
        events = epoll_create1(Int32(EPOLL_CLOEXEC))
        alarm = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        tick = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC))
        guard events >= 0, alarm >= 0, tick >= 0 else {
            throw .cannotStart(reason: String(cString: strerror(errno)))
        }
        watch(alarm, .alarm)
        if settings.options.tls == nil || listeners.contains(where: \.isUnix) {
            let daemon = try Daemon(loop: self, tls: nil)
            plain = daemon
            watch(daemon.epoll, .daemon)
        }
        if let tls = settings.options.tls { try adopt(tls) }
        for index in listeners.indices { watch(listeners[index].socket, .listener(index)) }
    }

    deinit {
        close(tick)
        close(alarm)
        close(events)
    }

    // MARK: The loop

    /// Serves the sockets; false where `turn` is over before all is drained.
    func serve(_ turn: Int) -> Bool {
        while true {
            runDaemons()
            if isDrained { return true }
            guard runJobs(turn) else { return false }
            let count = wait()
            now = monotonicNow()
            for index in 0..<count { handle(buffer[index]) }
            takeMail()
            if now >= nextSweep { sweep() }
        }
    }

    private func runDaemons() {
        needsRun = false
        plain?.run()
        for daemon in secure { daemon.run() }
        if secure.count > 1 {
            let newest = secure.count - 1
            for index in secure.indices.reversed()
            where index < newest && secure[index].connectionCount == 0 {
                unwatch(secure[index].epoll)
                secure.remove(at: index)
            }
        }
    }

    private func wait() -> Int {
        var timeout: Int32 = 0
        let isIdle =
            !needsRun
            && (undecided > 0 || (plain?.hasMore != true && !secure.contains { $0.hasMore }))
        if isIdle {
            let maySleep = mailbox.withLock { mailbox in
                mailbox.isSleeping =
                    mailbox.resumes.isEmpty && mailbox.commands.isEmpty && mailbox.jobs.isEmpty
                    && (undecided == 0 || mailbox.unfinished == undecided)
                return mailbox.isSleeping
            }
            // Handlers that are quick finish before their connections are suspended, which costs
            // more than most of them do.
            if maySleep { timeout = undecided > 0 ? 1 : millisecondsToSweep() }
        }
        let count = epoll_wait(events, &buffer, Int32(buffer.count), timeout)
        if timeout != 0 {
            let starter = mailbox.withLock { mailbox in
                mailbox.isSleeping = false
                return count == 0 && mailbox.addStarterForHeldUp()
            }
            if starter { addStarter() }
        }
        return max(0, Int(count))
    }

    private func millisecondsToSweep() -> Int32 {
        if nextSweep == .max { return -1 }
        return Int32(clamping: max(0, nextSweep - monotonicNow()) / 1_000_000 + 1)
    }

    private func takeMail() {
        let (resumes, commands) = mailbox.withLock { mailbox in
            let mail = (mailbox.resumes, mailbox.commands)
            if !mail.0.isEmpty { mailbox.resumes = [] }
            if !mail.1.isEmpty { mailbox.commands = [] }
            return mail
        }
        for exchange in resumes {
            guard let connection = exchange.connection, connection.isSuspended else { continue }
            goOnReading(connection)
        }
        for command in commands { obey(command) }
    }

    // MARK: From other threads

    /// Lets the connection of `exchange` go on, since there is something new for it.
    func resume(_ exchange: Exchange) { post { $0.resumes.append(exchange) } }

    func send(_ command: Command) { post { $0.commands.append(command) } }

    private func post(_ change: (inout Mailbox) -> Void) {
        let wakes = mailbox.withLock { mailbox in
            change(&mailbox)
            defer { mailbox.isSleeping = false }
            return mailbox.isSleeping
        }
        if wakes { ring() }
    }

    /// Wakes the loop's thread.
    func ring() { _ = eventfd_write(alarm, 1) }

    // MARK: Events

    private enum Source {
        case alarm, daemon
        case listener(Int)
        case client(Connection)

        /// What epoll keeps for us: a small number, or the address of a connection.
        var tag: UInt64 {
            switch self {
            case .alarm: 0
            case .daemon: 1
            case .listener(let index): UInt64(index) + 2
            case .client(let connection):
                UInt64(UInt(bitPattern: Unmanaged.passUnretained(connection).toOpaque()))
            }
        }
    }

    private func watch(_ descriptor: Int32, _ source: Source) {
        var event = epoll_event()
        event.events =
            if case .client = source { EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue } else {
                EPOLLIN.rawValue
            }
        event.data.u64 = source.tag
        epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event)
    }

    private func unwatch(_ descriptor: Int32) {
        var event = epoll_event()
        epoll_ctl(events, EPOLL_CTL_DEL, descriptor, &event)
    }

    private func handle(_ event: epoll_event) {
        switch event.data.u64 {
        case 0:
            var value: eventfd_t = 0
            _ = eventfd_read(alarm, &value)
        case 1: break
        case 2..<UInt64(listeners.count + 2): accept(from: listeners[Int(event.data.u64) - 2])
        default:
            // A connection is watched only while it is suspended, and such a one is in the list.
            guard let pointer = UnsafeRawPointer(bitPattern: UInt(event.data.u64)) else { return }
            let connection = Unmanaged<Connection>.fromOpaque(pointer).takeUnretainedValue()
            clientLeft(connection)
        }
    }

    func watchListeners(_ isOn: Bool) {
        for index in listeners.indices {
            if isOn {
                watch(listeners[index].socket, .listener(index))
            } else {
                unwatch(listeners[index].socket)
            }
        }
    }

    // MARK: Suspended connections

    /// Leaves `connection` alone until `resume`, but sees its client leave.
    func suspend(_ connection: Connection) {
        if connection.isSuspended { return }
        connection.suspend()
        connection.isWatched = true
        watch(connection.socket, .client(connection))
    }

    /// Ends `suspend`.
    func goOnReading(_ connection: Connection) {
        stopWatching(connection)
        connection.resume()
        needsRun = true
    }

    func stopWatching(_ connection: Connection) {
        guard connection.isWatched else { return }
        connection.isWatched = false
        unwatch(connection.socket)
    }

    /// On the loop's thread, from a body's reader.
    func waitForMore(_ exchange: Exchange) {
        if let connection = exchange.connection { suspend(connection) }
    }

    // MARK: Daemons

    /// Gives new connections to a daemon with `tls`.
    func adopt(_ tls: TLSOptions) throws(HTTPServeError) {
        let daemon = try Daemon(loop: self, tls: tls)
        secure.append(daemon)
        watch(daemon.epoll, .daemon)
    }

    /// Drops the daemons, which closes what is still open.
    func dropDaemons() {
        plain = nil
        secure = []
    }
}

private let processorCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

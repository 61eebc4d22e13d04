import CCurl
import CSystem
import Glibc

/// All transfers of one thread: the only file that names libcurl's multi handles.
///
/// libcurl says which sockets it waits for, and epoll which of them have something. So a transfer
/// costs when its own socket moves, and a thousand that hang cost nothing; libcurl's own loop would
/// look at all of them each time one moves.
///
/// There are several multi handles, each with its share of the hosts: whenever a transfer ends,
/// libcurl goes through all connections that its multi handle keeps.
final class MultiHandle {
    private var shares: [Share] = []
    fileprivate let poll: Int32
    private let wakeup: Int32
    private var idle: [EasyHandle] = []
    private var running: [ObjectIdentifier: (handle: EasyHandle, share: Share)] = [:]
    private let routes: [String]
    private let lookUp: (String) -> Void
    private var names = NameTable()
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 256)

    /// With ten thousand hosts some 150 connections each.
    private static let shareCount = 64
    /// What epoll tells of the wake-up; sockets come with the number of their share.
    private static let wakeupMark = UInt64.max

    /// Handles kept for the next transfers; each holds a few kilobytes.
    private static let idleLimit = 64

    /// Transfers that a readable `wakeup` interrupts.
    ///
    /// `lookUp` is called with names whose addresses `note` is to be told.
    init(
        wakeup: Int32, routes: [String], connectionLimit: Int,
        lookUp: @escaping (String) -> Void
    ) {
        self.wakeup = wakeup
        self.routes = routes
        self.lookUp = lookUp
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(poll >= 0, "cannot make an epoll: \(String(cString: strerror(errno)))")
        Self.watch(wakeup, EPOLLIN.rawValue, as: Self.wakeupMark, by: poll)
        // One host may need many connections, so that a share's limit is more than its share.
        let limit = max(connectionLimit / 4, 64)
        shares = (0..<Self.shareCount).map { Share($0, poll: poll, connectionLimit: limit) }
    }

    deinit {
        for (handle, share) in running.values { handle.remove(from: share.multi) }
        shares = []
        close(poll)
        events.deallocate()
    }

    /// Begins the next step of `transfer`, or ends it with the reason why that is not possible.
    func start(_ transfer: Transfer) {
        guard !transfer.isCancelled else { return transfer.fail(.cancelled) }
        let now = ContinuousClock.now
        let left = transfer.deadline - now
        guard left > .zero else {
            let (url, time) = (transfer.address.description, transfer.plan.request.timeout)
            let phase = transfer.isWaitingForName ? HTTPFetchError.Phase.resolving : .head
            return transfer.fail(.timedOut(url: url, after: time, waitingFor: phase))
        }
        var addresses: [String] = []
        if let name = transfer.name(routes: routes) {
            switch names.step(transfer, to: name, now: now, ask: lookUp) {
            case .go(let known): addresses = known
            case .wait: return transfer.beginWait(now: now)
            case .fail:
                let url = transfer.address.description
                return transfer.fail(.unresolvable(url: url, host: name))
            }
        }
        transfer.endWait(now: now)
        do throws(HTTPFetchError) {
            let handle = if let last = idle.popLast() { last } else { try EasyHandle() }
            let milliseconds = Int(left / .milliseconds(1))
            try handle.prepare(
                transfer, milliseconds: milliseconds, routes: routes, addresses: addresses)
            let share = share(of: transfer)
            guard handle.add(to: share.multi) else {
                throw .failed(url: transfer.address.description, reason: "libcurl takes no more")
            }
            running[ObjectIdentifier(transfer)] = (handle, share)
        } catch {
            transfer.fail(error)
        }
    }

    /// Transfers to one host share their connections.
    private func share(of transfer: Transfer) -> Share {
        let hash = transfer.address.authority.hashValue
        return shares[Int(UInt(bitPattern: hash) % UInt(shares.count))]
    }

    /// Ends `transfer` if it is under way.
    func cancel(_ transfer: Transfer) {
        transfer.isCancelled = true
        guard let (handle, share) = running.removeValue(forKey: ObjectIdentifier(transfer)) else {
            return endLateWaits()
        }
        put(away: handle, of: share)
        transfer.fail(.cancelled)
    }

    /// Takes the answer for a name; those who waited for it go on.
    func note(_ answer: NameLookup.Answer, of name: String) {
        for transfer in names.note(answer, of: name, now: ContinuousClock.now) { start(transfer) }
    }

    /// Ends those who have waited too long for a name: beginning them says why.
    private func endLateWaits() {
        guard names.waitingCount > 0 else { return }
        for transfer in names.takeLate(now: ContinuousClock.now) { start(transfer) }
    }

    /// Ends all transfers.
    func cancelAll() {
        for (handle, _) in running.values {
            if let transfer = handle.transfer { cancel(transfer) }
        }
    }

    /// Does what sockets ask for that have something.
    ///
    /// - Parameters:
    ///   - count: what `wait` gave.
    ///   - due: when there is something more urgent.
    ///   - whenDue: called as soon as that time has come.
    func move(_ count: Int, due: ContinuousClock.Instant?, whenDue: () -> Void) {
        var due = due
        for event in events.prefix(max(0, count)) {
            let mark = event.data.u64
            guard mark != Self.wakeupMark else {
                var letters: UInt64 = 0
                eventfd_read(wakeup, &letters)
                continue
            }
            var bits: Int32 = 0
            let (readable, writable) = (EPOLLIN.rawValue, EPOLLOUT.rawValue)
            if event.events & readable != 0 { bits |= CURL_CSELECT_IN }
            if event.events & writable != 0 { bits |= CURL_CSELECT_OUT }
            // A broken connection: whichever way libcurl tries will tell it why.
            if event.events & ~(readable | writable) != 0 {
                bits |= CURL_CSELECT_ERR | CURL_CSELECT_IN
            }
            shares[Int(mark >> 32)].moved(Int32(truncatingIfNeeded: mark), bits)
            if let time = due, time <= .now {
                due = nil
                whenDue()
            }
        }
        harvest()
    }

    /// Does what libcurl asked to be called for by now.
    func tick() {
        let now = ContinuousClock.now
        for share in shares { share.tick(now) }
        harvest()
        endLateWaits()
    }

    /// Waits until sockets have something, or for the next `tick`, or until `due`; gives how many
    /// sockets have something.
    func wait(until due: ContinuousClock.Instant?) -> Int {
        var first = due
        for share in shares {
            guard let timer = share.timer else { continue }
            first = first.map { min($0, timer) } ?? timer
        }
        let now = ContinuousClock.now
        if names.waitingCount > 0 {
            let look = now + .milliseconds(50)
            first = first.map { min($0, look) } ?? look
        }
        var nanoseconds: Int64 = -1
        if let first {
            let left = min(max(.zero, first - now), .seconds(60)).components
            nanoseconds = left.seconds * 1_000_000_000 + left.attoseconds / 1_000_000_000
        }
        return Int(weir_epoll_wait(poll, events.baseAddress, Int32(events.count), nanoseconds))
    }

    private func harvest() {
        for share in shares where share.hasMoved {
            share.hasMoved = false
            var code = CURLE_OK
            while let pointer = weir_multi_next_ended(share.multi, &code) {
                let handle = EasyHandle.handle(of: pointer)
                guard let transfer = handle.transfer else {
                    preconditionFailure("BUG: an ended handle without its transfer")
                }
                let ending = handle.ending(code, of: transfer)
                running[ObjectIdentifier(transfer)] = nil
                put(away: handle, of: share)
                if transfer.endStep(ending) { start(transfer) }
            }
        }
    }

    private func put(away handle: EasyHandle, of share: Share) {
        handle.remove(from: share.multi)
        handle.release()
        if idle.count < Self.idleLimit { idle.append(handle) }
    }

    fileprivate static func watch(
        _ socket: Int32, _ events: UInt32, as mark: UInt64, by poll: Int32
    ) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = mark
        if epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) != 0 && errno == EEXIST {
            epoll_ctl(poll, EPOLL_CTL_MOD, socket, &event)
        }
    }
}

/// One of libcurl's multi handles, and what it asks for.
private final class Share {
    let multi: UnsafeMutableRawPointer
    /// When libcurl wants to be called though no socket has moved.
    var timer: ContinuousClock.Instant?
    /// Whether transfers may have ended since somebody looked.
    var hasMoved = false
    private let number: Int
    private let poll: Int32

    init(_ number: Int, poll: Int32, connectionLimit: Int) {
        guard let multi = curl_multi_init() else {
            preconditionFailure("no memory for libcurl")
        }
        self.multi = multi
        self.number = number
        self.poll = poll
        weir_multi_watch(multi, onSocket, onTimer, Unmanaged.passUnretained(self).toOpaque())
        weir_multi_number(multi, CURLMOPT_MAXCONNECTS, connectionLimit)
    }

    deinit { curl_multi_cleanup(multi) }

    /// Tells libcurl that a socket has something.
    func moved(_ socket: Int32, _ bits: Int32) {
        var left: Int32 = 0
        hasMoved = true
        curl_multi_socket_action(multi, socket, bits, &left)
    }

    /// Tells libcurl the time, where it waits for that.
    func tick(_ now: ContinuousClock.Instant) {
        guard let due = timer, due <= now else { return }
        moved(-1, 0)
        // libcurl cuts off parts of a millisecond, and does not say again what it has said: a
        // timer that came a little early would be lost.
        var milliseconds = -1
        curl_multi_timeout(multi, &milliseconds)
        timerChanged(milliseconds)
    }

    func socketChanged(_ socket: Int32, _ what: Int32) {
        switch what {
        case CURL_POLL_REMOVE:
            // It may be closed by now, which took it off the list.
            epoll_ctl(poll, EPOLL_CTL_DEL, socket, nil)
        case CURL_POLL_IN: watch(socket, EPOLLIN.rawValue)
        case CURL_POLL_OUT: watch(socket, EPOLLOUT.rawValue)
        default: watch(socket, EPOLLIN.rawValue | EPOLLOUT.rawValue)
        }
    }

    private func watch(_ socket: Int32, _ events: UInt32) {
        let mark = UInt64(number) << 32 | UInt64(UInt32(bitPattern: socket))
        MultiHandle.watch(socket, events, as: mark, by: poll)
    }

    func timerChanged(_ milliseconds: Int) {
        switch milliseconds {
        case ..<0: timer = nil
        case 0: timer = .now
        // Parts of a millisecond are cut off: a timer that came too early would come twice.
        default: timer = .now + .milliseconds(milliseconds + 1)
        }
    }
}

// At top level, because a closure formed in isolated code would check its isolation and trap.
private func onSocket(
    _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ what: Int32,
    _ context: UnsafeMutableRawPointer?, _ of: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<Share>.fromOpaque(context).takeUnretainedValue().socketChanged(socket, what)
    return 0
}

private func onTimer(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<Share>.fromOpaque(context).takeUnretainedValue().timerChanged(milliseconds)
    return 0
}

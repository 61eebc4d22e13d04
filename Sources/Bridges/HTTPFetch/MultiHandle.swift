import CCurl
import CSystem
import Glibc

/// All transfers of one thread: the only file that names libcurl's multi handle.
///
/// libcurl says which sockets it waits for, and epoll which of them have something. So a transfer
/// costs when its own socket moves, and a thousand that hang cost nothing; libcurl's own loop would
/// look at all of them each time one moves.
final class MultiHandle {
    private let multi: UnsafeMutableRawPointer
    private let poll: Int32
    private let wakeup: Int32
    private var idle: [EasyHandle] = []
    private var running: [ObjectIdentifier: EasyHandle] = [:]
    private let routes: [String]
    private let lookUp: (String) -> Void
    private var names = NameTable()
    private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 256)
    /// When libcurl wants to be called though no socket has moved.
    private var timer: ContinuousClock.Instant?

    /// Handles kept for the next transfers; each holds a few kilobytes.
    private static let idleLimit = 64

    /// Transfers that a readable `wakeup` interrupts.
    ///
    /// `lookUp` is called with names whose addresses `note` is to be told.
    init(
        wakeup: Int32, routes: [String], connectionLimit: Int,
        lookUp: @escaping (String) -> Void
    ) {
        guard let multi = curl_multi_init() else {
            preconditionFailure("no memory for libcurl")
        }
        self.multi = multi
        self.wakeup = wakeup
        self.routes = routes
        self.lookUp = lookUp
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(poll >= 0, "cannot make an epoll: \(String(cString: strerror(errno)))")
        watch(wakeup, EPOLLIN.rawValue)
        let context = Unmanaged.passUnretained(self).toOpaque()
        weir_multi_watch(multi, onSocket, onTimer, context)
        weir_multi_number(multi, CURLMOPT_MAXCONNECTS, connectionLimit)
    }

    deinit {
        for handle in running.values { handle.remove(from: multi) }
        curl_multi_cleanup(multi)
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
            guard handle.add(to: multi) else {
                throw .failed(url: transfer.address.description, reason: "libcurl takes no more")
            }
            running[ObjectIdentifier(transfer)] = handle
        } catch {
            transfer.fail(error)
        }
    }

    /// Ends `transfer` if it is under way.
    func cancel(_ transfer: Transfer) {
        transfer.isCancelled = true
        guard let handle = running.removeValue(forKey: ObjectIdentifier(transfer)) else {
            return endLateWaits()
        }
        put(away: handle)
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
        for handle in running.values {
            if let transfer = handle.transfer { cancel(transfer) }
        }
    }

    /// Waits until something moves, and does what there is to do; true if the wake-up came.
    func step() -> Bool {
        let count = Int(epoll_wait(poll, events.baseAddress, Int32(events.count), patience))
        var left: Int32 = 0
        var isWoken = false
        for event in events.prefix(max(0, count)) {
            guard event.data.fd != wakeup else {
                isWoken = true
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
            curl_multi_socket_action(multi, event.data.fd, bits, &left)
        }
        if let due = timer, due <= ContinuousClock.now {
            curl_multi_socket_action(multi, -1, 0, &left)
            // libcurl cuts off parts of a millisecond, and does not say again what it has said: a
            // timer that came a little early would be lost.
            var milliseconds = -1
            curl_multi_timeout(multi, &milliseconds)
            timerChanged(milliseconds)
        }
        harvest()
        endLateWaits()
        return isWoken
    }

    /// Milliseconds until the timer, not too early; -1 for ever.
    private var patience: Int32 {
        let longest = names.waitingCount > 0 ? 50.0 : 60_000
        guard let timer else { return names.waitingCount > 0 ? Int32(longest) : -1 }
        let left = timer - ContinuousClock.now
        guard left > .zero else { return 0 }
        return Int32(min(longest, left / .milliseconds(1) + 1))
    }

    private func harvest() {
        var code = CURLE_OK
        while let pointer = weir_multi_next_ended(multi, &code) {
            let handle = EasyHandle.handle(of: pointer)
            guard let transfer = handle.transfer else {
                preconditionFailure("BUG: an ended handle without its transfer")
            }
            let ending = handle.ending(code, of: transfer)
            running[ObjectIdentifier(transfer)] = nil
            put(away: handle)
            if transfer.endStep(ending) { start(transfer) }
        }
    }

    private func put(away handle: EasyHandle) {
        handle.remove(from: multi)
        handle.release()
        if idle.count < Self.idleLimit { idle.append(handle) }
    }

    // MARK: What libcurl asks for

    fileprivate func socketChanged(_ socket: Int32, _ what: Int32) {
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
        var event = epoll_event()
        event.events = events
        event.data.fd = socket
        if epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) != 0 && errno == EEXIST {
            epoll_ctl(poll, EPOLL_CTL_MOD, socket, &event)
        }
    }

    fileprivate func timerChanged(_ milliseconds: Int) {
        timer = milliseconds < 0 ? nil : ContinuousClock.now + .milliseconds(milliseconds)
    }
}

// At top level, because a closure formed in isolated code would check its isolation and trap.
private func onSocket(
    _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ what: Int32,
    _ context: UnsafeMutableRawPointer?, _ of: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<MultiHandle>.fromOpaque(context).takeUnretainedValue().socketChanged(socket, what)
    return 0
}

private func onTimer(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    Unmanaged<MultiHandle>.fromOpaque(context).takeUnretainedValue().timerChanged(milliseconds)
    return 0
}

import CMicrohttpd
import CSystem
import Glibc

/// Connections come and go.
extension ServerLoop {
    /// Takes what waits at a listener.
    func accept(from listener: ListeningSocket) {
        for _ in 0..<64 {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let socket = withUnsafeMutablePointer(to: &address) { place in
                place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    accept4(
                        listener.socket, $0, &length,
                        Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
                }
            }
            guard socket >= 0 else {
                // Out of descriptors: the listener would be ready again and again.
                if errno == EMFILE || errno == ENFILE { pauseListeners() }
                return
            }
            add(socket, address, length, to: listener)
        }
    }

    private func add(
        _ socket: Int32, _ address: sockaddr_storage, _ length: socklen_t,
        to listener: ListeningSocket
    ) {
        guard let daemon = listener.isUnix ? plain : secure.last ?? plain else { return }
        guard settings.connectionCount < settings.hardConnectionLimit else {
            if daemon.tls == nil { sendRaw(RawAnswer.tooManyConnections, to: socket) }
            close(socket)
            return
        }
        if !listener.isUnix {
            var one: Int32 = 1
            setsockopt(
                socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one,
                socklen_t(MemoryLayout<Int32>.size))
        }
        receiving = daemon
        needsRun = true
        var address = address
        _ = withUnsafePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                daemon.add(socket, $0, max(length, 2))
            }
        }
    }

    private func pauseListeners() {
        if pausedListeners { return }
        pausedListeners = true
        watchListeners(false)
        nextSweep = min(nextSweep, now + 100_000_000)
    }

    /// libmicrohttpd has taken over a socket.
    func opened(_ handle: OpaquePointer) -> Connection {
        guard let daemon = receiving else { preconditionFailure("BUG: nothing was accepted") }
        let count = settings.opened()
        let connection = Connection(
            handle, daemon: daemon, isOver: count > settings.options.maxConnections, now: now)
        daemon.connectionCount += 1
        connection.index = connections.count
        connections.append(connection)
        if daemon.tls != nil { askForCertificate(connection) }
        nextSweep = min(nextSweep, now + sweepInterval)
        return connection
    }

    /// libmicrohttpd closes the socket next.
    func closed(_ connection: Connection) {
        stopWatching(connection)
        settings.closed()
        connection.daemon.connectionCount -= 1
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.index] = last
            last.index = connection.index
        }
    }

    /// The client of a suspended connection has gone.
    func clientLeft(_ connection: Connection) {
        if let exchange = connection.exchange { abandon(exchange) }
        if connection.isSuspended { goOnReading(connection) }
    }

    // MARK: Deadlines

    /// How often connections are looked at: often enough for the shortest deadline.
    var sweepInterval: Int64 {
        let options = settings.options
        let shortest = min(options.headerTimeout, options.bodyTimeout, options.idleTimeout)
        return min(max(shortest.nanoseconds / 8, 10_000_000), 1_000_000_000)
    }

    /// Ends what is over its deadline.
    func sweep() {
        nextSweep = .max
        if pausedListeners {
            pausedListeners = false
            if drain == nil { watchListeners(true) }
        }
        for connection in connections { check(connection) }
        if let drain {
            if now >= drain.until { cancelAll() }
            nextSweep = max(drain.until, now + 10_000_000)
        }
        if !connections.isEmpty { nextSweep = min(nextSweep, now + sweepInterval) }
        needsRun = true
    }

    private func check(_ connection: Connection) {
        let options = settings.options
        switch connection.phase {
        case .answer: break
        case .body(let end):
            guard now >= end else { return }
            connection.hasTimedOut = true
            cut(connection, with: RawAnswer.bodyTimeout)
        case .head(let since, let received, let hasBegun):
            let limit = options.headerTimeout.nanoseconds
            if hasBegun || connection.requestCount == 0 {
                guard now - since >= limit else { return }
                let isSilent = weir_bytes_received(connection.socket) == 0
                cut(connection, with: isSilent ? nil : RawAnswer.headerTimeout)
            } else if weir_bytes_received(connection.socket) > received {
                connection.phase = .head(since: now, received: received, hasBegun: true)
            } else if now - since >= options.idleTimeout.nanoseconds {
                cut(connection, with: nil)
            }
        }
    }

    private func cut(_ connection: Connection, with answer: String?) {
        if connection.isSuspended { clientLeft(connection) }
        if let answer { sendPastDaemon(answer, on: connection) }
        connection.cut()
        needsRun = true
    }
}

/// Answers where libmicrohttpd is not asked: it knows no 408, and no connection to refuse.
enum RawAnswer {
    static let headerTimeout = timeout("the request's head took too long")
    static let bodyTimeout = timeout("the request's body took too long")
    static let tooManyConnections = text(
        "503 Service Unavailable", "too many connections", field: "Retry-After: 1\r\n")

    private static func timeout(_ reason: String) -> String {
        text("408 Request Timeout", reason, field: "")
    }

    private static func text(_ status: String, _ body: String, field: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: text/plain; charset=utf-8\r\n\(field)"
            + "Content-Length: \(body.utf8.count + 1)\r\nConnection: close\r\n\r\n\(body)\n"
    }
}

/// Sends as much of `text` as fits into the socket's buffer.
func sendRaw(_ text: String, to socket: Int32) {
    let bytes = Array(text.utf8)
    _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
}

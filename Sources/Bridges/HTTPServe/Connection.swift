import CMicrohttpd
import CSystem

/// One connection; only its loop's thread touches it.
final class Connection {
    /// What the client is waited for.
    enum Phase {
        /// The head of a request; `received` is how many bytes the socket had got at `since`.
        case head(since: Instant, received: Int64, hasBegun: Bool)
        /// The body of a request.
        case body(until: Instant)
        /// Nothing: the answer is being made or sent.
        case answer
    }

    let handle: OpaquePointer
    let socket: Int32
    let daemon: Daemon
    let peer: PeerAddress
    /// Whether it came when all connections were in use.
    let isOver: Bool
    /// Its place in the loop's list.
    var index = 0
    var phase: Phase
    /// The request target, until the head is complete.
    private(set) var target = ""
    var exchange: Exchange?
    var requestCount = 0
    /// The bytes of all requests so far, as the socket counts them.
    private var received: Int64 = 0
    /// The bytes of the request that is under way, where they are all of its head; else `nil`.
    var requestBytes: Int?
    /// Whether it was cut for being slow.
    var hasTimedOut = false
    /// Whether libmicrohttpd leaves it alone until it is resumed.
    private(set) var isSuspended = false
    /// Whether the loop was asked to tell when the client goes.
    var isWatched = false
    /// What the client showed in the handshake, once asked for.
    lazy var certificate: ClientCertificate? = daemon.tls.flatMap {
        clientCertificate(of: self, $0)
    }

    init(_ handle: OpaquePointer, daemon: Daemon, isOver: Bool, now: Instant) {
        (self.handle, self.daemon, self.isOver) = (handle, daemon, isOver)
        socket = weir_mhd_socket(handle)
        peer = PeerAddress(weir_mhd_address(handle))
        phase = .head(since: now, received: 0, hasBegun: false)
    }

    /// The request line is there.
    func begin(target: String) { self.target = target }

    func suspend() {
        isSuspended = true
        MHD_suspend_connection(handle)
    }

    func resume() {
        isSuspended = false
        MHD_resume_connection(handle)
    }

    /// Ends it from below: libmicrohttpd finds the socket closed.
    func cut() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// Waits for the next request from now on.
    func awaitHead(now: Instant) {
        // To count saves asking the socket, which a request without a body can do without.
        received = requestBytes.map { received + Int64($0) } ?? weir_bytes_received(socket)
        requestBytes = nil
        phase = .head(since: now, received: received, hasBegun: false)
    }
}

extension PeerAddress {
    init(_ address: UnsafePointer<sockaddr>?) {
        let raw = UnsafeRawPointer(address)
        switch address.map({ Int32($0.pointee.sa_family) }) {
        case AF_INET:
            guard let four = raw?.loadUnaligned(as: sockaddr_in.self) else { fallthrough }
            let bytes = withUnsafeBytes(of: four.sin_addr) { Array($0) }
            self = .ip(bytes: bytes, port: UInt16(bigEndian: four.sin_port))
        case AF_INET6:
            guard let six = raw?.loadUnaligned(as: sockaddr_in6.self) else { fallthrough }
            var bytes = withUnsafeBytes(of: six.sin6_addr) { Array($0) }
            // ::ffff:192.0.2.1 is an IPv4 address that came in over an IPv6 socket.
            if bytes[..<10].allSatisfy({ $0 == 0 }) && bytes[10...11] == [255, 255] {
                bytes.removeFirst(12)
            }
            self = .ip(bytes: bytes, port: UInt16(bigEndian: six.sin6_port))
        default: self = .unix
        }
    }
}

import CMicrohttpd
import CSystem
import Glibc

/// A socket that listens; a unix socket's file goes with it.
final class ListeningSocket: Sendable {
    let socket: Int32
    /// Where it listens, with the port that the system chose.
    let address: ListenAddress
    var isUnix: Bool { if case .unix = address { true } else { false } }

    private init(_ socket: Int32, _ address: ListenAddress) {
        (self.socket, self.address) = (socket, address)
    }

    deinit { close(socket) }

    /// Refuses connections from now on; those that wait to be accepted are reset.
    func stopListening() {
        shutdown(socket, Int32(SHUT_RDWR))
        if case .unix(let path) = address { unlink(path) }
    }

    /// Listens at `address`, at each of its numeric addresses where it is a name.
    static func open(_ address: ListenAddress) throws(HTTPServeError) -> [ListeningSocket] {
        switch address {
        case .unix(let path): [try unix(path)]
        case .tcp(let host, let port): try tcp(host, port)
        }
    }

    private static func unix(_ path: String) throws(HTTPServeError) -> ListeningSocket {
        let address = ListenAddress.unix(path: path)
        let descriptor = Glibc.socket(AF_UNIX, streamFlags, 0)
        guard descriptor >= 0 else { throw failure(address) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { room in
            room.copyBytes(from: path.utf8.prefix(room.count - 1))
        }
        let isBound = withUnsafePointer(to: &name) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                let length = socklen_t(MemoryLayout<sockaddr_un>.size)
                if bind(descriptor, name, length) == 0 { return true }
                // A file that nobody listens at is left of a server that was killed.
                guard errno == EADDRINUSE, isStale(name, length) else { return false }
                unlink(path)
                return bind(descriptor, name, length) == 0
            }
        }
        return try listen(descriptor, isBound, address)
    }

    private static func isStale(_ name: UnsafePointer<sockaddr>, _ length: socklen_t) -> Bool {
        let probe = Glibc.socket(AF_UNIX, streamFlags, 0)
        defer {
            close(probe)
            errno = EADDRINUSE
        }
        return connect(probe, name, length) != 0 && errno == ECONNREFUSED
    }

    private static func tcp(_ host: String, _ port: UInt16) throws(HTTPServeError)
        -> [ListeningSocket]
    {
        let address = ListenAddress.tcp(host: host, port: port)
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // "::" takes IPv4 too; both families would be one too many.
        if host.isEmpty { hints.ai_family = hasIPv6 ? AF_INET6 : AF_INET }
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &list)
        guard code == 0 else {
            throw .cannotListen(address: "\(address)", reason: String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        var sockets: [ListeningSocket] = []
        var next = list
        while let entry = next {
            sockets.append(try listen(at: entry.pointee, host, address, isAll: host.isEmpty))
            next = entry.pointee.ai_next
        }
        return sockets
    }

    private static func listen(
        at entry: addrinfo, _ host: String, _ address: ListenAddress, isAll: Bool
    ) throws(HTTPServeError) -> ListeningSocket {
        let descriptor = Glibc.socket(entry.ai_family, streamFlags, 0)
        guard descriptor >= 0 else { throw failure(address) }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if entry.ai_family == AF_INET6 {
            set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, isAll ? 0 : 1)
        }
        let isBound = bind(descriptor, entry.ai_addr, entry.ai_addrlen) == 0
        var bound = address
        if isBound { bound = .tcp(host: host, port: port(of: descriptor)) }
        return try listen(descriptor, isBound, bound)
    }

    private static func listen(
        _ descriptor: Int32, _ isBound: Bool, _ address: ListenAddress
    ) throws(HTTPServeError) -> ListeningSocket {
        guard isBound, Glibc.listen(descriptor, 4096) == 0 else {
            let error = failure(address)
            close(descriptor)
            throw error
        }
        return ListeningSocket(descriptor, address)
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { place in
            _ = place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
            // The port stands at the same place in both families.
            return place.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static var hasIPv6: Bool {
        let probe = Glibc.socket(AF_INET6, streamFlags, 0)
        if probe >= 0 { close(probe) }
        return probe >= 0
    }

    private static func failure(_ address: ListenAddress) -> HTTPServeError {
        .cannotListen(address: "\(address)", reason: String(cString: strerror(errno)))
    }
}

private let streamFlags = Int32(
    SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

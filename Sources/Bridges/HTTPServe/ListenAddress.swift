/// An address to listen on: `host:port`, `:port` for all, `[::1]:port`, or `unix:/path`.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name, an IPv4 or an IPv6 address; an empty host is every address, IPv6 included.
    /// Port 0 lets the system choose.
    case tcp(host: String, port: UInt16)
    /// A unix socket, made anew and removed at the end.
    case unix(path: String)

    /// Reads `text`.
    public init(_ text: String) throws(HTTPServeError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count < 108 else {
                throw .badAddress(text, reason: "a unix socket's path has 1 to 107 bytes")
            }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw .badAddress(text, reason: "it has no port")
        }
        guard let port = UInt16(text[text.index(after: colon)...]) else {
            throw .badAddress(text, reason: "the port is not a number from 0 to 65535")
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .badAddress(text, reason: "an IPv6 address stands in brackets")
        }
        self = .tcp(host: String(host), port: port)
    }

    /// The text that `init` reads.
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// Whether only this machine can reach it: `localhost`, 127.0.0.0/8, `::1` or a unix socket.
    public var isLoopback: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _):
            host == "localhost"
                || bytesOfAddress(host).map { PeerAddress.ip(bytes: $0, port: 0).isLoopback }
                    == true
        }
    }
}

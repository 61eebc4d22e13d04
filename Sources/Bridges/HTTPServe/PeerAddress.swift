/// Who is at the other end of a connection.
public enum PeerAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address as 4 or 16 bytes in network order, and its port; an IPv4 address
    /// that came in over an IPv6 socket is given as IPv4.
    case ip(bytes: [UInt8], port: UInt16)
    /// A process of this machine, over a unix socket.
    case unix

    /// Whether it is this machine: 127.0.0.0/8, ::1 or a unix socket.
    public var isLoopback: Bool {
        switch self {
        case .unix: true
        case .ip(let bytes, _):
            bytes.count == 4
                ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
        }
    }

    /// The address without the port, such as `192.0.2.1`, `2001:db8::1` or `unix`.
    public var host: String {
        switch self {
        case .unix: "unix"
        case .ip(let bytes, _): textOfAddress(bytes)
        }
    }

    /// Address and port, such as `192.0.2.1:4711` or `[::1]:4711`.
    public var description: String {
        switch self {
        case .unix: "unix"
        case .ip(let bytes, let port): bytes.count == 4 ? "\(host):\(port)" : "[\(host)]:\(port)"
        }
    }
}

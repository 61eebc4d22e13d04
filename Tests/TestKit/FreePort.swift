import Glibc

/// Ports that nobody listens on now.
///
/// For programs that have to be told a port. Another may take it before they do, so whoever can
/// listen on port 0 and ask which one it got does that instead.
public enum FreePort {
    /// A TCP port of the loopback address.
    public static func tcp() throws -> Int { try port(Int32(SOCK_STREAM.rawValue)) }

    /// A port of the loopback address that is free for UDP and for TCP.
    public static func udp() throws -> Int {
        while true {
            let number = try port(Int32(SOCK_DGRAM.rawValue))
            // Another program may have it for TCP; then the next one is tried.
            if (try? port(Int32(SOCK_STREAM.rawValue), number)) != nil { return number }
        }
    }

    private static func port(_ kind: Int32, _ wanted: Int = 0) throws -> Int {
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw SystemError("socket", path: "127.0.0.1") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(wanted).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard code == 0 else { throw SystemError("bind", path: "127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

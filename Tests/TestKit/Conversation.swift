import Glibc

/// One connection of a `ScriptedServer`, used by the one thread that talks on it.
public final class Conversation {
    private let socket: Int32
    private let keep: (ScriptedRequest) -> Void
    private var pending: [UInt8] = []

    init(_ socket: Int32, keep: @escaping (ScriptedRequest) -> Void) {
        self.socket = socket
        self.keep = keep
    }

    /// The next request, or `nil` once the other side is gone.
    public func readRequest() -> ScriptedRequest? {
        guard let head = read(through: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = head.split(separator: "\r\n").map(String.init)
        let length =
            lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.drop { $0 != ":" }.dropFirst().filter { $0 != " " }) } ?? 0
        guard let body = read(count: length) else { return nil }
        let request = ScriptedRequest(
            line: lines.first ?? "", fields: Array(lines.dropFirst()), body: body)
        keep(request)
        return request
    }

    /// Sends text; false once the other side is gone.
    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Sends bytes; false once the other side is gone.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Waits until the other side, or the end of the test, closes the connection.
    public func waitForEnd() { while receive() {} }

    /// Makes the kernel send a reset instead of an orderly end.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, size)
    }

    /// Passes bytes both ways between this connection and 127.0.0.1:`port`, until one side ends.
    public func relay(to port: Int) {
        let other = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(other) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return }
        var both = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        var piece = [UInt8](repeating: 0, count: 16_384)
        while poll(&both, 2, -1) > 0 {
            for (index, end) in both.enumerated() where end.revents != 0 {
                let count = Glibc.read(end.fd, &piece, piece.count)
                guard count > 0 else { return }
                let sent = Glibc.send(
                    both[1 - index].fd, piece, count, Int32(MSG_NOSIGNAL))
                guard sent == count else { return }
            }
        }
    }

    private func receive() -> Bool {
        var piece = [UInt8](repeating: 0, count: 16_384)
        let count = Glibc.read(socket, &piece, piece.count)
        guard count > 0 else { return false }
        pending += piece[..<count]
        return true
    }

    private func read(through mark: [UInt8]) -> String? {
        while true {
            for start in pending.indices where pending[start...].starts(with: mark) {
                defer { pending.removeFirst(start + mark.count) }
                return String(decoding: pending[..<start], as: UTF8.self)
            }
            guard receive() else { return nil }
        }
    }

    private func read(count: Int) -> String? {
        while pending.count < count { guard receive() else { return nil } }
        defer { pending.removeFirst(count) }
        return String(decoding: pending[..<count], as: UTF8.self)
    }
}

import CSystem
import Glibc
import Threads

/// A connection that sends what it is told, byte by byte, and reads what comes; it knows just
/// enough HTTP to find the end of an answer.
///
/// Its calls block a thread of its own. A read waits for ten seconds at most.
public actor RawConnection {
    /// An answer taken apart.
    public struct Answer: Sendable {
        /// The status code.
        public var status = 0
        /// The fields in order, names in lower case.
        public var fields: [(name: String, value: String)] = []
        /// The body, its chunks put together.
        public var body: [UInt8] = []

        /// The body as text.
        public var text: String { String(decoding: body, as: UTF8.self) }

        /// The first value of `name`, which is in lower case.
        public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    /// What did not come.
    public enum Failure: Error {
        /// The connection ended, or nothing came for ten seconds; with what had come until then.
        case cutOff(after: String)
        /// The bytes are no answer.
        case notHTTP(String)
    }

    private let thread = ThreadExecutor(name: "test-raw")
    private let socket: Int32
    private var pending: [UInt8] = []
    private var isOpen = true

    /// The thread that its calls block.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Connects to `port` of this machine, by IPv6 where asked.
    public init(port: UInt16, ipv6: Bool = false) throws {
        socket = Glibc.socket(ipv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var code: Int32
        if ipv6 {
            var name = sockaddr_in6()
            name.sin6_family = sa_family_t(AF_INET6)
            name.sin6_port = port.bigEndian
            inet_pton(AF_INET6, "::1", &name.sin6_addr)
            code = Self.connect(socket, &name)
        } else {
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            inet_pton(AF_INET, "127.0.0.1", &name.sin_addr)
            code = Self.connect(socket, &name)
        }
        guard code == 0 else { throw SystemError("connect to", path: "port \(port)") }
        Self.limitReads(socket)
    }

    /// Connects to the unix socket at `path`.
    public init(path: String) throws {
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        guard Self.connect(socket, &name) == 0 else { throw SystemError("connect to", path: path) }
        Self.limitReads(socket)
    }

    deinit { if isOpen { Glibc.close(socket) } }

    private static func connect<Name>(_ socket: Int32, _ name: inout Name) -> Int32 {
        withUnsafePointer(to: &name) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<Name>.size))
            }
        }
    }

    private static func limitReads(_ socket: Int32) {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends all of `text`; false where the other end has closed.
    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Sends all of `bytes`; false where the other end has closed.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    socket, $0.baseAddress.map { $0 + offset }, bytes.count - offset,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    /// Sends `request` and reads its answer; `isHead` for one without a body.
    public func ask(_ request: String, isHead: Bool = false) throws -> Answer {
        send(request)
        return try answer(isHead: isHead)
    }

    /// Reads the next answer.
    public func answer(isHead: Bool = false) throws -> Answer {
        var answer = Answer()
        let line = try self.line()
        guard line.hasPrefix("HTTP/1."), let status = Int(line.dropFirst(9).prefix(3)) else {
            throw Failure.notHTTP(line)
        }
        answer.status = status
        while case let line = try self.line(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw Failure.notHTTP(line) }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            answer.fields.append((line[..<colon].lowercased(), String(value)))
        }
        if isHead || status == 204 || status == 304 || status < 200 { return answer }
        if answer["transfer-encoding"] == "chunked" {
            while let size = Int(try self.line(), radix: 16) {
                answer.body += try take(size)
                _ = try self.line()
                if size == 0 { return answer }
            }
            throw Failure.notHTTP("a chunk without its size")
        }
        if let count = answer["content-length"].flatMap({ Int($0) }) {
            answer.body = try take(count)
        } else {
            answer.body = readToEnd()
        }
        return answer
    }

    /// All that comes until the other end closes.
    public func readToEnd() -> [UInt8] {
        while receive() {}
        defer { pending = [] }
        return pending
    }

    /// Whether the other end closes without another byte.
    public func endsNow() -> Bool { readToEnd().isEmpty }

    /// Exactly `count` bytes.
    public func take(_ count: Int) throws -> [UInt8] {
        while pending.count < count {
            guard receive() else {
                throw Failure.cutOff(after: String(decoding: pending.prefix(200), as: UTF8.self))
            }
        }
        defer { pending.removeFirst(count) }
        return Array(pending.prefix(count))
    }

    /// Says that nothing more will be sent.
    public func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Closes the connection; with a reset where `hard`.
    public func close(hard: Bool = false) {
        guard isOpen else { return }
        isOpen = false
        if hard {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(
                socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        }
        Glibc.close(socket)
    }

    private func line() throws -> String {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeFirst(end + 1) }
                var text = pending[..<end]
                if text.last == UInt8(ascii: "\r") { text.removeLast() }
                return String(decoding: text, as: UTF8.self)
            }
            guard receive() else {
                throw Failure.cutOff(after: String(decoding: pending.prefix(200), as: UTF8.self))
            }
        }
    }

    private func receive() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &piece, piece.count, 0)
        guard count > 0 else { return false }
        pending += piece[..<count]
        return true
    }
}

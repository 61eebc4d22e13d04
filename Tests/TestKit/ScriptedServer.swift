import CSystem
import Glibc
import Threads

/// A server on 127.0.0.1 that does to each connection what a test says, in raw bytes.
///
/// It keeps what it was asked. It ends with the test: its sockets close when the value goes.
public final class ScriptedServer: Sendable {
    private struct State {
        var requests: [ScriptedRequest] = []
        var connections: [Int32] = []
        var accepted = 0
        var isClosed = false
    }

    private final class Shared: Sendable {
        let state = Locked(State())
    }

    /// The port it listens on.
    public let port: Int
    private let listener: Int32
    private let shared = Shared()

    /// Calls `talk` on a thread of its own for each connection.
    ///
    /// `backlog` connections are taken by the kernel before the server has accepted them.
    public init(
        backlog: Int32 = 1024, _ talk: @escaping @Sendable (Conversation) -> Void
    ) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = listener
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, backlog) == 0
                    && getsockname(socket, $0, &length) == 0
            }
        }
        guard listener >= 0, isBound else { throw SystemError("listen", path: "127.0.0.1") }
        port = Int(UInt16(bigEndian: address.sin_port))
        let shared = shared
        WorkerThread.detached(name: "test-accept") {
            while true {
                let connection = accept(socket, nil, nil)
                if connection < 0 && errno == EINTR { continue }
                guard connection >= 0 else { break }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                let isClosed = shared.state.withLock { state in
                    state.accepted += 1
                    state.connections.append(connection)
                    return state.isClosed
                }
                guard !isClosed else {
                    shutdown(connection, Int32(SHUT_RDWR))
                    continue
                }
                WorkerThread.detached(name: "test-talk") {
                    talk(
                        Conversation(connection) { request in
                            shared.state.withLock { $0.requests.append(request) }
                        })
                    shared.state.withLock { state in
                        state.connections.removeAll { $0 == connection }
                        close(connection)
                    }
                }
            }
            close(socket)
        }
    }

    /// Answers each request, on connections that stay open.
    public static func answering(
        _ answer: @escaping @Sendable (ScriptedRequest) -> ScriptedAnswer
    ) throws -> ScriptedServer {
        try ScriptedServer { conversation in
            while let request = conversation.readRequest() {
                let answer = answer(request)
                guard conversation.send(answer.bytes), !answer.closes else { return }
            }
        }
    }

    /// Takes connections and never says a word.
    public static func silent() throws -> ScriptedServer {
        try ScriptedServer { $0.waitForEnd() }
    }

    deinit {
        shared.state.withLock { state in
            state.isClosed = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        // Ends the wait in accept, and the thread closes it.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// `http://127.0.0.1:port` and `path`.
    public func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// What it was asked so far, in the order in which it came.
    public var requests: [ScriptedRequest] { shared.state.withLock { $0.requests } }

    /// How many connections it has taken.
    public var connections: Int { shared.state.withLock { $0.accepted } }
}

/// A request as it came over the wire.
public struct ScriptedRequest: Sendable {
    /// `GET /metrics HTTP/1.1`.
    public let line: String
    /// The lines after it.
    public let fields: [String]
    /// What came along.
    public let body: String

    /// The value of the first line with this name, in any case.
    public subscript(name: String) -> String? {
        let prefix = name.lowercased() + ":"
        guard let field = fields.first(where: { $0.lowercased().hasPrefix(prefix) }) else {
            return nil
        }
        return String(field.dropFirst(prefix.count).drop { $0 == " " })
    }

    /// The second word of the first line.
    public var path: String {
        line.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    }
}

/// An answer with its length.
public struct ScriptedAnswer: Sendable {
    /// What goes over the wire.
    public let bytes: [UInt8]
    /// Whether the connection ends with it.
    public let closes: Bool

    /// A status, header lines and a body.
    public init(
        _ status: Int = 200, _ fields: [String] = [], body: String = "", closes: Bool = false
    ) {
        self.init(status, fields, bytes: Array(body.utf8), closes: closes)
    }

    /// The same with a body of bytes.
    public init(_ status: Int = 200, _ fields: [String] = [], bytes: [UInt8], closes: Bool = false)
    {
        let head = ["HTTP/1.1 \(status) Word", "Content-Length: \(bytes.count)"] + fields
        self.bytes = Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + bytes
        self.closes = closes
    }

    /// A JSON document.
    public static func json(_ text: String, status: Int = 200) -> ScriptedAnswer {
        ScriptedAnswer(status, ["Content-Type: application/json"], body: text)
    }

    /// A redirect to `location`.
    public static func redirect(_ location: String, status: Int = 302) -> ScriptedAnswer {
        ScriptedAnswer(status, ["Location: \(location)"])
    }
}

import HTTPServe
import TestKit

/// Runs `body` against a server on a port of its own, and stops it whatever happens.
func serving<Result>(
    _ router: Router, gate: Gate? = nil, hooks: ServerHooks = ServerHooks(),
    listeners: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 0)],
    options change: (inout HTTPServerOptions) -> Void = { _ in },
    _ body: (Served) async throws -> Result
) async throws -> Result {
    var options = HTTPServerOptions(listeners: listeners)
    change(&options)
    let server = HTTPServer(options: options, router: router, gate: gate, hooks: hooks)
    try await server.start()
    do {
        let result = try await body(Served(server: server))
        await server.stop(grace: .seconds(1))
        return result
    } catch {
        await server.stop(grace: .zero)
        throw error
    }
}

/// A running server.
struct Served {
    let server: HTTPServer

    /// The ports of its TCP addresses.
    var ports: [UInt16] {
        server.addresses.compactMap { if case .tcp(_, let port) = $0 { port } else { nil } }
    }

    var port: UInt16 { ports.first ?? 0 }

    func connect() throws -> RawConnection { try RawConnection(port: port) }

    /// Asks on a connection of its own, which is closed afterwards.
    func ask(_ request: String, isHead: Bool = false) async throws -> RawConnection.Answer {
        let connection = try connect()
        let answer = try await connection.ask(request, isHead: isHead)
        await connection.close()
        return answer
    }

    func get(_ target: String, _ fields: String...) async throws -> RawConnection.Answer {
        let lines = fields.map { $0 + "\r\n" }.joined()
        return try await ask("GET \(target) HTTP/1.1\r\nHost: weir\r\n\(lines)\r\n")
    }
}

/// A router with one route.
func router(
    _ pattern: String, on method: HTTPMethod = .get,
    _ handler: @escaping @Sendable (ServerRequest) async throws -> ServerResponse
) throws -> Router {
    var router = Router()
    try router.on(method, pattern, handler)
    return router
}

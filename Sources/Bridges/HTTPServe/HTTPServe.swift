// HTTPServe: an HTTP/1.1 server on libmicrohttpd, which parses and writes all that is on the wire.
// In: options, a `Router`, a `Gate` that lets requests pass, hooks. Out: answers; start at
// `HTTPServer`. Handlers are async and run on the cooperative pool; one thread per loop does the
// sockets. Knows nothing of metrics, logs or credentials. Imports: CMicrohttpd, CSystem,
// Compression, Threads.

/// What keeps a server from starting, or a body from being read or written.
public enum HTTPServeError: Error, Equatable, CustomStringConvertible {
    /// Text that is no address to listen on.
    case badAddress(String, reason: String)
    /// An address that the system does not give.
    case cannotListen(address: String, reason: String)
    /// A certificate, a key or a cipher list that TLS cannot use.
    case badTLS(what: String, reason: String)
    /// libmicrohttpd does not start.
    case cannotStart(reason: String)
    /// Two routes for the same method and pattern, or a pattern that is none.
    case badRoute(pattern: String, reason: String)
    /// The client has gone, or the server is stopping: nobody reads the answer.
    case clientGone
    /// A body beyond its limit, plain or once inflated.
    case bodyTooLarge(limit: Int)
    /// A body that is not what its Content-Encoding says.
    case badBody(reason: String)

    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .badAddress(let text, let reason):
            "listen address \"\(text)\": \(reason); write host:port, [::1]:port or unix:/path"
        case .cannotListen(let address, let reason):
            "cannot listen on \(address): \(reason)"
        case .badTLS(let what, let reason): "TLS: \(what): \(reason)"
        case .cannotStart(let reason): "the HTTP server does not start: \(reason)"
        case .badRoute(let pattern, let reason): "route \(pattern): \(reason)"
        case .clientGone: "the client has gone"
        case .bodyTooLarge(let limit): "the request body is larger than \(limit) bytes"
        case .badBody(let reason): "the request body cannot be read: \(reason)"
        }
    }
}

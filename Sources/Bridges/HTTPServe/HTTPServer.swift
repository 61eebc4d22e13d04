/// A server: listens, and lets a router answer.
public final class HTTPServer: Sendable {
    /// A server that does not listen yet.
    ///
    /// `gate` lets everything pass if it is `nil`.
    public init(
        options: HTTPServerOptions, router: Router, gate: Gate? = nil,
        hooks: ServerHooks = ServerHooks()
    ) {}

    /// Listens on all addresses, or on none where one is not to be had.
    public func start() async throws(HTTPServeError) {}

    /// The addresses it listens on, with the ports that the system chose.
    public var addresses: [ListenAddress] { [] }

    /// How many connections are open.
    public var connectionCount: Int { 0 }

    /// New connections meet `tls` from now on; the ones that stand keep what they have.
    public func replaceTLS(_ tls: TLSOptions) async throws(HTTPServeError) {}

    /// Listens no more, lets the running requests finish for `grace`, then cancels them and closes
    /// all connections. The server cannot be started again.
    public func stop(grace: Duration = .seconds(10)) async {}
}

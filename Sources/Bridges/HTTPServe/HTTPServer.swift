import Threads

/// A server: listens, and lets a router answer.
public final class HTTPServer: Sendable {
    private enum State {
        case new
        case running([ServerLoop])
        case stopped
    }

    private let settings: ServerSettings
    private let state = Locked(State.new)

    /// A server that does not listen yet.
    ///
    /// `gate` lets everything pass if it is `nil`.
    public init(
        options: HTTPServerOptions, router: Router, gate: Gate? = nil,
        hooks: ServerHooks = ServerHooks()
    ) {
        settings = ServerSettings(options: options, router: router, gate: gate, hooks: hooks)
    }

    /// Listens on all addresses, or on none where one is not to be had.
    public func start() async throws(HTTPServeError) {
        try settings.options.tls?.check()
        let settings = settings
        // Host names are looked up, which blocks.
        let loops = try await onThread { () throws(HTTPServeError) in
            var listeners: [ListeningSocket] = []
            for address in settings.options.listeners {
                listeners += try ListeningSocket.open(address)
            }
            var loops: [ServerLoop] = []
            for _ in 0..<max(1, settings.options.threads) {
                loops.append(try ServerLoop(settings: settings, listeners: listeners))
            }
            return loops
        }
        for loop in loops { loop.start() }
        state.withLock { $0 = .running(loops) }
    }

    /// The addresses it listens on, with the ports that the system chose.
    public var addresses: [ListenAddress] { loops.first?.listeners.map(\.address) ?? [] }

    /// How many connections are open.
    public var connectionCount: Int { settings.connectionCount }

    /// New connections meet `tls` from now on; the ones that stand keep what they have.
    public func replaceTLS(_ tls: TLSOptions) async throws(HTTPServeError) {
        guard settings.options.tls != nil else {
            throw .badTLS(what: "certificate", reason: "the server was started without TLS")
        }
        try tls.check()
        for loop in loops {
            let problem = await withCheckedContinuation { loop.send(.replaceTLS(tls, $0)) }
            if let problem { throw problem }
        }
    }

    /// Answers carry `fields` from now on, in place of the options' `addedFields`.
    public func replaceAddedFields(_ fields: HeaderFields) {
        settings.addedFields.withLock { $0 = fields }
    }

    /// Listens no more, and closes each connection once its request is answered.
    ///
    /// What still runs after `grace` is cancelled and cut. The server cannot be started again.
    public func stop(grace: Duration = .seconds(10)) async {
        let loops = state.withLock { state in
            defer { state = .stopped }
            if case .running(let loops) = state { return loops }
            return []
        }
        let end = monotonicNow() + grace.nanoseconds
        await withTaskGroup { group in
            for loop in loops {
                group.addTask {
                    await withCheckedContinuation { loop.send(.drain(until: end, $0)) }
                }
            }
        }
    }

    private var loops: [ServerLoop] {
        state.withLock { if case .running(let loops) = $0 { loops } else { [] } }
    }
}

/// Runs `body` on a thread of its own.
private func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws(HTTPServeError) -> Value
) async throws(HTTPServeError) -> Value {
    let result: Result<Value, HTTPServeError> = await withCheckedContinuation { continuation in
        WorkerThread.detached(name: "weir-listen") {
            continuation.resume(returning: Result { () throws(HTTPServeError) in try body() })
        }
    }
    return try result.get()
}

import Threads

/// What all loops of a server share.
final class ServerSettings: Sendable {
    let options: HTTPServerOptions
    let router: Router
    let gate: Gate?
    let hooks: ServerHooks
    /// Fields added to every answer; they may change while the server runs.
    let addedFields: Locked<HeaderFields>
    private let openConnections = Locked(0)

    init(options: HTTPServerOptions, router: Router, gate: Gate?, hooks: ServerHooks) {
        (self.options, self.router, self.gate, self.hooks) = (options, router, gate, hooks)
        addedFields = Locked(options.addedFields)
    }

    /// Over `maxConnections`, this many more are still let in, for health routes and for a 503.
    var hardConnectionLimit: Int {
        options.maxConnections + max(64, options.maxConnections / 8)
    }

    var connectionCount: Int { openConnections.withLock { $0 } }

    /// Counts a connection in; the number that are open now.
    func opened() -> Int {
        openConnections.withLock { count in
            count += 1
            return count
        }
    }

    func closed() { openConnections.withLock { $0 -= 1 } }
}

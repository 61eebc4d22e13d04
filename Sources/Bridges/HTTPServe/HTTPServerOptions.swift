/// How a server listens, and what it allows.
public struct HTTPServerOptions: Sendable {
    /// Where it listens; at least one.
    public var listeners: [ListenAddress]
    /// Over so many open connections all but health routes are answered 503.
    public var maxConnections = 512
    /// A connection without a request is closed after this long.
    public var idleTimeout = Duration.seconds(300)
    /// A request's head has to be there this long after its first byte, however steadily it drips.
    public var headerTimeout = Duration.seconds(10)
    /// A request's body has to be there this long after its head.
    public var bodyTimeout = Duration.seconds(300)
    /// A target longer than this is 414.
    public var maxTargetBytes = 8 * 1024
    /// A head longer than this is 431; each connection takes 3 KB more than this.
    public var maxHeaderBytes = 8 * 1024
    /// A body longer than this is 413, where the route says nothing else.
    public var maxBodyBytes = 16 << 20
    /// Which origins may read answers in a browser.
    public var cors: CORSPolicy?
    /// Fields added to every answer, such as X-Frame-Options.
    public var addedFields: HeaderFields = [:]
    /// TLS on every listener but unix sockets; `nil` for none.
    public var tls: TLSOptions?
    /// Threads that read and write sockets.
    public var threads = 1

    /// Prometheus' limits, on `listeners`.
    public init(listeners: [ListenAddress]) { self.listeners = listeners }
}

/// Which origins may read answers in a browser.
public struct CORSPolicy: Sendable {
    /// `nil` for every origin, answered with `*` as Prometheus does by default.
    let isAllowed: (@Sendable (String) -> Bool)?

    /// Every origin may.
    public static let everyOrigin = CORSPolicy(isAllowed: nil)

    /// The origins that `isAllowed` says yes to; they are echoed.
    public static func origins(_ isAllowed: @escaping @Sendable (String) -> Bool) -> CORSPolicy {
        CORSPolicy(isAllowed: isAllowed)
    }
}

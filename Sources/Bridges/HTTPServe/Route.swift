/// A pattern, the methods it answers, and what answers.
public struct Route: Sendable {
    /// What a route does with a request body.
    public enum BodyPolicy: Sendable, Equatable {
        /// The handler runs once the body is there; more than `limit` bytes is 413.
        case collected(limit: Int)
        /// The handler runs at once and reads `bodyStream`; more than `limit` bytes is 413 where
        /// Content-Length says so, and an error of the stream where it turns out later.
        case streamed(limit: Int)
    }

    /// The methods it answers.
    public var methods: [HTTPMethod]
    /// `/api/v1/label/:name/values` for instance; see `Router`.
    public var pattern: String
    /// Whether it still answers when all connections are in use.
    public var isHealth = false
    /// Whether its gate and handler begin before anything else is done for the sockets.
    ///
    /// That saves a tenth of what a request costs, for what has its answer at hand. Whatever
    /// blocks, or computes for longer than a millisecond before its first suspension, must not.
    public var isQuick = false
    /// Whether its gate and handler run on the cooperative pool, for what computes much.
    ///
    /// All others run on the server's own thread between two looks at the sockets, which saves a
    /// third of what a request costs. One that takes longer than a few milliseconds holds nobody
    /// up: another thread takes the sockets over, and what others have to do goes to the pool.
    public var isHeavy = false
    /// What it does with a request body; `nil` for the server's own limit.
    public var body: BodyPolicy?
    /// What the gate needs to know about the route; nothing here looks into it.
    public var requirement: (any Sendable)?
    /// What answers.
    ///
    /// What it throws becomes a 500 with an id, which the failure hook gets too.
    public var handler: @Sendable (ServerRequest) async throws -> ServerResponse

    /// A route.
    public init(
        _ methods: [HTTPMethod], _ pattern: String, isHealth: Bool = false, isQuick: Bool = false,
        isHeavy: Bool = false, body: BodyPolicy? = nil, requirement: (any Sendable)? = nil,
        handler: @escaping @Sendable (ServerRequest) async throws -> ServerResponse
    ) {
        (self.methods, self.pattern, self.isHealth) = (methods, pattern, isHealth)
        (self.body, self.requirement, self.handler) = (body, requirement, handler)
        (self.isQuick, self.isHeavy) = (isQuick, isHeavy)
    }
}

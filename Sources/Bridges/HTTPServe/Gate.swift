/// Looks at the head of every request before its body is read and before its route answers.
///
/// It runs for paths and methods without a route too, so that a stranger cannot tell them apart;
/// it does not run for OPTIONS that the server answers itself, since a browser sends no credential
/// with it.
public typealias Gate = @Sendable (ServerRequest) async -> GateDecision

/// What a gate says.
public enum GateDecision: Sendable {
    /// Goes on to the route.
    ///
    /// `identity` becomes the request's; `name` stands in the request log.
    case admit(identity: (any Sendable)? = nil, name: String? = nil)
    /// Answers so, and reads no body; `name` stands in the request log.
    case refuse(ServerResponse, name: String? = nil)
}

/// One answered request, for a log.
public struct RequestRecord: Sendable {
    /// The method.
    public let method: HTTPMethod
    /// The decoded path, without the query string, which may hold secrets; the raw one where it
    /// cannot be decoded.
    public let path: String
    /// The pattern of the route, or `nil`.
    public let pattern: String?
    /// The status sent; 499 where the client left first.
    public let status: Int
    /// The bytes of the body handed to the client, packed where it was packed.
    public let bytes: Int
    /// From the end of the request's head to the end of the answer.
    public let duration: Duration
    /// The name that the gate gave, never a secret.
    public let credential: String?
    /// Who asked.
    public let peer: PeerAddress
}

/// A handler's error, which the client sees as a 500 with the same id.
public struct HandlerFailure: Sendable {
    /// What the client was told, 16 hex digits.
    public let id: String
    /// The method.
    public let method: HTTPMethod
    /// The decoded path.
    public let path: String
    /// What was thrown.
    public let error: any Error
    /// Whether the head of the answer was on its way, so that the connection had to be cut.
    public let isAnswerCut: Bool
}

/// What the server tells of itself; it is called on the server's threads and must not block.
public struct ServerHooks: Sendable {
    /// A request was answered, or its client left.
    public var onRequest: (@Sendable (RequestRecord) -> Void)?
    /// A handler threw.
    public var onFailure: (@Sendable (HandlerFailure) -> Void)?

    /// Hooks; `nil` costs nothing.
    public init(
        onRequest: (@Sendable (RequestRecord) -> Void)? = nil,
        onFailure: (@Sendable (HandlerFailure) -> Void)? = nil
    ) {
        (self.onRequest, self.onFailure) = (onRequest, onFailure)
    }
}

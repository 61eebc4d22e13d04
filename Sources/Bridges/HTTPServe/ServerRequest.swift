/// One request, its head checked and decoded.
public struct ServerRequest: Sendable {
    /// The method, GET for instance.
    public var method: HTTPMethod
    /// The target as it stands on the request line, `/a%20b?c=d` for instance, prefix included.
    public var rawTarget: String
    /// The path below the route prefix, percent-decoded once; begins with `/`, never holds a NUL
    /// or a `..` segment.
    public var path: String
    /// What `:name` and `*name` of the route's pattern stand for, decoded.
    public var pathParameters: [String: String] = [:]
    /// The parameters of the URL alone.
    public var query = FormParameters()
    /// The parameters of a form body and behind them those of the URL, as Go's FormValue reads
    /// them.
    public var parameters = FormParameters()
    /// The header fields.
    public var fields = HeaderFields()
    /// The body, up to its route's limit; empty where the route streams it, and at the gate.
    public var body: [UInt8] = []
    /// The body as it arrives, for a route with `BodyPolicy.streamed`, else `nil`.
    public var bodyStream: RequestBodyStream?
    /// Who asks.
    public var peer: PeerAddress = .unix
    /// Whether the connection is TLS.
    public var isSecure = false
    /// The certificate that the client showed, if any.
    public var clientCertificate: ClientCertificate?
    /// The route that will answer; `nil` at the gate for a path or method without one.
    public var route: Route?
    /// What the gate found out about the caller; nothing here looks into it.
    public var identity: (any Sendable)?

    /// A request for `target`, for tests of handlers and gates.
    ///
    /// `target` is decoded as the server would; an undecodable one leaves `path` empty.
    public init(
        _ method: HTTPMethod = .get, _ target: String, fields: HeaderFields = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        rawTarget = target
        self.fields = fields
        self.body = body
        let decoded = try? RequestTarget(target)  // Lost: why it is refused.
        path = decoded?.path ?? ""
        query = decoded?.query ?? FormParameters()
        parameters = query
        readForm()
    }

    /// A request whose head was read, and nothing more.
    init(method: HTTPMethod, rawTarget: String) {
        self.method = method
        self.rawTarget = rawTarget
        path = ""
    }

    /// Puts the parameters of a form body before those of the URL.
    mutating func readForm() {
        guard !body.isEmpty, method == .post || method == .put || method == .patch,
            let type = fields["content-type"],
            isSameName(mediaType(of: type), "application/x-www-form-urlencoded")
        else { return }
        parameters = FormParameters(decoding: body).followed(by: query)
    }
}

/// What stands before the parameters of a Content-Type.
func mediaType(of value: String) -> String {
    var type = value.prefix { $0 != ";" }
    while type.last == " " { type.removeLast() }
    return String(type)
}

/// How to get a token: `oauth2` as a value.
public struct OAuth2Options: Sendable, Hashable {
    /// What is given for a token.
    public enum Grant: Sendable, Hashable {
        /// The client's own secret.
        case clientCredentials(secret: SecretSource)
        /// A statement signed with the client's key (RFC 7523).
        case jwtBearer(JWTGrant)
    }

    /// Who asks.
    public var clientID: String
    /// What is given.
    public var grant: Grant
    /// Where to ask.
    public var tokenURL: HTTPAddress
    /// What the token is to allow.
    public var scopes: [String] = []
    /// Further fields of the form; only `grant_type` may replace one of the standard's.
    public var endpointParameters: [String: String] = [:]
    /// TLS of the token request.
    public var tls = TLSOptions()
    /// Proxies of the token request.
    public var proxy = ProxyOptions()

    /// A client, what it gives, and where.
    public init(clientID: String, grant: Grant, tokenURL: HTTPAddress) {
        self.clientID = clientID
        self.grant = grant
        self.tokenURL = tokenURL
    }

    /// A client with a secret.
    public init(clientID: String, secret: SecretSource, tokenURL: HTTPAddress) {
        self.init(
            clientID: clientID, grant: .clientCredentials(secret: secret), tokenURL: tokenURL)
    }
}

/// What is signed for a token (RFC 7523).
public struct JWTGrant: Sendable, Hashable {
    /// The digests that RSA signs.
    public enum Algorithm: String, Sendable {
        case rs256 = "RS256"
        case rs384 = "RS384"
        case rs512 = "RS512"
    }

    /// A value of a claim.
    public enum Claim: Sendable, Hashable {
        case text(String)
        case number(Int)
        case flag(Bool)
    }

    /// The RSA key, a PEM.
    public var key: SecretSource
    /// Which of the server's known keys it belongs to.
    public var keyID = ""
    /// The signature's kind.
    public var algorithm = Algorithm.rs256
    /// `iss`; `nil` is the client.
    public var issuer: String?
    /// `aud`; `nil` is the token URL.
    public var audience: String?
    /// Further claims; they replace the standard's.
    public var claims: [String: Claim] = [:]

    /// A statement signed with `key`.
    public init(key: SecretSource) { self.key = key }
}

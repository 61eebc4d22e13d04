public import Model
import YAML

/// `oauth2`: where tokens come from.
public struct OAuth2Config: Sendable, Hashable {
    /// Who asks.
    public var clientID = ""
    /// The secret of who asks.
    public var clientSecret: Secret?
    /// The file that holds it instead.
    public var clientSecretFile: Secret?
    /// The key that signs assertions, as PEM text.
    public var clientCertificateKey: Secret?
    /// The file that holds it instead.
    public var clientCertificateKeyFile: Secret?
    /// The key's id in assertions.
    public var clientCertificateKeyID = ""
    /// How a token is asked for.
    public var grantType = clientCredentials
    /// How assertions are signed.
    public var signatureAlgorithm = "RS256"
    /// Who issues assertions; `clientID` where empty.
    public var issuer = ""
    /// Whom assertions are for; `tokenURL` where empty.
    public var audience = ""
    /// More claims of assertions.
    public var claims: [String: String] = [:]
    /// What the token is to allow.
    public var scopes: [String] = []
    /// Where tokens are asked for.
    public var tokenURL = ""
    /// More parameters of the request.
    public var endpointParams: [String: String] = [:]
    /// TLS to the token's server.
    public var tls = TLSConfig()
    /// The proxy to the token's server.
    public var proxy = ProxyConfig()

    static let clientCredentials = "client_credentials"
    static let jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    static let table = YAMLTable<OAuth2Config>(
        "oauth2",
        "Tokens from an OAuth 2.0 server: client credentials, or a signed assertion (RFC 7523).",
        make: { OAuth2Config() }
    ) { value, block, decoding in
        allowOne(["client_secret", "client_secret_file"], in: block, &decoding)
        allowOne(["client_certificate_key", "client_certificate_key_file"], in: block, &decoding)
        for name in ["client_id", "token_url"] where block.has(name) {
            if case .scalar(let scalar)? = block[name]?.content, scalar.text.isEmpty {
                decoding.error(
                    "\(name) of oauth2 is empty", "fill it in", at: block.value(of: name))
            }
        }
        if value.grantType == jwtBearer {
            if block.present(["client_certificate_key", "client_certificate_key_file"]).isEmpty {
                decoding.error(
                    "the JWT grant of oauth2 has no key", "add client_certificate_key_file",
                    at: block.mark(of: "grant_type"))
            }
        }
        ProxyConfig.check(value.proxy, block, &decoding)
    } fields: {
        YAMLField("client_id", \.clientID, .text, required: true, "Who asks.")
        YAMLField("client_secret", \.clientSecret, .secret, "The secret of who asks.")
        YAMLField(
            "client_secret_file", \.clientSecretFile, .secretFile, "A file that holds the secret.")
        YAMLField(
            "client_certificate_key", \.clientCertificateKey, .secret,
            "The key that signs assertions, as PEM text.")
        YAMLField(
            "client_certificate_key_file", \.clientCertificateKeyFile, .secretFile,
            "A file with the key that signs assertions.")
        YAMLField(
            "client_certificate_key_id", \.clientCertificateKeyID, .text,
            "The key's id in assertions.")
        YAMLField(
            "grant_type", \.grantType, .choice([clientCredentials, jwtBearer]),
            "How a token is asked for.")
        YAMLField(
            "signature_algorithm", \.signatureAlgorithm, .choice(["RS256", "RS384", "RS512"]),
            "How assertions are signed.")
        YAMLField("iss", \.issuer, .text, standard: "client_id", "Who issues assertions.")
        YAMLField("audience", \.audience, .text, standard: "token_url", "Whom assertions are for.")
        YAMLField("claims", \.claims, .map(.text), "More claims of assertions.")
        YAMLField("scopes", \.scopes, .list(.text), "What the token is to allow.")
        YAMLField("token_url", \.tokenURL, .url(), required: true, "Where tokens are asked for.")
        YAMLField(
            "endpoint_params", \.endpointParams, .map(.text), "More parameters of the request.")
        YAMLField("tls_config", \.tls, TLSConfig.table.codec, "TLS to the token's server.")
        ProxyConfig.table.lifted(to: \OAuth2Config.proxy)
    }
}

/// How requests to a server are made: credentials, TLS, proxy, fields.
public struct HTTPClientConfig: Sendable, Hashable {
    /// A name and a password.
    public var basicAuth: BasicAuth?
    /// The Authorization field.
    public var authorization: Authorization?
    /// Tokens from an OAuth 2.0 server.
    public var oauth2: OAuth2Config?
    var bearerToken: Secret?
    var bearerTokenFile: Secret?
    /// TLS.
    public var tls = TLSConfig()
    /// The proxy.
    public var proxy = ProxyConfig()
    /// Whether redirects are followed.
    public var followRedirects = true
    /// Whether HTTP/2 is spoken.
    public var enableHTTP2 = true
    /// More fields of every request.
    public var headers: [String: HTTPHeader] = [:]

    /// No credentials, redirects followed.
    public init() {}

    static let table = YAMLTable<HTTPClientConfig>(
        "http_config",
        "How requests to a server are made. These fields stand directly in the block that uses them.",
        make: { HTTPClientConfig() }
    ) {
        YAMLField("basic_auth", \.basicAuth, BasicAuth.table.codec, "A user name and a password.")
        YAMLField(
            "authorization", \.authorization, Authorization.table.codec, "The Authorization field.")
        YAMLField("oauth2", \.oauth2, OAuth2Config.table.codec, "Tokens from an OAuth 2.0 server.")
        YAMLField(
            "bearer_token", \.bearerToken, .secret, "The older form of authorization.credentials.")
        YAMLField(
            "bearer_token_file", \.bearerTokenFile, .keyFile,
            "The older form of authorization.credentials_file.")
        YAMLField("tls_config", \.tls, TLSConfig.table.codec, "TLS to the server.")
        ProxyConfig.table.lifted(to: \HTTPClientConfig.proxy)
        YAMLField("follow_redirects", \.followRedirects, .boolean, "Follows redirects.")
        YAMLField("enable_http2", \.enableHTTP2, .boolean, "Speaks HTTP/2 where the server does.")
        YAMLField(
            "http_headers", \.headers, .map(HTTPHeader.table.codec),
            "More fields of every request, by name.")
    }

    /// What its fields cannot tell alone; `others` are more ways to prove who asks.
    static func check(
        _ http: inout HTTPClientConfig, _ block: YAMLBlock, others: [String] = [],
        _ decoding: inout YAMLDecoding
    ) {
        allowOne(
            ["basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"] + others,
            in: block, &decoding)
        if http.bearerToken != nil || http.bearerTokenFile != nil {
            http.authorization = Authorization(
                credentials: http.bearerToken, credentialsFile: http.bearerTokenFile)
            (http.bearerToken, http.bearerTokenFile) = (nil, nil)
        }
        ProxyConfig.check(http.proxy, block, &decoding)
        HTTPHeader.check(names: block["http_headers"], of: "http_headers", &decoding)
    }
}

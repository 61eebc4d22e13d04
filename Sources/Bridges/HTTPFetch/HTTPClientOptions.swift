/// How requests to a place are made: `http_config` as a value.
public struct HTTPClientOptions: Sendable, Hashable {
    /// The credential, if any.
    public var authorization: Authorization?
    /// Whether to go where a redirect points, at most ten times.
    public var followsRedirects = true
    /// Whether HTTP/2 may be spoken where TLS agrees on it.
    public var allowsHTTP2 = true
    /// Certificates and what is checked of them.
    public var tls = TLSOptions()
    /// Proxies.
    public var proxy = ProxyOptions()
    /// Header lines for each request; they replace those of a request.
    public var headers: [CustomHeader] = []

    /// Prometheus's defaults.
    public init() {}
}

/// `http_headers`: one name and all its values.
public struct CustomHeader: Sendable, Hashable {
    /// The name.
    public var name: String
    /// Values that anybody may read.
    public var values: [String]
    /// Values that nobody may read.
    public var secrets: [SecretSource]

    /// A header; files of values are among the `secrets`.
    public init(_ name: String, values: [String] = [], secrets: [SecretSource] = []) {
        self.name = name
        self.values = values
        self.secrets = secrets
    }
}

/// `tls_config` as a value.
public struct TLSOptions: Sendable, Hashable {
    /// A PEM, written in the configuration or in a file that is looked at again at each use.
    public typealias PEM = SecretSource

    /// Versions of the protocol, old to new.
    public enum Version: Int, Sendable, Comparable {
        case tls10 = 4
        case tls11, tls12, tls13

        /// Older is less.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// Whom to trust; `nil` is whom the system trusts.
    public var authorities: PEM?
    /// The client's own certificate, with those between it and the authority.
    public var certificate: PEM?
    /// The key of the certificate.
    public var key: PEM?
    /// The name that the server's certificate must have, where it is not the URL's host.
    public var serverName: String?
    /// Takes any certificate.
    public var skipsVerification = false
    /// The oldest version taken.
    public var minimumVersion = Version.tls12
    /// The newest version taken.
    public var maximumVersion = Version.tls13

    /// Prometheus's defaults.
    public init() {}
}

/// Proxies, as a configuration gives them.
public struct ProxyOptions: Sendable, Hashable {
    /// `proxy_url`; it may hold a user and a password.
    public var url: HiddenText?
    /// `no_proxy`: hosts that are asked directly.
    public var exceptions = ""
    /// Whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide.
    public var fromEnvironment = false
    /// Header lines for the CONNECT request only.
    public var connectHeaders: [CustomHeader] = []

    /// No proxy.
    public init() {}
}

/// A credential that goes into the header `Authorization`.
public enum Authorization: Sendable, Hashable {
    /// User and password.
    case basic(username: SecretSource, password: SecretSource)
    /// `type credentials`, such as `Bearer …`.
    case scheme(String, SecretSource)
    /// A token that is fetched, shared and renewed by the client's token broker.
    case oauth2(OAuth2Options)

    /// A bearer token.
    public static func bearer(_ token: SecretSource) -> Authorization { .scheme("Bearer", token) }
}

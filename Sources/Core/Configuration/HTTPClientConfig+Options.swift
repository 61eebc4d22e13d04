public import HTTPFetch
import Model

/// `http_config` as the client of HTTP takes it.
extension HTTPClientConfig {
    /// The options of each request; throws where a URL of it cannot be read.
    public func options() throws(HTTPFetchError) -> HTTPClientOptions {
        var options = HTTPClientOptions()
        options.authorization = try credential()
        options.followsRedirects = followRedirects
        options.allowsHTTP2 = enableHTTP2
        options.tls = tls.options
        options.proxy = proxy.options
        options.headers = headers.sorted { $0.key.isBytewiseLess(than: $1.key) }
            .map { $1.header(named: $0) }
        return options
    }

    private func credential() throws(HTTPFetchError) -> HTTPFetch.Authorization? {
        if let basicAuth {
            return .basic(
                username: basicAuth.usernameFile?.fetched ?? .text(basicAuth.username),
                password: (basicAuth.password ?? basicAuth.passwordFile)?.fetched ?? .text(""))
        }
        if let authorization {
            return .scheme(authorization.type, authorization.secret?.fetched ?? .text(""))
        }
        return try oauth2.map { config throws(HTTPFetchError) in .oauth2(try config.options()) }
    }
}

extension OAuth2Config {
    /// How a token is asked for; throws where its URL cannot be read.
    public func options() throws(HTTPFetchError) -> OAuth2Options {
        let url = try HTTPAddress(tokenURL)
        var options = OAuth2Options(clientID: clientID, grant: grant, tokenURL: url)
        options.scopes = scopes
        options.endpointParameters = endpointParams
        options.tls = tls.options
        options.proxy = proxy.options
        return options
    }

    private var grant: OAuth2Options.Grant {
        guard grantType == Self.jwtBearer else {
            return .clientCredentials(
                secret: (clientSecret ?? clientSecretFile)?.fetched ?? .text(""))
        }
        let key = (clientCertificateKey ?? clientCertificateKeyFile)?.fetched ?? .text("")
        var jwt = JWTGrant(key: key)
        jwt.keyID = clientCertificateKeyID
        jwt.algorithm = JWTGrant.Algorithm(rawValue: signatureAlgorithm) ?? .rs256
        jwt.issuer = issuer.isEmpty ? nil : issuer
        jwt.audience = audience.isEmpty ? nil : audience
        jwt.claims = claims.mapValues { .text($0) }
        return .jwtBearer(jwt)
    }
}

extension TLSConfig {
    /// How a TLS connection is made and checked.
    public var options: TLSOptions {
        var options = TLSOptions()
        options.authorities = ca.isEmpty ? Self.file(caFile) : .text(ca)
        options.certificate = cert.isEmpty ? Self.file(certFile) : .text(cert)
        options.key = (key ?? keyFile)?.fetched
        options.serverName = serverName.isEmpty ? nil : serverName
        options.skipsVerification = insecureSkipVerify
        if let version = Self.version(minVersion) { options.minimumVersion = version }
        if let version = Self.version(maxVersion) { options.maximumVersion = version }
        return options
    }

    private static func file(_ path: String) -> SecretSource? {
        path.isEmpty ? nil : .file(path)
    }

    private static func version(_ name: String?) -> TLSOptions.Version? {
        switch name {
        case "TLS10": .tls10
        case "TLS11": .tls11
        case "TLS12": .tls12
        case "TLS13": .tls13
        default: nil
        }
    }
}

extension ProxyConfig {
    /// Which proxy leads to a server.
    public var options: ProxyOptions {
        var options = ProxyOptions()
        options.url = url.map { HiddenText($0) }
        options.exceptions = noProxy
        options.fromEnvironment = fromEnvironment
        options.connectHeaders = connectHeader.sorted { $0.key.isBytewiseLess(than: $1.key) }
            .map { CustomHeader($0.key, secrets: $0.value.map(\.fetched)) }
        return options
    }
}

extension HTTPHeader {
    fileprivate func header(named name: String) -> CustomHeader {
        CustomHeader(name, values: values, secrets: (secrets + files).map(\.fetched))
    }
}

extension Secret {
    /// The same secret for the client of HTTP.
    fileprivate var fetched: SecretSource {
        if let path { return .file(path) }
        // Without a file there is nothing that could fail.
        return .text((try? reveal()) ?? "")
    }
}

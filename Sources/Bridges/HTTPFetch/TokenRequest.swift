import Crypto

/// The request that gets a token, in the two ways in which a client can say who it is.
struct TokenRequest: Sendable {
    /// Where client and secret stand.
    enum Style: Sendable {
        case basic, form
    }

    let options: OAuth2Options
    /// The client's secret, or its key.
    let secret: String

    /// More than any token needs.
    static let replyLimitBytes = 1 << 20

    /// The form, before client and secret are added to it.
    func form(wallSeconds: Int, id: String) throws(HTTPFetchError) -> [String: String] {
        var form: [String: String]
        switch options.grant {
        case .clientCredentials:
            form = ["grant_type": "client_credentials"]
            if !options.scopes.isEmpty { form["scope"] = options.scopes.joined(separator: " ") }
        case .jwtBearer(let grant):
            form = ["grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"]
            form["assertion"] = try assertion(grant, wallSeconds: wallSeconds, id: id)
        }
        for (name, value) in options.endpointParameters {
            guard form[name] == nil || name == "grant_type" else {
                throw .invalidOption(
                    name: "endpoint_params", reason: "\(name) stands in the form already")
            }
            form[name] = value
        }
        return form
    }

    /// The request, with `form` as its body.
    func request(
        _ form: [String: String], _ style: Style, timeout: Duration
    ) -> (HTTPRequest, Authorization?) {
        var form = form
        var authorization: Authorization?
        if case .clientCredentials = options.grant {
            switch style {
            case .basic:
                authorization = .basic(
                    username: .text(FormFields.escape(options.clientID)),
                    password: .text(FormFields.escape(secret)))
            case .form:
                form["client_id"] = options.clientID
                if !secret.isEmpty { form["client_secret"] = secret }
            }
        }
        let request = HTTPRequest(
            "POST", options.tokenURL,
            fields: HTTPFields([
                "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
            ]), body: Array(FormFields.encode(form).utf8), timeout: timeout,
            bodyLimitBytes: Self.replyLimitBytes)
        return (request, authorization)
    }

    /// The signed statement: header, claims and signature, each in base64.
    private func assertion(
        _ grant: JWTGrant, wallSeconds: Int, id: String
    ) throws(HTTPFetchError) -> String {
        var header: [String: JWTGrant.Claim] = [
            "alg": .text(grant.algorithm.rawValue), "typ": .text("JWT"),
        ]
        if !grant.keyID.isEmpty { header["kid"] = .text(grant.keyID) }
        var claims: [String: JWTGrant.Claim] = [
            "iss": .text(grant.issuer ?? options.clientID), "sub": .text(options.clientID),
            "aud": .text(grant.audience ?? options.tokenURL.text), "jti": .text(id),
            "iat": .number(wallSeconds), "exp": .number(wallSeconds + 600),
        ]
        if !options.scopes.isEmpty {
            claims["scope"] = .text(options.scopes.joined(separator: " "))
        }
        claims.merge(grant.claims) { $1 }
        let message = [header, claims].map { Base64.url.encode(Self.json($0)) }
            .joined(separator: ".")
        do throws(CryptoError) {
            let key = try RSAKey(pem: Array(secret.utf8))
            let signature = try key.signature(of: Array(message.utf8), grant.algorithm.digest)
            return "\(message).\(Base64.url.encode(signature))"
        } catch {
            throw .invalidOption(name: "client_certificate_key", reason: error.description)
        }
    }

    private static func json(_ object: [String: JWTGrant.Claim]) -> [UInt8] {
        let pairs = object.sorted { $0.key < $1.key }.map { name, value in
            let text =
                switch value {
                case .text(let text): quoted(text)
                case .number(let number): "\(number)"
                case .flag(let flag): "\(flag)"
                }
            return "\(quoted(name)):\(text)"
        }
        return Array("{\(pairs.joined(separator: ","))}".utf8)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension JWTGrant.Algorithm {
    fileprivate var digest: RSAKey.Algorithm {
        switch self {
        case .rs256: .sha256
        case .rs384: .sha384
        case .rs512: .sha512
        }
    }
}

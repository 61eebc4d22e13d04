import Crypto

/// What a request shows of who it is.
public struct PresentedCredentials: Sendable {
    /// One claim of a request.
    enum Claim: Sendable, Hashable {
        /// A token in one of the forms that carry nothing else.
        case token(String, CredentialKind)
        /// A user name and a password.
        case password(username: String, password: String)
    }

    /// The claims in the order in which they are tried.
    let claims: [Claim]
    /// The names of the certificate that the TLS handshake has verified: alternative names, and
    /// the common name.
    let certificateNames: [String]
    /// Whether a header was there that is none of the forms, which is a failed attempt too.
    let isMalformed: Bool

    /// Reads the values of `Authorization` and of `X-Api-Key`, as they stood in the request.
    ///
    /// A header that comes twice says two things and is taken for none.
    public init(
        authorization: [String] = [], apiKeys: [String] = [], certificateNames: [String] = []
    ) {
        var claims: [Claim] = []
        var isMalformed = authorization.count > 1 || apiKeys.count > 1
        if authorization.count == 1 {
            if let claim = Self.claim(authorization: authorization[0]) {
                claims.append(claim)
            } else {
                isMalformed = true
            }
        }
        if apiKeys.count == 1 {
            if apiKeys[0].isEmpty {
                isMalformed = true
            } else {
                claims.append(.token(apiKeys[0], .apiKey))
            }
        }
        self.claims = claims
        self.certificateNames = certificateNames
        self.isMalformed = isMalformed
    }

    /// Whether nothing at all is shown.
    public var isEmpty: Bool { claims.isEmpty && certificateNames.isEmpty && !isMalformed }

    // DC/OS's `token=x` comes first, since it has no blank; then a scheme, one blank, a value.
    private static func claim(authorization text: String) -> Claim? {
        let prefix = "token="
        if text.utf8.starts(with: prefix.utf8) {
            return token(text.utf8.dropFirst(prefix.utf8.count), .bearer)
        }
        guard let blank = text.utf8.firstIndex(of: 0x20) else { return nil }
        let scheme = text[..<blank].lowercased()
        let value = text.utf8[text.utf8.index(after: blank)...]
        switch scheme {
        case "bearer", "token": return token(value, .bearer)
        case "metrics": return token(value, .metricsToken)
        case "basic": return password(String(Substring(value)))
        default: return nil
        }
    }

    private static func token(_ bytes: Substring.UTF8View, _ kind: CredentialKind) -> Claim? {
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
        return .token(String(Substring(bytes)), kind)
    }

    private static func password(_ encoded: String) -> Claim? {
        guard let bytes = Base64.standard.decode(encoded),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")), !bytes.contains(0)
        else { return nil }
        return .password(
            username: String(decoding: bytes[..<colon], as: UTF8.self),
            password: String(decoding: bytes[(colon + 1)...], as: UTF8.self))
    }
}

public import Crypto
public import Model

/// Prometheus's web configuration file (`--web.config.file`) as a value.
public struct WebConfig: Sendable, Hashable {
    /// TLS, where the file asks for it.
    public var tls: TLSSettings?
    /// Whether HTTP/2 may be spoken; Weir speaks HTTP/1.1 either way.
    public var allowsHTTP2 = true
    /// Headers that every answer carries, in the order of the file.
    public var headers: [Header] = []
    /// Users who may do everything, each with the bcrypt hash of the password.
    public var users: [User] = []
    /// How many requests are taken, over all clients.
    public var rateLimit: RateLimit?

    /// A file that asks for nothing.
    public init() {}

    /// A header of every answer.
    public struct Header: Sendable, Hashable {
        /// The header's name.
        public let name: String
        /// Its value.
        public let value: String
    }

    /// One of `basic_auth_users`.
    public struct User: Sendable, Hashable {
        /// The user name.
        public let name: String
        /// The hash of the password.
        public let hash: PasswordHash
    }

    /// A bucket that holds `burst` requests and gets one more every `interval`.
    public struct RateLimit: Sendable, Hashable {
        /// How many requests may come at once.
        public let burst: Int
        /// How long it takes until one more may.
        public let interval: TimeSpan
    }
}

/// `tls_server_config`: certificate, clients, versions and ciphers.
public struct TLSSettings: Sendable, Hashable {
    /// Where a PEM text comes from.
    public enum PEM: Sendable, Hashable {
        /// It stands in the configuration itself.
        case inline(String)
        /// It is read from this file, again whenever the file changes.
        case file(String)
    }

    /// What is asked of clients; Go's names.
    public enum ClientAuth: String, Sendable, CaseIterable {
        /// Nothing.
        case none = "NoClientCert"
        /// A certificate may be shown and is not looked at.
        case request = "RequestClientCert"
        /// A certificate has to be shown and is not verified.
        case requireAny = "RequireAnyClientCert"
        /// A certificate that is shown has to be of one of the CAs.
        case verifyIfGiven = "VerifyClientCertIfGiven"
        /// A certificate of one of the CAs has to be shown.
        case requireAndVerify = "RequireAndVerifyClientCert"
    }

    /// A version of the protocol; Go's names.
    public enum Version: String, Sendable, CaseIterable, Comparable {
        /// TLS 1.0, which is broken.
        case tls10 = "TLS10"
        /// TLS 1.1, which is broken.
        case tls11 = "TLS11"
        /// TLS 1.2.
        case tls12 = "TLS12"
        /// TLS 1.3.
        case tls13 = "TLS13"

        /// Whether `left` is older.
        public static func < (left: Version, right: Version) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// A curve for the key exchange; Go's names.
    public enum Curve: String, Sendable, CaseIterable {
        /// NIST P-256.
        case p256 = "CurveP256"
        /// NIST P-384.
        case p384 = "CurveP384"
        /// NIST P-521.
        case p521 = "CurveP521"
        /// Curve25519.
        case x25519 = "X25519"
    }

    /// The server's certificate, with those between it and the root.
    public var certificate: PEM
    /// The certificate's key.
    public var key: PEM
    /// Who signs clients' certificates.
    public var clientCA: PEM?
    /// What is asked of clients.
    public var clientAuth = ClientAuth.none
    /// Alternative names of which a client's certificate must have one; `nil`: any will do.
    public var allowedClientNames: [String]?
    /// The oldest version that is spoken.
    public var minimum = Version.tls12
    /// The newest version that is spoken.
    public var maximum = Version.tls13
    /// The suites of TLS 1.2 and older, in order; empty: all good ones.
    public var cipherSuites: [CipherSuite] = []
    /// Whether the server's order of suites counts, or the client's.
    public var prefersServerOrder = true
    /// The curves in order; empty: all good ones.
    public var curves: [Curve] = []
}

extension TLSSettings.PEM {
    /// The text itself, read from the file where it stands in one.
    public func text() throws(AccessError) -> String {
        switch self {
        case .inline(let text): text
        case .file(let path): try SecretFile.text(path)
        }
    }

    /// The file that it stands in, if it does.
    var path: String? { if case .file(let path) = self { path } else { nil } }
}

extension WebConfig {
    /// The files that TLS is made of.
    public var files: [String] {
        guard let tls else { return [] }
        return [tls.certificate.path, tls.key.path, tls.clientCA?.path].compactMap(\.self)
    }
}

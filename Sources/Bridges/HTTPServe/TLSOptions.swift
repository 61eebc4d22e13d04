/// TLS of a server; the certificate may be replaced while it runs.
public struct TLSOptions: Sendable {
    /// What is asked of clients, named as Go does in `client_auth_type`.
    public enum ClientAuthentication: String, Sendable, CaseIterable {
        /// No certificate is asked for.
        case none = "NoClientCert"
        /// One is asked for; none, or any, will do.
        case request = "RequestClientCert"
        /// There has to be one, whoever signed it.
        case requireAny = "RequireAnyClientCert"
        /// One is asked for, and has to be good where there is one.
        case verifyIfGiven = "VerifyClientCertIfGiven"
        /// There has to be a good one.
        case requireAndVerify = "RequireAndVerifyClientCert"
    }

    /// A version of the protocol; older ones are never spoken.
    public enum Version: String, Sendable, CaseIterable, Comparable {
        /// TLS 1.2.
        case tls12 = "TLS12"
        /// TLS 1.3.
        case tls13 = "TLS13"

        /// Whether the left one is older.
        public static func < (left: Version, right: Version) -> Bool {
            left == .tls12 && right == .tls13
        }
    }

    /// The certificate, and behind it those up to the authority, as PEM.
    public var certificate: [UInt8]
    /// Its key, as PEM.
    public var key: [UInt8]
    /// What is asked of clients.
    public var clientAuthentication = ClientAuthentication.none
    /// The authorities that client certificates are checked against, as PEM.
    public var clientAuthorities: [UInt8] = []
    /// The oldest version spoken.
    public var minimumVersion = Version.tls12
    /// The newest version spoken.
    public var maximumVersion = Version.tls13
    /// The cipher suites of TLS 1.2, named as Go names them, best first.
    ///
    /// Empty for all good ones. A list also narrows the ciphers of TLS 1.3 to those it names.
    public var cipherSuites: [String] = []
    /// The curves, named as Go names them (`X25519`, `CurveP256`), best first; empty for all.
    public var curves: [String] = []
    /// Whether a client certificate's names are good; asked in the handshake, once it is verified.
    public var isAllowed: (@Sendable (ClientCertificate) -> Bool)?

    /// TLS with this certificate and key, and no client certificates.
    public init(certificate: [UInt8], key: [UInt8]) {
        (self.certificate, self.key) = (certificate, key)
    }
}

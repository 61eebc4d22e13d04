/// The certificate that a client showed in the TLS handshake.
public struct ClientCertificate: Sendable, Equatable {
    /// Its subject as RFC 4514 writes it, such as `CN=grafana,O=Example`.
    public var subject: String
    /// The subject's common name, or `nil`.
    public var commonName: String?
    /// Its alternative names as plain text: DNS names, mail addresses, IP addresses, URIs.
    public var alternativeNames: [String]
    /// Whether it leads to one of the configured authorities and is valid now.
    public var isVerified: Bool

    /// A certificate as said.
    public init(
        subject: String, commonName: String?, alternativeNames: [String], isVerified: Bool
    ) {
        self.subject = subject
        self.commonName = commonName
        self.alternativeNames = alternativeNames
        self.isVerified = isVerified
    }
}

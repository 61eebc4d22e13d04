public import Access
public import HTTPServe

extension TLSOptions {
    /// The server's options for these settings, with the files as they are now.
    ///
    /// TLS 1.0 and 1.1 are not spoken: as the oldest version they mean 1.2.
    public init(_ settings: TLSSettings) throws(AccessError) {
        self.init(
            certificate: Array(try settings.certificate.text().utf8),
            key: Array(try settings.key.text().utf8))
        clientAuthentication = ClientAuthentication(settings.clientAuth)
        if let authority = settings.clientCA {
            clientAuthorities = Array(try authority.text().utf8)
        }
        minimumVersion = settings.minimum == .tls13 ? .tls13 : .tls12
        maximumVersion = settings.maximum == .tls13 ? .tls13 : .tls12
        cipherSuites = settings.cipherSuites.filter { !$0.isTLS13 && $0.hasForwardSecrecy }
            .map(\.rawValue)
        curves = settings.curves.map(\.rawValue)
        if let names = settings.allowedClientNames {
            isAllowed = { certificate in
                certificate.alternativeNames.contains { names.contains($0) }
            }
        }
    }
}

extension TLSOptions.ClientAuthentication {
    fileprivate init(_ setting: TLSSettings.ClientAuth) {
        self =
            switch setting {
            case .none: .none
            case .request: .request
            case .requireAny: .requireAny
            case .verifyIfGiven: .verifyIfGiven
            case .requireAndVerify: .requireAndVerify
            }
    }
}

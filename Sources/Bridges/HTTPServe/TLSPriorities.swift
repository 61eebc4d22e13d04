import CMicrohttpd

// Go's names for what GnuTLS calls otherwise.

extension TLSOptions {
    /// The cipher suites that can be asked for, by Go's name: key exchange, cipher, hash.
    static let suites: [(name: String, exchange: String, cipher: String, hash: String)] = [
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA", "AES-128-GCM", "AEAD"),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA", "AES-256-GCM", "AEAD"),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA", "AES-128-GCM", "AEAD"),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA", "AES-256-GCM", "AEAD"),
        (
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA", "CHACHA20-POLY1305",
            "AEAD"
        ),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA", "CHACHA20-POLY1305", "AEAD"),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD"),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD"),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA", "AES-128-CBC", "SHA1"),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA", "AES-256-CBC", "SHA1"),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA", "AES-128-CBC", "SHA1"),
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA", "AES-256-CBC", "SHA1"),
        ("TLS_AES_128_GCM_SHA256", "", "AES-128-GCM", "AEAD"),
        ("TLS_AES_256_GCM_SHA384", "", "AES-256-GCM", "AEAD"),
        ("TLS_CHACHA20_POLY1305_SHA256", "", "CHACHA20-POLY1305", "AEAD"),
    ]

    private static let groups = [
        "CurveP256": "SECP256R1", "CurveP384": "SECP384R1", "CurveP521": "SECP521R1",
        "X25519": "X25519",
    ]

    /// The curves that can be asked for, by Go's name.
    public static let knownCurves = groups.keys.sorted()

    /// The cipher suites that can be asked for, by Go's name.
    public static let knownCipherSuites = suites.map(\.name)

    /// The options as GnuTLS reads them.
    var priorities: String {
        var words = ["NORMAL", "-VERS-ALL"]
        for version in [Version.tls13, .tls12]
        where minimumVersion <= version && version <= maximumVersion {
            words.append(version == .tls13 ? "+VERS-TLS1.3" : "+VERS-TLS1.2")
        }
        let chosen =
            cipherSuites.isEmpty
            ? Self.suites.filter { $0.hash == "AEAD" && !$0.exchange.isEmpty }
            : cipherSuites.compactMap { name in Self.suites.first { $0.name == name } }
        words += ["-KX-ALL"] + Self.added(chosen.map(\.exchange).filter { !$0.isEmpty })
        if maximumVersion == .tls13 && !words.contains(where: { $0.hasPrefix("+ECDHE") }) {
            words.append("+ECDHE-RSA")
        }
        words += ["-CIPHER-ALL"] + Self.added(chosen.map(\.cipher))
        words += ["-MAC-ALL"] + Self.added(chosen.map(\.hash) + ["AEAD"])
        if !curves.isEmpty {
            words +=
                ["-GROUP-ALL"]
                + Self.added(curves.compactMap { Self.groups[$0] }.map { "GROUP-\($0)" })
        }
        return words.joined(separator: ":") + ":%SERVER_PRECEDENCE"
    }

    private static func added(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }.map { "+\($0)" }
    }

    /// Says what GnuTLS would refuse, and what it would silently leave out.
    public func check() throws(HTTPServeError) {
        if minimumVersion > maximumVersion {
            throw .badTLS(what: "min_version", reason: "it is newer than max_version")
        }
        for name in cipherSuites where !Self.knownCipherSuites.contains(name) {
            throw .badTLS(what: "cipher suite \(name)", reason: "it is unknown, or not safe")
        }
        for name in curves where Self.groups[name] == nil {
            throw .badTLS(
                what: "curve \(name)",
                reason: "it is unknown; known are \(Self.knownCurves.joined(separator: ", "))")
        }
        if (clientAuthentication == .requireAndVerify || clientAuthentication == .verifyIfGiven)
            && clientAuthorities.isEmpty
        {
            throw .badTLS(
                what: "client_auth_type \(clientAuthentication.rawValue)",
                reason: "it needs client_ca_file")
        }
        var credentials: gnutls_certificate_credentials_t?
        guard gnutls_certificate_allocate_credentials(&credentials) == 0, let credentials else {
            throw .badTLS(what: "credentials", reason: "GnuTLS got no memory")
        }
        defer { gnutls_certificate_free_credentials(credentials) }
        let code = certificate.withDatum { certificate in
            key.withDatum { key in
                gnutls_certificate_set_x509_key_mem(
                    credentials, &certificate, &key, GNUTLS_X509_FMT_PEM)
            }
        }
        if code < 0 { throw .badTLS(what: "certificate and key", reason: Self.reason(code)) }
        if clientAuthorities.isEmpty { return }
        let count = clientAuthorities.withDatum { authorities in
            gnutls_certificate_set_x509_trust_mem(credentials, &authorities, GNUTLS_X509_FMT_PEM)
        }
        if count <= 0 {
            throw .badTLS(
                what: "client authorities",
                reason: count < 0 ? Self.reason(count) : "there is no certificate in them")
        }
    }

    private static func reason(_ code: Int32) -> String {
        gnutls_strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}

extension [UInt8] {
    /// Runs `body` with the bytes as GnuTLS takes them.
    fileprivate func withDatum(_ body: (inout gnutls_datum_t) -> Int32) -> Int32 {
        withUnsafeBufferPointer { bytes in
            var datum = gnutls_datum_t(
                data: UnsafeMutablePointer(mutating: bytes.baseAddress), size: UInt32(bytes.count))
            return body(&datum)
        }
    }
}

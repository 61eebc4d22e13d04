import YAML

extension NodeReader {
    private static let tlsFields = [
        "cert", "key", "client_ca", "cert_file", "key_file", "client_auth_type", "client_ca_file",
        "cipher_suites", "curve_preferences", "min_version", "max_version",
        "prefer_server_cipher_suites", "client_allowed_sans",
    ]

    /// `tls_server_config`; `nil` where it asks for nothing, or is wrong.
    mutating func tlsSettings(_ node: YAMLNode) -> TLSSettings? {
        let fields = map(node, "tls_server_config", fields: Self.tlsFields)
        let certificate = pem(fields, "cert")
        let key = pem(fields, "key")
        let authority = pem(fields, "client_ca")
        let auth = fields["client_auth_type"].flatMap {
            choice(
                $0, "client_auth_type", of: TLSSettings.ClientAuth.self,
                also: ["RequireClientCert": .requireAny])
        }
        // As in Prometheus: where none of these stands, TLS is off, whatever else does.
        let isAskedFor =
            fields.keys.contains { $0.hasPrefix("cert") || $0.hasPrefix("key") }
            || authority != nil || auth != nil
        guard isAskedFor else { return nil }
        guard let certificate else {
            refuse("TLS has no certificate", "write cert_file", at: node.mark)
            return nil
        }
        guard let key else {
            refuse("TLS has no key", "write key_file", at: node.mark)
            return nil
        }
        var settings = TLSSettings(certificate: certificate, key: key, clientCA: authority)
        settings.clientAuth = auth ?? .none
        names(fields, &settings)
        versions(fields, &settings, node)
        suites(fields, &settings)
        clientRules(fields, settings, node)
        return settings
    }

    /// A PEM text that stands in the configuration, or in a file, which comes first.
    private mutating func pem(_ fields: [String: YAMLNode], _ name: String) -> TLSSettings.PEM? {
        let inline = fields[name]
        if let file = fields["\(name)_file"] {
            if let inline {
                warn(
                    "\(name) has no effect beside \(name)_file", "remove one of them",
                    at: inline.mark)
            }
            return text(file, "\(name)_file").map { .file(path($0)) }
        }
        guard let inline, let text = text(inline, name, isSecret: true) else { return nil }
        guard text.contains("-----BEGIN ") else {
            refuse(
                "\(name) is no PEM text",
                "write the text itself, or the file's path as \(name)_file",
                at: inline.mark, isSecret: true)
            return nil
        }
        return .inline(text)
    }

    private mutating func names(_ fields: [String: YAMLNode], _ settings: inout TLSSettings) {
        guard let node = fields["client_allowed_sans"] else { return }
        settings.allowedClientNames = texts(node, "client_allowed_sans").map(\.text)
        guard settings.clientAuth != .requireAny, settings.clientAuth != .requireAndVerify else {
            return
        }
        refuse(
            "client_allowed_sans has no effect with client_auth_type "
                + settings.clientAuth.rawValue,
            "write client_auth_type: RequireAndVerifyClientCert", at: node.mark)
    }

    private mutating func versions(
        _ fields: [String: YAMLNode], _ settings: inout TLSSettings, _ node: YAMLNode
    ) {
        if let node = fields["min_version"],
            let version = choice(node, "min_version", of: TLSSettings.Version.self)
        {
            settings.minimum = version
            if version < .tls12 {
                warn(
                    "Weir does not speak \(version.rawValue), which is broken",
                    "write TLS12, which it takes this for", at: node.mark)
            }
        }
        if let node = fields["max_version"],
            let version = choice(node, "max_version", of: TLSSettings.Version.self)
        {
            settings.maximum = version
            if version < .tls12 {
                refuse(
                    "Weir does not speak \(version.rawValue), which is broken",
                    "write TLS12 or TLS13", at: node.mark)
            }
        }
        if settings.maximum < settings.minimum {
            refuse(
                "max_version \(settings.maximum.rawValue) is older than min_version "
                    + settings.minimum.rawValue,
                "raise it", at: fields["max_version"]?.mark ?? node.mark)
        }
    }

    private mutating func suites(_ fields: [String: YAMLNode], _ settings: inout TLSSettings) {
        if let node = fields["cipher_suites"] {
            for (text, mark) in texts(node, "cipher_suites") {
                let suite: CipherSuite? = choice(text, at: mark, "a cipher suite")
                guard let suite else { continue }
                settings.cipherSuites.append(suite)
                guard !suite.hasForwardSecrecy else { continue }
                warn(
                    "Weir does not speak \(suite.rawValue), which has no forward secrecy",
                    "write one that begins with TLS_ECDHE", at: mark)
            }
            if !settings.cipherSuites.isEmpty,
                settings.cipherSuites.allSatisfy({ !$0.hasForwardSecrecy })
            {
                refuse(
                    "Weir speaks none of these suites", "add one that begins with TLS_ECDHE",
                    at: node.mark)
            }
        }
        if let node = fields["curve_preferences"] {
            for (text, mark) in texts(node, "curve_preferences") {
                let curve: TLSSettings.Curve? = choice(text, at: mark, "a curve")
                if let curve { settings.curves.append(curve) }
            }
        }
        if let node = fields["prefer_server_cipher_suites"] {
            settings.prefersServerOrder = bool(node, "prefer_server_cipher_suites") ?? true
        }
    }

    private mutating func clientRules(
        _ fields: [String: YAMLNode], _ settings: TLSSettings, _ node: YAMLNode
    ) {
        if settings.clientCA != nil, settings.clientAuth == .none {
            refuse(
                "client CAs are configured, and clients are not asked for a certificate",
                "write client_auth_type: RequireAndVerifyClientCert",
                at: (fields["client_ca_file"] ?? fields["client_ca"] ?? node).mark)
        }
        let verifies: [TLSSettings.ClientAuth] = [.verifyIfGiven, .requireAndVerify]
        if settings.clientCA == nil, verifies.contains(settings.clientAuth) {
            refuse(
                "\(settings.clientAuth.rawValue) has no CA to verify clients with",
                "write client_ca_file", at: (fields["client_auth_type"] ?? node).mark)
        }
    }
}

import TestKit
import Testing

struct WebTLSTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder("tls") }

    /// Makes `name.crt` and `name.key`, signed by itself or by `authority`.
    private func certificate(_ name: String, san: String, by authority: String? = nil) async throws
    {
        var words = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(san)",
            "-keyout", folder.file("\(name).key"), "-out", folder.file("\(name).crt"),
        ]
        if let authority {
            words += [
                "-CA", folder.file("\(authority).crt"), "-CAkey", folder.file("\(authority).key"),
            ]
        }
        let outcome = try await ChildProcess.run(words)
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    private func started(_ tls: String, settings: String = "") async throws -> RunningWeir {
        try await certificate("server", san: "IP:127.0.0.1")
        let web = try folder.write(
            "tls_server_config: {cert_file: server.crt, key_file: server.key\(tls)}", to: "web.yml")
        let check = try await ChildProcess.run([Built.weir, "check", "web-config", web])
        #expect(check.output == "\(web): SUCCESS, TLS on, 0 users, 0 headers\n", "\(check.errors)")
        let path = try folder.write(settings, to: "weir.yml")
        return try await RunningWeir(["--web.config.file=\(web)", "--settings=\(path)"])
    }

    private func handshake(_ weir: RunningWeir, _ words: String...) async throws -> String {
        let outcome = try await ChildProcess.run([
            "sh", "-c",
            "echo Q | timeout 20 openssl s_client -connect \(weir.address) \(words.joined(separator: " ")) 2>&1",
        ])
        return outcome.output
    }

    @Test func `TLS 1.2 and 1.3 are spoken, and nothing older`() async throws {
        let weir = try await started("")
        let trust = ["--cacert", folder.file("server.crt")]
        #expect(try await weir.get("/-/healthy", scheme: "https", trust).hasSuffix("[200]"))
        #expect(try await handshake(weir, "-tls1_3").contains("TLSv1.3, Cipher is TLS_"))
        let old = try await handshake(weir, "-tls1_2")
        #expect(old.contains("TLSv1.2, Cipher is ECDHE-ECDSA-"))
        #expect(old.contains("Secure Renegotiation IS supported"))
        for version in ["-tls1_1", "-tls1"] {
            let refused = try await handshake(weir, version, "-cipher", "'ALL:@SECLEVEL=0'")
            #expect(refused.contains("Cipher is (NONE)"), "\(refused)")
        }
    }

    @Test func `versions and suites are those of the file`() async throws {
        let weir = try await started(
            ", max_version: TLS12, cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]")
        #expect(try await handshake(weir, "-tls1_3").contains("Cipher is (NONE)"))
        let chosen = try await handshake(weir)
        #expect(chosen.contains("TLSv1.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384"))
        let other = try await handshake(weir, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")
        #expect(other.contains("Cipher is (NONE)"))
    }

    @Test func `a client's certificate is asked for, verified, and is a credential`() async throws {
        try await certificate("ca", san: "DNS:ca")
        try await certificate("client", san: "DNS:node-42.example", by: "ca")
        try await certificate("other", san: "DNS:other.example", by: "ca")
        try await certificate("stranger", san: "DNS:node-42.example")
        let weir = try await started(
            ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt",
            settings: """
                auth: always
                credentials:
                  - {name: node, kind: client_certificate, certificate_names: [node-42.example], permissions: [query]}
                """)
        func get(_ name: String?) async throws -> String {
            let own = name.map {
                ["--cert", folder.file("\($0).crt"), "--key", folder.file("\($0).key")]
            }
            return try await weir.get(
                "/version", scheme: "https",
                ["--cacert", folder.file("server.crt")] + (own ?? []))
        }
        #expect(try await get("client").hasSuffix("[200]"))
        #expect(try await get("other").hasSuffix("[401]"))
        #expect(try await get(nil).hasSuffix("[401]"))
        #expect(!(try await get("stranger").hasSuffix("[200]")))
    }

    @Test func `a client without an allowed name does not get in`() async throws {
        try await certificate("ca", san: "DNS:ca")
        try await certificate("client", san: "DNS:a.example", by: "ca")
        try await certificate("other", san: "DNS:b.example", by: "ca")
        let weir = try await started(
            ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, "
                + "client_allowed_sans: [a.example]")
        func get(_ name: String) async throws -> String {
            try await weir.get(
                "/-/healthy", scheme: "https",
                [
                    "--cacert", folder.file("server.crt"), "--cert", folder.file("\(name).crt"),
                    "--key", folder.file("\(name).key"),
                ])
        }
        #expect(try await get("client").hasSuffix("[200]"))
        #expect(!(try await get("other").hasSuffix("[200]")))
    }

    @Test func `a new certificate is shown without a restart`() async throws {
        let weir = try await started("")
        func serial() async throws -> String {
            let shown = try await ChildProcess.run([
                "sh", "-c",
                "echo Q | timeout 20 openssl s_client -connect \(weir.address) 2>/dev/null"
                    + " | openssl x509 -noout -serial",
            ])
            return shown.output
        }
        let before = try await serial()
        #expect(before.hasPrefix("serial="))
        try await certificate("server", san: "IP:127.0.0.1")
        let isNew = try await eventually {
            let now = try await serial()
            return now.hasPrefix("serial=") && now != before
        }
        #expect(isNew)
    }
}

import Access
import Crypto
import Model
import TestKit
import Testing

struct WebConfigTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder("web-config") }

    private static let hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"

    private func read(_ text: String) throws -> WebConfig {
        try WebConfig(file: try folder.write(text, to: "web.yml"))
    }

    /// What is said of `text`, without the path of the folder and without the excerpts.
    private func complaints(_ text: String) throws -> [String] {
        let path = try folder.write(text, to: "web.yml")
        do {
            return try WebConfig.read(file: path).warnings.map {
                cut(String($0.split(separator: "\n")[0]))
            }
        } catch .refused(let complaints) {
            return complaints.map { cut("\($0)") }
        } catch {
            return [cut("\(error)")]
        }
    }

    private func cut(_ text: String) -> String {
        text.firstRange(of: "web.yml:").map { String(text[$0.lowerBound...]) } ?? text
    }

    @Test func `every field of Prometheus's file is read`() throws {
        let config = try read(
            """
            tls_server_config:
              cert_file: server.crt
              key_file: /etc/keys/server.key
              client_auth_type: RequireAndVerifyClientCert
              client_ca_file: ca.crt
              client_allowed_sans: [a.example, 10.0.0.1]
              min_version: TLS13
              max_version: TLS13
              cipher_suites:
                - TLS_AES_128_GCM_SHA256
                - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
              prefer_server_cipher_suites: false
              curve_preferences: [X25519, CurveP256]
            http_server_config:
              http2: false
              headers:
                X-Frame-Options: deny
                Strict-Transport-Security: max-age=31536000
            basic_auth_users:
              alice: \(Self.hash)
            rate_limit: {interval: 100ms, burst: 20}
            """)
        let tls = try #require(config.tls)
        #expect(tls.certificate == .file(folder.file("server.crt")))
        #expect(tls.key == .file("/etc/keys/server.key"))
        #expect(tls.clientCA == .file(folder.file("ca.crt")))
        #expect(tls.clientAuth == .requireAndVerify)
        #expect(tls.allowedClientNames == ["a.example", "10.0.0.1"])
        #expect(tls.minimum == .tls13 && tls.maximum == .tls13)
        #expect(tls.cipherSuites == [.aes128GCM, .ecdheRSAAES128GCM])
        #expect(!tls.prefersServerOrder)
        #expect(tls.curves == [.x25519, .p256])
        #expect(!config.allowsHTTP2)
        #expect(config.headers.map(\.name) == ["X-Frame-Options", "Strict-Transport-Security"])
        #expect(config.headers.map(\.value) == ["deny", "max-age=31536000"])
        #expect(config.users.map(\.name) == ["alice"])
        #expect(config.users[0].hash.text == Self.hash)
        #expect(config.rateLimit?.burst == 20)
        #expect(config.rateLimit?.interval.milliseconds == 100)
    }

    @Test(arguments: [
        "", "# nothing\n", "{}", "tls_server_config:\n", "tls_server_config: {min_version: TLS13}",
    ])
    func `a file that asks for nothing changes nothing`(text: String) throws {
        #expect(try read(text) == WebConfig())
    }

    @Test func `TLS has Prometheus's defaults`() throws {
        let tls = try #require(
            try read("tls_server_config: {cert_file: a, key_file: b}").tls)
        #expect(tls.minimum == .tls12 && tls.maximum == .tls13)
        #expect(tls.clientAuth == .none && tls.prefersServerOrder)
        #expect(tls.cipherSuites.isEmpty && tls.curves.isEmpty && tls.allowedClientNames == nil)
    }

    @Test(
        arguments: [
            (
                "tls_config: {}",
                [
                    "web.yml:1:1: the web configuration has no field \"tls_config\"; it has tls_server_config, http_server_config, basic_auth_users, rate_limit"
                ]
            ),
            ("[]", ["web.yml:1:1: the web configuration is a list; write a map of fields"]),
            ("tls_server_config: {cert_file: a}", ["web.yml:1:20: TLS has no key; write key_file"]),
            (
                "tls_server_config: {client_auth_type: NoClientCert}",
                ["web.yml:1:20: TLS has no certificate; write cert_file"]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireClientCerts}",
                [
                    "web.yml:1:66: client_auth_type is \"RequireClientCerts\"; did you mean RequireClientCert?"
                ]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}",
                [
                    "web.yml:1:64: client CAs are configured, and clients are not asked for a certificate; write client_auth_type: RequireAndVerifyClientCert"
                ]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, client_auth_type: VerifyClientCertIfGiven}",
                [
                    "web.yml:1:66: VerifyClientCertIfGiven has no CA to verify clients with; write client_ca_file"
                ]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequestClientCert, client_allowed_sans: [x]}",
                [
                    "web.yml:1:106: client_allowed_sans has no effect with client_auth_type RequestClientCert; write client_auth_type: RequireAndVerifyClientCert"
                ]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12}",
                ["web.yml:1:81: max_version TLS12 is older than min_version TLS13; raise it"]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, min_version: TLS11}",
                [
                    "web.yml:1:61: Weir does not speak TLS11, which is broken; write TLS12, which it takes this for"
                ]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, min_version: TLS10, max_version: TLS11}",
                [
                    "web.yml:1:61: Weir does not speak TLS10, which is broken; write TLS12, which it takes this for",
                    "web.yml:1:81: Weir does not speak TLS11, which is broken; write TLS12 or TLS13",
                ]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, min_version: TLS14}",
                ["web.yml:1:61: min_version is \"TLS14\"; did you mean TLS10?"]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}",
                [
                    "web.yml:1:64: a cipher suite is \"TLS_RSA_WITH_RC4_128_SHA\"; did you mean TLS_RSA_WITH_AES_128_CBC_SHA?"
                ]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, curve_preferences: [P256]}",
                [
                    "web.yml:1:68: a curve is \"P256\"; write one of CurveP256, CurveP384, CurveP521, X25519"
                ]
            ),
            (
                "tls_server_config: {cert: nonsense, key_file: b}",
                [
                    "web.yml:1:27: cert is no PEM text; write the text itself, or the file's path as cert_file",
                    "web.yml:1:20: TLS has no certificate; write cert_file",
                ]
            ),
            (
                "http_server_config: {headers: {X-Powered-By: me}}",
                [
                    "web.yml:1:32: the header \"X-Powered-By\" cannot be set; these can: Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection"
                ]
            ),
            (
                "http_server_config: {headers: {X-Frame-Options: allow}}",
                ["web.yml:1:49: X-Frame-Options is \"allow\"; write deny or sameorigin"]
            ),
            (
                "http_server_config: {http2: maybe}",
                ["web.yml:1:29: http2 is \"maybe\"; write true or false"]
            ),
            (
                "rate_limit: {interval: soon, burst: -1}",
                [
                    "web.yml:1:24: \"soon\" is not a duration; write whole numbers with units, such as 30s or 1h30m",
                    "web.yml:1:37: burst is \"-1\"; write a whole number",
                ]
            ),
            (
                "tls_server_config: {cert_file: a, key_file: b, cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]}",
                [
                    "web.yml:1:64: Weir does not speak TLS_RSA_WITH_AES_128_CBC_SHA, which has no forward secrecy; write one that begins with TLS_ECDHE",
                    "web.yml:1:63: Weir speaks none of these suites; add one that begins with TLS_ECDHE",
                ]
            ),
            (
                "rate_limit: {interval: 1s}",
                ["web.yml:1:13: rate_limit lets no request pass; write a burst of 1 or more"]
            ),
        ] as [(String, [String])])
    func `what is wrong is told with its place and the remedy`(
        text: String, expected: [String]
    ) throws {
        #expect(try Set(complaints(text)) == Set(expected))
    }

    @Test func `a password in place of its hash is refused and never shown`() throws {
        let path = try folder.write("basic_auth_users:\n  alice: open-sesame\n", to: "web.yml")
        #expect {
            try WebConfig(file: path)
        } throws: { error in
            let text = "\(error)"
            return text.contains("web.yml:2:10: this is not a bcrypt hash")
                && !text.contains("sesame")
        }
    }

    @Test func `all that is wrong is told in one run, in the order of the file`() throws {
        let found = try complaints(
            "basic_auth_users:\n  a: x\n  b: y\nhttp_server_config:\n  http3: true\n")
        #expect(found.map { $0.split(separator: ":")[1] } == ["2", "3", "5"])
    }

    @Test func `a file that is not there is told`() throws {
        #expect(throws: AccessError.self) { try WebConfig(file: folder.file("none.yml")) }
    }
}

import Configuration
import HTTPFetch
import TestKit
import Testing

struct HTTPOptionsTests {
    private func options(_ yaml: String) throws -> HTTPClientOptions {
        let folder = try TemporaryFolder()
        let lines = yaml.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        let path = try folder.write(
            "scrape_configs:\n  - job_name: a\n\(lines)\n", to: "prometheus.yml")
        return try ConfigLoader.load(path).config.scrapeConfigs[0].http.options()
    }

    @Test func `nothing written is the client's default`() throws {
        #expect(try options("") == HTTPClientOptions())
    }

    @Test func `each way to say who asks becomes the same for the client`() throws {
        #expect(
            try options("basic_auth: {username: me, password: pw}").authorization
                == .basic(username: .text("me"), password: .text("pw")))
        #expect(
            try options("basic_auth: {username_file: /u, password_file: /p}").authorization
                == .basic(username: .file("/u"), password: .file("/p")))
        #expect(
            try options("authorization: {credentials: abc}").authorization
                == .scheme("Bearer", .text("abc")))
        #expect(
            try options("authorization: {type: Token, credentials_file: /c}").authorization
                == .scheme("Token", .file("/c")))
        #expect(try options("bearer_token: abc").authorization == .bearer(.text("abc")))
    }

    @Test func `oauth2 is carried over with its TLS, proxy and parameters`() throws {
        let options = try options(
            """
            oauth2:
              client_id: me
              client_secret_file: /s
              token_url: https://login/token
              scopes: [a, b]
              endpoint_params: {audience: x}
              tls_config: {insecure_skip_verify: true}
              proxy_url: http://proxy:3128
            """)
        var wanted = OAuth2Options(
            clientID: "me", secret: .file("/s"), tokenURL: try HTTPAddress("https://login/token"))
        wanted.scopes = ["a", "b"]
        wanted.endpointParameters = ["audience": "x"]
        wanted.tls.skipsVerification = true
        wanted.proxy.url = "http://proxy:3128"
        #expect(options.authorization == .oauth2(wanted))
    }

    @Test func `a signed grant is carried over`() throws {
        let options = try options(
            """
            oauth2:
              client_id: me
              grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer
              client_certificate_key_file: /k
              client_certificate_key_id: kid
              signature_algorithm: RS512
              iss: i
              audience: aud
              claims: {c: d}
              token_url: https://login/token
            """)
        var grant = JWTGrant(key: .file("/k"))
        grant.keyID = "kid"
        grant.algorithm = .rs512
        grant.issuer = "i"
        grant.audience = "aud"
        grant.claims = ["c": .text("d")]
        let wanted = OAuth2Options(
            clientID: "me", grant: .jwtBearer(grant),
            tokenURL: try HTTPAddress("https://login/token"))
        #expect(options.authorization == .oauth2(wanted))
    }

    @Test func `TLS, proxy, headers and switches are carried over`() throws {
        let options = try options(
            """
            tls_config:
              ca_file: /ca
              cert: CERT
              key_file: /key
              server_name: db
              min_version: TLS13
              max_version: TLS13
            proxy_url: http://proxy:3128
            no_proxy: a,b
            proxy_connect_header: {X-Proxy: [p]}
            follow_redirects: false
            enable_http2: false
            http_headers:
              X-B: {values: [one], secrets: [two], files: [/three]}
              X-A: {values: [a]}
            """)
        var wanted = HTTPClientOptions()
        wanted.tls.authorities = .file("/ca")
        wanted.tls.certificate = .text("CERT")
        wanted.tls.key = .file("/key")
        wanted.tls.serverName = "db"
        wanted.tls.minimumVersion = .tls13
        wanted.tls.maximumVersion = .tls13
        wanted.proxy.url = "http://proxy:3128"
        wanted.proxy.exceptions = "a,b"
        wanted.proxy.connectHeaders = [CustomHeader("X-Proxy", secrets: [.text("p")])]
        wanted.followsRedirects = false
        wanted.allowsHTTP2 = false
        wanted.headers = [
            CustomHeader("X-A", values: ["a"]),
            CustomHeader("X-B", values: ["one"], secrets: [.text("two"), .file("/three")]),
        ]
        #expect(options == wanted)
    }
}

import Access
import Crypto
import Model
import TestKit
import Testing

struct AccessSettingsTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder("access-settings") }

    private func read(_ text: String) throws -> AccessSettings {
        try AccessSettings(file: try folder.write(text, to: "weir.yml"))
    }

    /// The first sentence of what is wrong, from `weir.yml:` on.
    private func complaint(_ text: String) throws -> String? {
        do { _ = try read(text) } catch AccessError.refused(let complaints) {
            return complaints.first.map { complaint in
                let text = "\(complaint)"
                return text.firstRange(of: "weir.yml:").map { String(text[$0.lowerBound...]) }
                    ?? text
            }
        }
        return nil
    }

    private static let digits = String(repeating: "0a", count: 32)

    @Test func `every field of a row is read`() throws {
        let settings = try read(
            """
            database: {url: postgres://x}
            auth: always
            credentials:
              - name: grafana
                kind: bearer
                secret_sha256: \(Self.digits)
                permissions: [query, metrics.read, "dcos:adminrouter:ops:system-metrics"]
                matchers: '{tenant="a"}'
                networks: [10.0.0.0/8, "::1"]
                expires: 2027-01-01
              - {name: m, kind: metrics_token, secret_file: m.token}
              - {name: u, kind: basic, username: alice, secret: pw, permissions: [admin]}
              - {name: c, kind: client_certificate, certificate_names: [c.example], permissions: [query]}
            """)
        #expect(settings.rule == .always)
        #expect(settings.credentials.map(\.name) == ["grafana", "m", "u", "c"])
        let first = settings.credentials[0]
        #expect(first.secret == .digest(try #require(Digest(hexSHA256: Self.digits))))
        #expect(first.permissions.count == 3)
        #expect(first.binding == [Matcher("tenant", equals: "a")])
        #expect(first.networks.map(\.description) == ["10.0.0.0/8", "::1/128"])
        #expect(first.expires == Timestamp(rfc3339: "2027-01-01"))
        #expect(settings.credentials[1].permissions == [.metricsRead])
        #expect(settings.files == [folder.file("m.token")])
        #expect(settings.credentials[2].username == "alice")
        #expect(settings.credentials[3].secret == .certificate(names: ["c.example"]))
    }

    @Test(arguments: ["", "database: {}", "credentials: []", "auth: by_address", "credentials:\n"])
    func `nothing said is the rule by address and no credential`(text: String) throws {
        #expect(try read(text) == AccessSettings())
    }

    @Test(
        arguments: [
            ("auth: off", "weir.yml:1:7: auth is \"off\"; write one of by_address, always, none"),
            ("credentials: {}", "weir.yml:1:14: credentials is a map; write a list: [a, b]"),
            (
                "credentials: [{kind: bearer}]",
                "weir.yml:1:15: a credential has no name; write name: what logs shall call it"
            ),
            (
                "credentials: [{name: a}]",
                "weir.yml:1:15: credential a has no kind; write one of bearer, basic, metrics_token, api_key, client_certificate"
            ),
            (
                "credentials: [{name: a, kind: berer, secret: x}]",
                "weir.yml:1:31: kind is \"berer\"; did you mean bearer?"
            ),
            (
                "credentials: [{name: a, kind: bearer, permissions: [query]}]",
                "weir.yml:1:15: credential a has no secret; write one of secret, secret_file, secret_sha256, secret_bcrypt, certificate_names"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret: x, secret_file: y, permissions: [query]}]",
                "weir.yml:1:15: credential a has more than one secret; write one of secret, secret_file, secret_sha256, secret_bcrypt, certificate_names"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret: x}]",
                "weir.yml:1:15: credential a has no permissions; give it some of metrics.read, metrics.write, query and admin"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret_sha256: abc, permissions: [query]}]",
                "weir.yml:1:54: secret_sha256 has to be 64 hexadecimal digits; `weir credential new` makes one, and so does `printf %s SECRET | sha256sum`"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret: x, permissions: [query], matchers: 'tenant='}]",
                "weir.yml:1:82: cannot read the selector tenant= at character 7: expected a metric name or {; write a selector, such as '{tenant=\"a\"}'"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret: x, permissions: [query], matchers: '{}'}]",
                "weir.yml:1:82: matchers is empty; write a selector, such as '{tenant=\"a\"}', or remove it"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret: x, permissions: [query], networks: [10.0.0.1/8]}]",
                "weir.yml:1:83: \"10.0.0.1/8\" is not a network; write one such as 10.0.0.0/8, 192.0.2.7 or fd00::/8"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret: x, permissions: [query], networks: []}]",
                "weir.yml:1:82: networks names none; write one, or remove it"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret: x, permissions: [query], expires: soon}]",
                "weir.yml:1:81: expires is \"soon\"; write a date: 2027-01-01 or 2027-01-01T12:00:00Z"
            ),
            (
                "credentials: [{name: a, kind: bearer, secret: x, permissions: [admin], matchers: '{t=\"a\"}'}]",
                "weir.yml:1:15: credential a: the permission admin sees everything and cannot be bound to matchers; give it others, such as query and metrics.read"
            ),
            (
                "credentials: [{name: a, kind: bearer, sekret: x}]",
                "weir.yml:1:15: credential a has no permissions; give it some of metrics.read, metrics.write, query and admin"
            ),
        ])
    func `what is wrong is told with its place and the remedy`(text: String, expected: String)
        throws
    {
        #expect(try complaint(text) == expected)
    }

    @Test func `no message shows a secret`() throws {
        for row in [
            "{name: a, kind: bearer, secret: hush-hush}",
            "{name: a, kind: bearer, secret_bcrypt: hush-hush, permissions: [query]}",
            "{name: a, kind: bearer, secret_sha256: hush-hush, permissions: [query]}",
            "{kind: bearer, secret: hush-hush}", "{name: a, secret: hush-hush}",
            "{name: a, kind: bearer, permissions: [a b], secret: hush-hush}",
            "{name: a, kind: nonsense, secret: hush-hush}",
        ] {
            #expect {
                try read("credentials:\n  - \(row)\n")
            } throws: {
                !"\($0)".contains("hush")
            }
        }
    }

    @Test func `a secret's file may hold a token, a password or a hash`() throws {
        try folder.write("t0ken\n", to: "token")
        try folder.write("pass word\r\n", to: "plain")
        try folder.write(try PasswordHash(hashing: "x", cost: 4).text + "\n", to: "hash")
        let table = try read(
            """
            credentials:
              - {name: t, kind: bearer, secret_file: token, permissions: [query]}
              - {name: p, kind: basic, secret_file: plain, permissions: [query]}
              - {name: h, kind: basic, secret_file: hash, permissions: [query]}
            """
        ).table()
        #expect(table.credentials[0].secret == .digest(try .sha256(Array("t0ken".utf8))))
        #expect(table.credentials[1].secret == .digest(try .sha256(Array("pass word".utf8))))
        guard case .password(let hash) = table.credentials[2].secret else {
            Issue.record("no hash")
            return
        }
        #expect(hash.matches("x"))
    }

    @Test func `a secret's file that is missing or empty is told by its path`() throws {
        let path = try folder.write("\n", to: "token")
        let settings = try read(
            "credentials: [{name: t, kind: bearer, secret_file: token, permissions: [query]}]")
        #expect { try settings.table() } throws: { "\($0)" == "cannot read \(path): it is empty" }
        let other = try read(
            "credentials: [{name: t, kind: bearer, secret_file: none, permissions: [query]}]")
        #expect {
            try other.table()
        } throws: {
            "\($0)" == "cannot read \(folder.file("none")): No such file or directory"
        }
    }

    @Test func `what credential new prints is what is read`() throws {
        let new = try NewCredential(
            CredentialSettings(
                name: "it's", kind: .bearer, secret: .plain(""),
                permissions: [.query, .metricsRead],
                binding: [Matcher("tenant", equals: "a'\"b")],
                networks: [try Network("10.0.0.0/8")],
                expires: Timestamp(rfc3339: "2027-01-01")))
        let settings = try read("credentials:\n  \(new.settings.line)\n")
        #expect(settings.credentials == [new.settings])
    }
}

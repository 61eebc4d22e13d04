import Access
import Crypto
import Model
import Testing

struct NewCredentialTests {
    private func template(
        _ kind: CredentialKind, binding: [Matcher] = [], permissions: Set<Permission> = [.query]
    ) -> CredentialSettings {
        CredentialSettings(
            name: "grafana", kind: kind, secret: .plain(""), permissions: permissions,
            binding: binding)
    }

    @Test(arguments: [CredentialKind.bearer, .metricsToken, .apiKey])
    func `a token is kept by its SHA-256 alone`(kind: CredentialKind) throws {
        let new = try NewCredential(template(kind))
        let secret = try #require(new.secret)
        #expect(secret.utf8.count == 48)
        #expect(new.settings.secret == .digest(try .sha256(Array(secret.utf8))))
        #expect(!new.settings.line.contains(secret))
        #expect(try NewCredential(template(kind)).secret != secret)
    }

    @Test func `a password is kept by its bcrypt hash`() throws {
        let new = try NewCredential(template(.basic))
        guard case .password(let hash) = new.settings.secret else {
            Issue.record("not a password")
            return
        }
        #expect(hash.matches(try #require(new.secret)))
    }

    @Test func `what could not be used is told at once`() {
        #expect(throws: AccessError.self) {
            try NewCredential(
                template(
                    .bearer, binding: [Matcher("tenant", equals: "a")], permissions: [.admin]))
        }
    }

    @Test func `a row is one line of YAML`() throws {
        let row = CredentialSettings(
            name: "it's me", kind: .basic, username: "no",
            secret: .password(
                try PasswordHash("$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG")),
            permissions: [.query, .metricsRead], binding: [Matcher("tenant", equals: "a'b")],
            networks: [try Network("10.0.0.0/8"), try Network("::1")],
            expires: Timestamp(rfc3339: "2027-01-01"))
        #expect(
            row.line
                == "- {name: 'it''s me', kind: basic, username: 'no', secret_bcrypt: "
                + "'$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG', permissions: "
                + "[metrics.read, query], matchers: '{tenant=\"a''b\"}', networks: "
                + "['10.0.0.0/8', '::1/128'], expires: '2027-01-01T00:00:00.000Z'}")
    }
}

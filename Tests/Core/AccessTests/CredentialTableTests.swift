import Crypto
import Model
import Testing

@testable import Access

/// A credential for tests: a token kept by its digest.
func token(
    _ name: String, _ kind: CredentialKind = .bearer, secret: String,
    permissions: Set<Permission> = [.query], binding: [Matcher] = [], networks: [String] = [],
    expires: Timestamp? = nil
) throws -> Credential {
    try Credential(
        name: name, kind: kind, secret: .digest(.sha256(Array(secret.utf8))),
        permissions: permissions, binding: binding, networks: networks.map { try Network($0) },
        expires: expires)
}

struct CredentialTableTests {
    @Test func `a token is found by its kind and its digest, wherever it stands`() throws {
        let table = try CredentialTable(
            (0..<50).map { try token("b\($0)", secret: "secret-\($0)") }
                + [token("k", .apiKey, secret: "secret-7")])
        for place in 0..<50 {
            #expect(
                table.token(.bearer, digest: try .sha256(Array("secret-\(place)".utf8))) == place)
        }
        let seven = try Digest.sha256(Array("secret-7".utf8))
        #expect(table.token(.apiKey, digest: seven) == 50)
        #expect(table.token(.metricsToken, digest: seven) == nil)
    }

    @Test func `two of one name or one secret are refused, without the secret`() throws {
        let one = try token("a", secret: "s3cret")
        #expect {
            try CredentialTable([one, try token("a", secret: "other")])
        } throws: {
            "\($0)" == "credential a: the name is taken; names tell who asked"
        }
        #expect {
            try CredentialTable([one, try token("b", secret: "s3cret")])
        } throws: {
            "\($0)" == "credential b: its secret is that of a too"
        }
    }

    @Test func `contradictions are refused with the remedy`() throws {
        func problem(_ body: () throws -> Credential) -> String? {
            do { _ = try body() } catch { return "\(error)" }
            return nil
        }
        let password = try PasswordHash(hashing: "x", cost: 4)
        let digest = try Digest.sha256([1])
        let bound = Matcher("tenant", equals: "a")
        #expect(
            problem {
                try Credential(
                    name: "a", kind: .bearer, secret: .password(password), permissions: [.query])
            } == "credential a: bcrypt is for the kind basic; a token is found by its SHA-256: "
                + "write `secret_sha256`")
        #expect(
            problem {
                try Credential(
                    name: "a", kind: .bearer, secret: .digest(digest), permissions: [.admin],
                    binding: [bound])
            } == "credential a: the permission admin sees everything and cannot be bound to "
                + "matchers; give it others, such as query and metrics.read")
        #expect(
            problem {
                try Credential(name: "a", kind: .bearer, secret: .digest(digest), permissions: [])
            } == "credential a: it has no permissions; give it some of metrics.read, "
                + "metrics.write, query and admin")
        #expect(
            problem {
                try Credential(
                    name: "a", kind: .clientCertificate, secret: .digest(digest),
                    permissions: [.query])
            } == "credential a: a client certificate has no secret; write "
                + "`certificate_names: [...]`")
    }

    @Test func `a certificate is known by any of its names`() throws {
        let table = try CredentialTable([
            Credential(
                name: "scraper", kind: .clientCertificate,
                secret: .certificate(names: ["scraper.example.org"]), permissions: [.metricsRead])
        ])
        #expect(table.certificate(names: ["10.0.0.1", "scraper.example.org"]) == 0)
        #expect(table.certificate(names: ["other.example.org"]) == nil)
        #expect(table.certificate(names: []) == nil)
    }
}

struct PermissionTests {
    @Test(
        arguments: [
            (["query"], "query", true), (["query"], "metrics.read", false),
            (["admin"], "query", true), (["admin"], "dcos:adminrouter:ops:system-metrics", true),
            (["dcos:superuser"], "dcos:adminrouter:system:agent", true),
            (["dcos:superuser"], "query", false), (["Read"], "metrics.read", true),
            (["Read"], "metrics.write", false), (["Write"], "metrics.write", true),
            ([], "query", false),
        ] as [([String], String, Bool)])
    func `one permission may stand for others`(
        held: [String], asked: String, isAllowed: Bool
    ) throws {
        let held = Set(try held.map { try Permission($0) })
        #expect(held.allow(try Permission(asked)) == isAllowed)
    }

    @Test(arguments: ["", "a b", "a,b", "a\n", "ä"])
    func `a permission is a plain word`(name: String) {
        #expect(throws: AccessError.self) { try Permission(name) }
    }
}

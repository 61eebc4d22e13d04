public import Crypto
public import Model

/// In which form a client shows a credential.
public enum CredentialKind: String, Sendable, Hashable, CaseIterable {
    /// `Authorization: Bearer x`; `Token x` and DC/OS's `token=x` say the same.
    case bearer
    /// `Authorization: Basic`, a name and a password.
    case basic
    /// `Authorization: Metrics x`, or `x` as the password of any user name.
    case metricsToken = "metrics_token"
    /// `X-Api-Key: x`.
    case apiKey = "api_key"
    /// A certificate that the TLS handshake has verified.
    case clientCertificate = "client_certificate"
}

/// What is kept of a secret: enough to check one, and not the secret.
public enum StoredSecret: Sendable, Hashable {
    /// The SHA-256 of a long random token, or of a secret that the settings hold in plain.
    case digest(Digest)
    /// The bcrypt hash of a password.
    case password(PasswordHash)
    /// No secret: the TLS handshake has proved the certificate, whose alternative names or common
    /// name must be among these.
    case certificate(names: [String])
}

/// One row of the table: who, how it is proved, and what it allows.
public struct Credential: Sendable, Hashable {
    /// What logs and metrics call it.
    public let name: String
    /// In which form clients show it.
    public let kind: CredentialKind
    /// The user name of `basic`; otherwise the name.
    public let username: String
    /// What proves it.
    public let secret: StoredSecret
    /// What it allows.
    public let permissions: Set<Permission>
    /// The series that it may see meet all of these; empty: every series.
    public let binding: [Matcher]
    /// From where it may be used; empty: from anywhere.
    public let networks: [Network]
    /// The first instant at which it is no longer good.
    public let expires: Timestamp?

    /// A credential of these; throws where they contradict each other.
    public init(
        name: String, kind: CredentialKind, username: String? = nil, secret: StoredSecret,
        permissions: Set<Permission>, binding: [Matcher] = [], networks: [Network] = [],
        expires: Timestamp? = nil
    ) throws(AccessError) {
        if let problem = Self.problem(name: name, kind: kind, secret: secret) {
            throw .credential(name: name, problem: problem)
        }
        guard binding.isEmpty || !permissions.contains(where: \.isUnlimited) else {
            throw .credential(
                name: name,
                problem: "the permission admin sees everything and cannot be bound to matchers; "
                    + "give it others, such as query and metrics.read")
        }
        guard !permissions.isEmpty else {
            throw .credential(
                name: name,
                problem:
                    "it has no permissions; give it some of metrics.read, metrics.write, query "
                    + "and admin")
        }
        self.name = name
        self.kind = kind
        self.username = username ?? name
        self.secret = secret
        self.permissions = permissions
        self.binding = binding
        self.networks = networks
        self.expires = expires
    }

    private static func problem(name: String, kind: CredentialKind, secret: StoredSecret) -> String?
    {
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            return "its name has to be a text without control characters"
        }
        switch (kind, secret) {
        case (.clientCertificate, .certificate(let names)):
            return names.isEmpty ? "it names no certificate; write `certificate_names: [...]`" : nil
        case (.clientCertificate, _):
            return "a client certificate has no secret; write `certificate_names: [...]`"
        case (_, .certificate): return "only the kind client_certificate has certificate_names"
        case (.basic, _), (_, .digest): return nil
        case (_, .password):
            return "bcrypt is for the kind basic; a token is found by its SHA-256: write "
                + "`secret_sha256`"
        }
    }
}

/// Who asks: what a handler may know of the credential that was shown.
public struct Caller: Sendable {
    /// The credential's name, or `nil` where none was needed and none shown.
    public let name: String?
    /// What it allows.
    public let permissions: Set<Permission>
    /// The series that it may see meet all of these; empty: every series.
    public let binding: [Matcher]

    /// A caller of these.
    public init(name: String?, permissions: Set<Permission>, binding: [Matcher]) {
        self.name = name
        self.permissions = permissions
        self.binding = binding
    }

    /// Who asks where nobody is kept out.
    public static let anybody = Caller(name: nil, permissions: [.admin], binding: [])

    /// `source`, cut down to the series that this caller may see.
    public func view(of source: any SeriesSource) -> ScopedSource {
        ScopedSource(source, only: binding)
    }
}

extension Credential {
    /// Who asks, once this has been proved.
    var caller: Caller { Caller(name: name, permissions: permissions, binding: binding) }
}

extension CredentialKind {
    /// What a credential of this kind is mostly made for.
    public var usualPermissions: Set<Permission> {
        switch self {
        case .bearer, .basic: [.query, .metricsRead]
        case .metricsToken, .clientCertificate: [.metricsRead]
        case .apiKey: [.metricsRead, .metricsWrite]
        }
    }
}

extension Caller {
    /// Who may do nothing and sees nothing: a request that no gatekeeper has looked at.
    public static let nobody = Caller(
        name: nil, permissions: [],
        // No series has two names.
        binding: [
            Matcher(LabelName.metric, equals: "a"), Matcher(LabelName.metric, equals: "b"),
        ])
}

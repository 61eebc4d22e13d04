public import Crypto
public import Model

/// Where the secret of a credential comes from.
public enum SecretSource: Sendable, Hashable {
    /// It stands in the settings in plain.
    case plain(String)
    /// Its SHA-256 stands in the settings.
    case digest(Digest)
    /// Its bcrypt hash stands in the settings.
    case password(PasswordHash)
    /// It is in this file, in plain or as a bcrypt hash; read again when the file changes.
    case file(String)
    /// There is none: a verified certificate has one of these names.
    case certificate(names: [String])
}

/// A row of `credentials:`, before the files that it names are read.
public struct CredentialSettings: Sendable, Hashable {
    /// What logs and metrics call it.
    public var name: String
    /// In which form clients show it.
    public var kind: CredentialKind
    /// The user name of `basic`; `nil`: the name.
    public var username: String?
    /// Where the secret comes from.
    public var secret: SecretSource
    /// What it allows.
    public var permissions: Set<Permission>
    /// The series that it may see meet all of these; empty: every series.
    public var binding: [Matcher]
    /// From where it may be used; empty: from anywhere.
    public var networks: [Network]
    /// The first instant at which it is no longer good.
    public var expires: Timestamp?

    /// A row of these.
    public init(
        name: String, kind: CredentialKind, username: String? = nil, secret: SecretSource,
        permissions: Set<Permission>, binding: [Matcher] = [], networks: [Network] = [],
        expires: Timestamp? = nil
    ) {
        self.name = name
        self.kind = kind
        self.username = username
        self.secret = secret
        self.permissions = permissions
        self.binding = binding
        self.networks = networks
        self.expires = expires
    }

    /// The credential, with the secret that its file holds now.
    public func credential() throws(AccessError) -> Credential {
        try Credential(
            name: name, kind: kind, username: username, secret: stored(), permissions: permissions,
            binding: binding, networks: networks, expires: expires)
    }

    private func stored() throws(AccessError) -> StoredSecret {
        switch secret {
        case .plain(let text): return try Self.stored(text, kind)
        case .digest(let digest): return .digest(digest)
        case .password(let hash): return .password(hash)
        case .file(let path): return try Self.stored(SecretFile.secret(path), kind)
        case .certificate(let names): return .certificate(names: names)
        }
    }

    // A password may be kept as its hash in a file too; no token looks like one.
    private static func stored(
        _ text: String, _ kind: CredentialKind
    ) throws(AccessError) -> StoredSecret {
        do {
            if kind == .basic, text.hasPrefix("$2") { return .password(try PasswordHash(text)) }
            return .digest(try .sha256(Array(text.utf8)))
        } catch { throw .crypto(error) }
    }
}

/// What Weir's own settings say of who may pass: `auth:` and `credentials:`.
public struct AccessSettings: Sendable, Hashable {
    /// Whom addresses let in.
    public var rule: AccessRule
    /// The rows of the table.
    public var credentials: [CredentialSettings]

    /// Settings of these; of nothing, the rule is the one by address.
    public init(rule: AccessRule = .byAddress, credentials: [CredentialSettings] = []) {
        self.rule = rule
        self.credentials = credentials
    }

    /// The files that the table is made of beside the settings.
    public var files: [String] {
        credentials.compactMap { if case .file(let path) = $0.secret { path } else { nil } }
    }

    /// The table of these rows and of the web configuration's users, who may do everything.
    public func table(users: [WebConfig.User] = []) throws(AccessError) -> CredentialTable {
        var all: [Credential] = []
        for row in credentials { all.append(try row.credential()) }
        for user in users {
            all.append(
                try Credential(
                    name: user.name, kind: .basic, secret: .password(user.hash),
                    permissions: [.admin]))
        }
        return try CredentialTable(all)
    }
}

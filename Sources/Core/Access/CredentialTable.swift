import Crypto
import Model

/// Every credential that Weir accepts; a value, replaced as a whole when a file changes.
public struct CredentialTable: Sendable {
    /// The credentials in the order of the settings.
    public let credentials: [Credential]

    private let tokens: [CredentialKind: [(digest: [UInt8], index: Int)]]
    private let users: [String: [Int]]
    private let certificates: [Int]
    /// Checked where the user is not known, so that this takes as long as where it is.
    let decoy: PasswordHash?

    /// A table of these; throws where two cannot be told apart.
    public init(_ credentials: [Credential] = []) throws(AccessError) {
        var tokens: [CredentialKind: [(digest: [UInt8], index: Int)]] = [:]
        var users: [String: [Int]] = [:]
        var certificates: [Int] = []
        var decoy: PasswordHash?
        var names: Set<String> = []
        for (index, credential) in credentials.enumerated() {
            guard names.insert(credential.name).inserted else {
                throw .credential(
                    name: credential.name, problem: "the name is taken; names tell who asked")
            }
            switch (credential.kind, credential.secret) {
            case (.basic, let secret):
                users[credential.username, default: []].append(index)
                if case .password(let hash) = secret { decoy = decoy ?? hash }
            case (let kind, .digest(let digest)):
                if let twin = tokens[kind]?.first(where: { $0.digest == digest.bytes }) {
                    throw .credential(
                        name: credential.name,
                        problem: "its secret is that of \(credentials[twin.index].name) too")
                }
                tokens[kind, default: []].append((digest.bytes, index))
            case (_, .certificate): certificates.append(index)
            case (_, .password): preconditionFailure("BUG: a password hash outside of basic")
            }
        }
        self.credentials = credentials
        self.tokens = tokens
        self.users = users
        self.certificates = certificates
        self.decoy = decoy
    }

    /// No credential at all.
    public static let empty = CredentialTable()

    private init() {
        credentials = []
        tokens = [:]
        users = [:]
        certificates = []
        decoy = nil
    }

    /// Whether there is none.
    public var isEmpty: Bool { credentials.isEmpty }

    /// The place of the token of this kind whose digest is `digest`.
    ///
    /// All are looked at, and all in the same time, wherever the one stands that fits.
    func token(_ kind: CredentialKind, digest: Digest) -> Int? {
        var found: Int?
        for candidate in tokens[kind] ?? []
        where SecureBytes.areEqual(candidate.digest, digest.bytes) {
            found = candidate.index
        }
        return found
    }

    /// The places of the credentials of a user name; several while a password is being changed.
    func places(ofUser username: String) -> [Int] { users[username] ?? [] }

    /// The place of the credential that one of a verified certificate's names belongs to.
    func certificate(names: [String]) -> Int? {
        guard !names.isEmpty else { return nil }
        return certificates.first { index in
            guard case .certificate(let accepted) = credentials[index].secret else { return false }
            return accepted.contains { name in names.contains { $0.hasSameBytes(as: name) } }
        }
    }
}

extension CredentialTable {
    /// The credential that `secret` is, in whichever form; `user:password` for `basic`.
    ///
    /// For a person who wants to know, not for requests: it may take as long as bcrypt takes.
    public func credential(forSecret secret: String) throws(AccessError) -> Credential? {
        let place: Int?
        do { place = try self.place(ofSecret: secret) } catch { throw .crypto(error) }
        return place.map { credentials[$0] }
    }

    private func place(ofSecret secret: String) throws(CryptoError) -> Int? {
        let digest = try Digest.sha256(Array(secret.utf8))
        for kind in [CredentialKind.bearer, .metricsToken, .apiKey] {
            if let place = token(kind, digest: digest) { return place }
        }
        let parts = secret.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        for place in places(ofUser: String(parts[0])) {
            switch credentials[place].secret {
            case .digest(let stored):
                let given = try Digest.sha256(Array(parts[1].utf8))
                if SecureBytes.areEqual(stored.bytes, given.bytes) { return place }
            case .password(let hash): if hash.matches(String(parts[1])) { return place }
            case .certificate: continue
            }
        }
        return nil
    }
}

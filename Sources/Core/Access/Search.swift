import Crypto

/// Looks for the credential that a request shows.
struct Search {
    /// What was found.
    enum Outcome {
        /// The place in the table.
        case found(Int)
        /// Nothing; this bearer token might be somebody else's to judge.
        case unknownToken(String)
        /// Nothing.
        case unknown
        /// The password could not be checked now.
        case busy
    }

    let table: CredentialTable
    let passwords: PasswordChecker
    /// Whether too many attempts from there have failed: then no password is reckoned any more.
    let isHeldUp: Bool

    /// The first claim that holds decides.
    func run(_ presented: PresentedCredentials) async throws(CryptoError) -> Outcome {
        var unknown = Outcome.unknown
        for claim in presented.claims {
            switch claim {
            case .token(let token, let kind):
                if let place = try self.token(token, kind) { return .found(place) }
                if kind == .bearer { unknown = .unknownToken(token) }
            case .password(let username, let password):
                let outcome = try await self.password(username, password)
                if case .unknown = outcome { continue }
                return outcome
            }
        }
        if let place = table.certificate(names: presented.certificateNames) { return .found(place) }
        return unknown
    }

    private func token(_ token: String, _ kind: CredentialKind) throws(CryptoError) -> Int? {
        table.token(kind, digest: try .sha256(Array(token.utf8)))
    }

    private func password(_ username: String, _ password: String) async throws(CryptoError)
        -> Outcome
    {
        let digest = try Digest.sha256(Array(password.utf8))
        // `http://x:TOKEN@host/metrics` is all that some clients can say.
        if let place = table.token(.metricsToken, digest: digest) { return .found(place) }
        var didReckon = false
        for place in table.places(ofUser: username) {
            switch table.credentials[place].secret {
            case .digest(let stored):
                if SecureBytes.areEqual(stored.bytes, digest.bytes) { return .found(place) }
            case .password(let hash):
                didReckon = true
                switch try await check(password, hash) {
                case .right: return .found(place)
                case .busy: return .busy
                case .wrong: continue
                }
            case .certificate: continue
            }
        }
        // An unknown name takes as long as a wrong password, so that names cannot be found out.
        if !didReckon, let decoy = table.decoy, case .busy = try await check(password, decoy) {
            return .busy
        }
        return .unknown
    }

    private func check(
        _ password: String, _ hash: PasswordHash
    ) async throws(CryptoError) -> PasswordChecker.Outcome {
        guard isHeldUp else { return try await passwords.check(password, hash) }
        return try passwords.remembered(password, hash) == true ? .right : .wrong
    }
}

/// How a token stands: all that may be shown of it.
public struct OAuth2TokenState: Sendable {
    /// Where it comes from.
    public let tokenURL: String
    /// Whose it is.
    public let clientID: String
    /// What it allows.
    public let scopes: [String]
    /// Whether there is one that serves now.
    public let isPresent: Bool
    /// Requests made for it so far.
    public let requests: Int
    /// Fetches that brought nothing.
    public let failures: Int
    /// How old it is.
    public let age: Duration?
    /// How long it still lives; `nil` where there is none or nobody knows.
    public let expiresIn: Duration?
    /// Why the last fetch brought nothing; `nil` once one has brought a token.
    public let lastError: String?
    /// How long the broker still waits after a failure.
    public let nextAttemptIn: Duration?

    init(_ key: TokenKey, _ slot: TokenSlot, now: Duration) {
        tokenURL = key.options.tokenURL.description
        clientID = key.options.clientID
        scopes = key.options.scopes
        isPresent = slot.token?.serves(at: now) ?? false
        requests = slot.requests
        failures = slot.failures
        age = slot.token.map { now - $0.fetchedAt }
        expiresIn = slot.token.flatMap { token in
            token.life.map { max(.zero, token.fetchedAt + $0 - now) }
        }
        lastError = slot.lastError?.description
        nextAttemptIn = slot.nextAttempt.flatMap { $0 > now ? $0 - now : nil }
    }
}

/// What tells one token from another: everything that goes into the request for it.
struct TokenKey: Sendable, Hashable {
    /// The options, with the secret left out.
    let options: OAuth2Options
    /// The SHA-256 of the secret or key as it stands now.
    let digest: [UInt8]
}

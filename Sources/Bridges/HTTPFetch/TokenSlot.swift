/// One credential's token: what to do when somebody asks, and what follows from each event.
///
/// A value without clocks: time and chance come in as arguments.
struct TokenSlot: Sendable {
    /// What an asker has to do.
    enum Step {
        case use(OAuth2Token)
        /// Use it, and begin to fetch the next one.
        case useAndFetch(OAuth2Token)
        case fetch
        /// A fetch is under way.
        case wait
        case refuse(HTTPFetchError)
    }

    private(set) var token: OAuth2Token?
    private(set) var isFetching = false
    private(set) var requests = 0
    private(set) var failures = 0
    private(set) var lastError: HTTPFetchError?
    private(set) var nextAttempt: Duration?
    private(set) var lastAsked = Duration.zero
    private var failuresInARow = 0
    private var serial = 0
    private var refusals: [String: Refusal] = [:]

    /// A place that refused a token though it was new.
    private struct Refusal {
        var count = 0
        var until = Duration.zero
    }

    /// The first pause after a failure; each further one doubles it, up to the longest.
    static let firstPause = Duration.milliseconds(500)
    static let longestPause = Duration.seconds(60)

    /// Somebody needs a token.
    mutating func ask(now: Duration) -> Step {
        lastAsked = now
        let mayFetch = !isFetching && nextAttempt.map { now >= $0 } ?? true
        if let token, token.serves(at: now) {
            guard token.isDue(at: now), mayFetch else { return .use(token) }
            isFetching = true
            return .useAndFetch(token)
        }
        if isFetching { return .wait }
        guard mayFetch else { return .refuse(refusal(now: now)) }
        isFetching = true
        return .fetch
    }

    /// Requests that the fetch made, right or wrong.
    mutating func count(requests: Int) { self.requests += requests }

    /// The fetch brought a token.
    mutating func succeed(_ reply: TokenReply, now: Duration, random: Double) -> OAuth2Token {
        serial += 1
        let token = OAuth2Token(reply, serial: serial, now: now, random: random)
        self.token = token
        (isFetching, failuresInARow, nextAttempt, lastError) = (false, 0, nil, nil)
        return token
    }

    /// The fetch brought nothing.
    mutating func fail(_ error: HTTPFetchError, now: Duration, random: Double) {
        failures += 1
        failuresInARow += 1
        let doubled = Self.firstPause * (1 << min(failuresInARow - 1, 10))
        nextAttempt = now + min(doubled, Self.longestPause) * (0.75 + 0.25 * random)
        (isFetching, lastError) = (false, error)
    }

    private func refusal(now: Duration) -> HTTPFetchError {
        guard case .noToken(let url, let reason) = lastError, let nextAttempt else {
            preconditionFailure("BUG: a pause without a failure")
        }
        let left = HTTPFetchError.seconds(max(.milliseconds(1), nextAttempt - now))
        return .noToken(tokenURL: url, reason: "\(reason); next attempt in \(left)")
    }

    // MARK: Tokens that targets refuse

    /// Whether a refusal by `origin` is a reason to fetch another token now.
    func mayReplace(refusedBy origin: String, now: Duration) -> Bool {
        refusals[origin].map { now >= $0.until } ?? true
    }

    /// `origin` refused a token: it is dropped, unless it has been replaced already.
    mutating func refuse(_ token: OAuth2Token, by origin: String, now: Duration) {
        if self.token?.serial == token.serial { self.token = nil }
        if refusals.count >= 10_000 { refusals = refusals.filter { $0.value.until > now } }
        var refusal = refusals[origin] ?? Refusal()
        // Where a new token did not help either, tokens are not the reason: ask ever more rarely.
        refusal.until = now + .seconds(60) * (1 << min(refusal.count, 4))
        refusal.count += 1
        refusals[origin] = refusal
    }

    /// `origin` took a token.
    mutating func accept(by origin: String) { refusals[origin] = nil }
}

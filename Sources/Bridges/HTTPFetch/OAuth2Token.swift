import Glibc

/// The clocks and the chance by which tokens age; tests bring their own.
public struct TokenTime: Sendable {
    /// Time that never jumps, from any beginning.
    public var now: @Sendable () -> Duration
    /// Seconds since 1970, for what is signed.
    public var wallSeconds: @Sendable () -> Int
    /// Anything from 0 up to 1.
    public var random: @Sendable () -> Double

    /// Clocks and chance of the caller's.
    public init(
        now: @escaping @Sendable () -> Duration, wallSeconds: @escaping @Sendable () -> Int,
        random: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.wallSeconds = wallSeconds
        self.random = random
    }

    /// The machine's own.
    public static let real: TokenTime = {
        let start = ContinuousClock.now
        return TokenTime(
            now: { ContinuousClock.now - start }, wallSeconds: { Glibc.time(nil) },
            random: { Double.random(in: 0..<1) })
    }()
}

/// A token and how long it serves.
struct OAuth2Token: Sendable {
    /// The value of `Authorization`.
    let header: String
    /// Tells this token from those before and after it.
    let serial: Int
    let fetchedAt: Duration
    /// How long the server said that it lives; `nil` is for ever.
    let life: Duration?
    /// When it is renewed while it still serves.
    let refreshAt: Duration?

    init(_ reply: TokenReply, serial: Int, now: Duration, random: Double) {
        header = "\(reply.type) \(reply.token)"
        self.serial = serial
        fetchedAt = now
        life = reply.life
        // Up to a tenth of the life earlier, so that many processes do not come at once.
        refreshAt = reply.life.map { life in
            // A short life is over ten seconds early: three quarters of what is left of it.
            let span = life > .seconds(60) ? life : Self.service(of: life)
            return now + span * 0.75 - span * (0.1 * random)
        }
    }

    /// When it serves no more: ten seconds before it expires, since it has to arrive too.
    ///
    /// One that lives less than ten seconds serves for half of its life.
    var servesUntil: Duration? { life.map { fetchedAt + Self.service(of: $0) } }

    private static func service(of life: Duration) -> Duration {
        life > .seconds(10) ? life - .seconds(10) : life / 2
    }

    func serves(at now: Duration) -> Bool { servesUntil.map { now < $0 } ?? true }
    func isDue(at now: Duration) -> Bool { refreshAt.map { now >= $0 } ?? false }
}

/// Who waits for a token, and until when.
struct TokenWait: Sendable {
    /// What the token is for, to be shown.
    let url: String
    let timeout: Duration
    let deadline: ContinuousClock.Instant
}

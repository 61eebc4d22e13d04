import Crypto
public import Model
public import Telemetry
import Threads

/// Decides who may pass, by the table that holds now.
///
/// Which credential was used is counted and logged by its name; what was shown never is.
public final class Gatekeeper: Sendable {
    /// Checks a bearer token that is not in the table, such as a JWT; `nil` if it is not its own.
    public typealias TokenCheck =
        @Sendable (_ token: String, _ now: Timestamp) async -> Credential?

    private struct Known {
        let table: CredentialTable
        let uses: [Counter]
    }

    private struct Visit: Hashable {
        let neighbour: IPAddress
        let credential: String
    }

    private let known: Locked<Known>
    private let failures: Locked<FailureLimiter>
    // Who has come in from where: such a pair is let in also while the place is held up, so that a
    // stranger behind the same proxy cannot lock out the others.
    private let visits = Locked<Set<Visit>>([])
    private let passwords: PasswordChecker
    private let otherTokens: TokenCheck?
    private let registry: MetricRegistry
    private let log: Log
    private let throttle = LogThrottle()

    /// Decides by `table` until `replace` is called.
    ///
    /// `otherTokens` is asked about bearer tokens that the table does not know. Of one neighbour
    /// `failureBurst` attempts may fail at once, and one more after each `failureRefill`.
    public init(
        _ table: CredentialTable, registry: MetricRegistry, log: Log,
        otherTokens: TokenCheck? = nil, failureBurst: Int = 10,
        failureRefill: TimeSpan = .seconds(6)
    ) {
        self.registry = registry
        self.log = log.module("access")
        self.otherTokens = otherTokens
        known = Locked(Known(table: table, uses: Self.counters(of: table, in: registry)))
        failures = Locked(FailureLimiter(burst: failureBurst, refill: failureRefill))
        passwords = PasswordChecker(
            counting: registry.counter(
                "weir_access_password_checks_total", "Passwords that bcrypt was asked about."))
    }

    /// The table that holds now.
    public var table: CredentialTable { known.withLock { $0.table } }

    /// Lets `table` hold from now on; requests that are under way keep what they were told.
    public func replace(_ table: CredentialTable) {
        let new = Known(table: table, uses: Self.counters(of: table, in: registry))
        known.withLock { $0 = new }
        visits.withLock { $0.removeAll() }
    }

    /// Whether a request may pass, and as whom.
    ///
    /// `presented` is what it shows, `address` where it comes from (`nil` for a unix socket),
    /// `listener` whom the address that it came in by lets in, `requirement` what the route asks.
    public func admit(
        _ presented: PresentedCredentials, from address: IPAddress?, by listener: ListenerAccess,
        asking requirement: Requirement, now: Timestamp = WallClock.now
    ) async -> Result<Caller, Refusal> {
        if requirement == .nothing { return .success(.anybody) }
        if presented.isEmpty {
            return listener == .open ? .success(.anybody) : refuse(.missing, address)
        }
        let found = await identify(presented, from: address, now: now)
        switch (found, listener) {
        case (.failure(let refusal), .guarded): return refuse(refusal, address)
        // Nobody is kept out here, so that a header which was not asked for does no harm.
        case (.failure, .open): return .success(.anybody)
        case (.success(let credential), _):
            if case .permission(let permission) = requirement,
                !credential.permissions.allow(permission)
            {
                return refuse(.lacks(permission, credential: credential.name), address)
            }
            return .success(credential.caller)
        }
    }

    private func identify(
        _ presented: PresentedCredentials, from address: IPAddress?, now: Timestamp
    ) async -> Result<Credential, Refusal> {
        let (table, uses) = known.withLock { ($0.table, $0.uses) }
        let wait = address.flatMap { address in
            failures.withLock { $0.wait(for: address, now: now) }
        }
        let search = Search(table: table, passwords: passwords, isHeldUp: wait != nil)
        let outcome: Search.Outcome
        do { outcome = try await search.run(presented) } catch {
            log.error("cannot check a credential", ["error": error.description])
            return .failure(.busy)
        }
        var credential: Credential?
        var use: Counter?
        switch outcome {
        case .found(let index): (credential, use) = (table.credentials[index], uses[index])
        case .busy: return .failure(.busy)
        case .unknownToken(let token): credential = await otherTokens?(token, now)
        case .unknown: break
        }
        let visit = address.flatMap { address in
            credential.map { Visit(neighbour: address.neighbour, credential: $0.name) }
        }
        if let wait, !(visit.map { visit in visits.withLock { $0.contains(visit) } } ?? false) {
            return .failure(.tooManyFailures(wait: wait))
        }
        guard let credential else {
            if let address { failures.withLock { $0.noteFailure(from: address, now: now) } }
            return .failure(.unknown)
        }
        if let expires = credential.expires, now >= expires {
            return .failure(.expired(credential: credential.name))
        }
        let isFromAllowed =
            credential.networks.isEmpty
            || address.map { address in credential.networks.contains { $0.contains(address) } }
                ?? true
        guard isFromAllowed else { return .failure(.place(credential: credential.name)) }
        use?.add()
        if let visit { note(visit) }
        return .success(credential)
    }

    private func note(_ visit: Visit) {
        let isNew = visits.withLock { visits in
            if visits.count >= 10_000 { visits.removeAll() }
            return visits.insert(visit).inserted
        }
        guard isNew else { return }
        log.debug(
            "credential used",
            ["credential": visit.credential, "address": visit.neighbour.description])
    }

    private func refuse(_ refusal: Refusal, _ address: IPAddress?) -> Result<Caller, Refusal> {
        registry.counter(
            "weir_access_refusals_total", "Requests that were refused, by reason.",
            ["reason": refusal.reason]
        ).add()
        // Browsers and probes ask without a credential first: not worth a line.
        if case .missing = refusal { return .failure(refusal) }
        let place = address?.neighbour.description ?? "unix socket"
        log.warn(
            throttled: throttle, key: refusal.reason + " " + place, "request refused",
            [
                "reason": refusal.reason, "credential": refusal.credential ?? "",
                "address": place,
            ])
        return .failure(refusal)
    }

    private static func counters(
        of table: CredentialTable, in registry: MetricRegistry
    ) -> [Counter] {
        table.credentials.map {
            registry.counter(
                "weir_access_uses_total", "Requests that showed a credential, by its name.",
                ["credential": $0.name])
        }
    }
}

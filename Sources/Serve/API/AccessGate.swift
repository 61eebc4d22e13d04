public import Access
public import HTTPServe
import Model
import Threads

/// What a route asks of its caller, and how it refuses; stands in `Route.requirement`.
public struct RouteAccess: Sendable {
    /// What is asked.
    public let requirement: Requirement
    /// How this route refuses, where the dialect that it speaks has a shape of its own.
    public let refusal: (@Sendable (Refusal) -> ServerResponse)?
    /// What people and programs are told of the route.
    public var note: RouteNote?

    /// Asks `requirement`; refuses in plain text, or as `refusal` does.
    public init(
        _ requirement: Requirement, refusal: (@Sendable (Refusal) -> ServerResponse)? = nil
    ) {
        self.requirement = requirement
        self.refusal = refusal
    }
}

/// Puts the gatekeeper before the routes of one server.
public struct AccessGate: Sendable {
    private let keeper: Gatekeeper
    private let access: @Sendable () -> ListenerAccess
    private let rateLimit: RequestBucket

    /// - Parameters:
    ///   - keeper: Who decides.
    ///   - rateLimit: How many requests are taken, over all clients.
    ///   - access: Whom the server's addresses let in now.
    public init(
        _ keeper: Gatekeeper, rateLimit: RequestBucket = RequestBucket(),
        access: @escaping @Sendable () -> ListenerAccess
    ) {
        self.keeper = keeper
        self.rateLimit = rateLimit
        self.access = access
    }

    /// The gate for the server.
    public var gate: Gate { { request in await decide(request) } }

    private func decide(_ request: ServerRequest) async -> GateDecision {
        // A path without a route asks for a credential too: a stranger shall not tell them apart.
        let asked = request.route?.requirement as? RouteAccess ?? RouteAccess(.credential)
        guard asked.requirement == .nothing || rateLimit.take(now: WallClock.now) else {
            return .refuse(.plain("Too Many Requests\n", status: 429))
        }
        let presented = PresentedCredentials(
            authorization: request.fields.values(of: "authorization"),
            apiKeys: request.fields.values(of: "x-api-key"),
            certificateNames: Self.names(of: request.clientCertificate))
        let verdict = await keeper.admit(
            presented, from: Self.address(of: request.peer), by: access(),
            asking: asked.requirement)
        switch verdict {
        case .success(let caller): return .admit(identity: caller, name: caller.name)
        case .failure(let refusal):
            let answer = asked.refusal ?? { Refused.answer($0, offersBasic: offersBasic) }
            return .refuse(answer(refusal), name: refusal.credential)
        }
    }

    private var offersBasic: Bool { keeper.table.credentials.contains { $0.kind == .basic } }

    private static func names(of certificate: ClientCertificate?) -> [String] {
        guard let certificate, certificate.isVerified else { return [] }
        return certificate.alternativeNames + (certificate.commonName.map { [$0] } ?? [])
    }

    private static func address(of peer: PeerAddress) -> IPAddress? {
        switch peer {
        case .ip(let bytes, _): IPAddress(bytes: bytes)
        case .unix: nil
        }
    }
}

/// How a refusal looks where no dialect has a shape of its own.
enum Refused {
    /// Plain text that no parser takes for metrics, with what RFC 9110 and RFC 6750 ask for.
    static func answer(_ refusal: Refusal, offersBasic: Bool) -> ServerResponse {
        var answer = ServerResponse.plain(
            "\(name(of: refusal.status)): \(refusal.message)\n", status: refusal.status)
        switch refusal {
        case .missing: challenge(&answer, #"Bearer realm="weir""#, offersBasic)
        case .unknown, .expired:
            challenge(&answer, #"Bearer realm="weir", error="invalid_token""#, offersBasic)
        case .lacks(let permission, _):
            let scope = #"Bearer realm="weir", error="insufficient_scope", scope="\#(permission)""#
            challenge(&answer, scope, false)
        case .place, .tooManyFailures, .busy: break
        }
        if let seconds = refusal.retryAfterSeconds { answer.fields["Retry-After"] = "\(seconds)" }
        return answer
    }

    private static func challenge(
        _ answer: inout ServerResponse, _ bearer: String, _ offersBasic: Bool
    ) {
        // Basic first: a browser asks its user by the first form that it knows.
        if offersBasic {
            answer.fields.append("WWW-Authenticate", #"Basic realm="weir", charset="UTF-8""#)
        }
        answer.fields.append("WWW-Authenticate", bearer)
    }

    private static func name(of status: Int) -> String {
        switch status {
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 429: "Too Many Requests"
        default: "Service Unavailable"
        }
    }
}

/// A bucket of requests that fills up with time: `rate_limit` of the web configuration.
public final class RequestBucket: Sendable {
    private struct State {
        var limit: WebConfig.RateLimit?
        var spent = 0.0
        var at = Timestamp.distantPast
    }

    private let state = Locked(State())

    /// A bucket without a limit.
    public init() {}

    /// Sets the limit; `nil` takes every request.
    public func set(_ limit: WebConfig.RateLimit?) {
        state.withLock { state in
            if state.limit != limit { state = State(limit: limit) }
        }
    }

    /// Takes one request, if there is one left.
    func take(now: Timestamp) -> Bool {
        state.withLock { state in
            guard let limit = state.limit, limit.interval > .zero else { return true }
            if state.at < now {
                let passed = Double(now.milliseconds) - Double(state.at.milliseconds)
                state.spent = max(0, state.spent - passed / Double(limit.interval.milliseconds))
                state.at = now
            }
            guard state.spent + 1 <= Double(limit.burst) else { return false }
            state.spent += 1
            return true
        }
    }
}

import Glibc
import Threads

/// Fetches over HTTP: as many transfers at a time as there are sockets, all on one thread.
///
/// One client serves the whole process; its connections live on between requests, and its token
/// broker asks once for what many need.
public final class HTTPClient: Sendable {
    private let exchange: Exchange
    /// The tokens of all requests whose options ask for OAuth2.
    public let tokens: OAuth2TokenBroker

    /// The client's thread, for an actor that asks so much that it had better live there.
    public var loop: TransferLoop { exchange.loop }

    /// A client with a thread of its own, which ends with it.
    ///
    /// `routes` send what is meant for one `host:port` to another, as for tests; `userAgent` is what
    /// the client calls itself where a request says nothing.
    public convenience init(userAgent: String = "Weir", routes: [String: String] = [:]) {
        self.init(userAgent: userAgent, routes: routes, time: .real)
    }

    /// A client whose tokens age by a clock of the caller's.
    public init(userAgent: String = "Weir", routes: [String: String] = [:], time: TokenTime) {
        exchange = Exchange(userAgent: userAgent, routes: routes)
        tokens = OAuth2TokenBroker(exchange: exchange, time: time)
    }

    /// Asks, and gives back the whole answer whatever its status.
    public func fetch(
        _ request: HTTPRequest, with options: HTTPClientOptions = HTTPClientOptions()
    ) async throws(HTTPFetchError) -> HTTPResponse {
        let reader = CollectingReader()
        var response = try await fetch(request, with: options, into: reader)
        response.body = reader.takeBytes()
        return response
    }

    /// Asks, and hands the body to `reader` while it comes in.
    ///
    /// A 401 for a token of OAuth2 makes the broker get another and the request is made once more,
    /// within its timeout; the reader sees the second answer only.
    public func fetch(
        _ request: HTTPRequest, with options: HTTPClientOptions, into reader: any BodyReader
    ) async throws(HTTPFetchError) -> HTTPResponse {
        let deadline = ContinuousClock.now + request.timeout
        var plan = try await exchange.plan(request, options)
        guard case .oauth2(let grant) = options.authorization else {
            return try await exchange.perform(plan, until: deadline, into: reader)
        }
        let wait = TokenWait(
            url: request.url.description, timeout: request.timeout, deadline: deadline)
        let token = try await tokens.token(for: grant, wait)
        let origin = request.url.authority
        plan.secretFields["Authorization"] = token.header
        plan.holdsBackRefusal = tokens.mayReplace(token, refusedBy: origin)
        let response = try await exchange.perform(plan, until: deadline, into: reader)
        guard response.isHeldBack else {
            if response.status != 401 { tokens.accepted(token, by: origin) }
            return response
        }
        let other = try await tokens.replacement(for: token, grant, refusedBy: origin, wait)
        plan.secretFields["Authorization"] = other.header
        plan.holdsBackRefusal = false
        let second = try await exchange.perform(plan, until: deadline, into: reader)
        if second.status != 401 { tokens.accepted(other, by: origin) }
        return second
    }

    // MARK: For who asks so often that each wake-up counts

    /// All that a request needs, read and checked; `nil` where it needs a token, which only `fetch`
    /// gets.
    public func prepare(
        _ request: HTTPRequest, with options: HTTPClientOptions
    ) async throws(HTTPFetchError) -> PreparedFetch? {
        if case .oauth2 = options.authorization { return nil }
        let deadline = ContinuousClock.now + request.timeout
        return PreparedFetch(plan: try await exchange.plan(request, options), deadline: deadline)
    }

    /// Asks, and calls `finish` on the loop's thread when it is over.
    ///
    /// A task that runs there goes on without another thread in between.
    public func begin(
        _ prepared: PreparedFetch, into reader: any BodyReader,
        finish: @escaping @Sendable (Result<HTTPResponse, HTTPFetchError>) -> Void
    ) -> RunningFetch {
        let transfer = Transfer(
            prepared.plan, deadline: prepared.deadline, reader: reader, finish: finish)
        exchange.loop.submit(transfer)
        return RunningFetch(transfer: transfer, loop: exchange.loop)
    }
}

/// A request that is ready to be made.
public struct PreparedFetch: Sendable {
    let plan: TransferPlan
    let deadline: ContinuousClock.Instant
}

/// A request that is under way.
public struct RunningFetch: Sendable {
    let transfer: Transfer
    let loop: TransferLoop

    /// Ends it soon, with `cancelled`; after its end this does nothing.
    public func cancel() { loop.cancel(transfer) }
}

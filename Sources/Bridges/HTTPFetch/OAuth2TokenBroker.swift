import Crypto
import Threads

/// Gets the tokens of the process, one request for all who need the same one.
///
/// Who asks while a request is under way waits for it, no longer than their own time. A token is
/// renewed beside its use from three quarters of its life on. A server that fails is asked again
/// after a pause that grows; only those who need its tokens notice.
public final class OAuth2TokenBroker: Sendable {
    private struct Entry {
        var slot = TokenSlot()
        var waiting: [Int: CheckedContinuation<Outcome, Never>] = [:]
    }

    private struct State {
        var entries: [TokenKey: Entry] = [:]
        /// How the client says who it is, by token URL and client, as far as that is known.
        var styles: [[String]: TokenRequest.Style] = [:]
        var lastWaiter = 0
    }

    typealias Outcome = Result<OAuth2Token, HTTPFetchError>

    private let exchange: Exchange
    private let time: TokenTime
    private let state = Locked(State())

    /// How long one fetch may take, whoever waits for it.
    static let fetchTimeout = Duration.seconds(30)
    /// Credentials that nobody has asked for so long are forgotten.
    static let memory = Duration.seconds(3 * 3600)

    init(exchange: Exchange, time: TokenTime) {
        self.exchange = exchange
        self.time = time
    }

    /// How all tokens stand now, in no order.
    public func states() -> [OAuth2TokenState] {
        let now = time.now()
        return state.withLock { state in
            state.entries.map { OAuth2TokenState($0.key, $0.value.slot, now: now) }
        }
    }

    // MARK: Asking

    /// A token that serves now.
    func token(
        for options: OAuth2Options, _ wait: TokenWait
    ) async throws(HTTPFetchError) -> AssignedToken {
        let request = TokenRequest(options: options, secret: try await secret(of: options))
        let key = try Self.key(of: request)
        let now = time.now()
        let step = state.withLock { state in
            if state.entries[key] == nil { Self.forget(&state, now: now) }
            return state.entries[key, default: Entry()].slot.ask(now: now)
        }
        switch step {
        case .use(let token): return AssignedToken(token, key)
        case .useAndFetch(let token):
            beginFetch(key, request)
            return AssignedToken(token, key)
        case .fetch: beginFetch(key, request)
        case .wait: break
        case .refuse(let error): throw error
        }
        return AssignedToken(try await outcome(of: key, wait).get(), key)
    }

    /// Another token in place of one that `origin` refused.
    func replacement(
        for token: AssignedToken, _ options: OAuth2Options, refusedBy origin: String,
        _ wait: TokenWait
    ) async throws(HTTPFetchError) -> AssignedToken {
        let now = time.now()
        state.withLock { state in
            state.entries[token.key]?.slot.refuse(token.token, by: origin, now: now)
        }
        return try await self.token(for: options, wait)
    }

    /// Whether a refusal by `origin` would make the broker fetch another token.
    func mayReplace(_ token: AssignedToken, refusedBy origin: String) -> Bool {
        let now = time.now()
        return state.withLock { state in
            state.entries[token.key]?.slot.mayReplace(refusedBy: origin, now: now) ?? true
        }
    }

    /// `origin` took a token.
    func accepted(_ token: AssignedToken, by origin: String) {
        state.withLock { state in state.entries[token.key]?.slot.accept(by: origin) }
    }

    private func secret(of options: OAuth2Options) async throws(HTTPFetchError) -> String {
        switch options.grant {
        case .clientCredentials(let source): try await exchange.files.text(of: source)
        case .jwtBearer(let grant): try await exchange.files.text(of: grant.key)
        }
    }

    private static func key(of request: TokenRequest) throws(HTTPFetchError) -> TokenKey {
        var options = request.options
        switch options.grant {
        case .clientCredentials: options.grant = .clientCredentials(secret: .text(""))
        case .jwtBearer(var grant):
            grant.key = .text("")
            options.grant = .jwtBearer(grant)
        }
        do throws(CryptoError) {
            let digest = try Digest.sha256(Array(request.secret.utf8)).bytes
            return TokenKey(options: options, digest: digest)
        } catch {
            throw .invalidOption(name: "client_secret", reason: error.description)
        }
    }

    private static func forget(_ state: inout State, now: Duration) {
        state.entries = state.entries.filter { _, entry in
            entry.slot.isFetching || entry.slot.lastAsked + memory > now
        }
    }

    // MARK: Waiting

    /// What the fetch under way brings, or why it is waited for no longer.
    private func outcome(of key: TokenKey, _ wait: TokenWait) async -> Outcome {
        await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await self.arrival(of: key) }
            group.addTask {
                // Lost is only that the wait was cut short, which then is of no interest.
                try? await Task.sleep(until: wait.deadline, clock: .continuous)
                let (url, time) = (wait.url, wait.timeout)
                return .failure(.timedOut(url: url, after: time, waitingFor: .credentials))
            }
            let first = await group.next()
            group.cancelAll()
            if Task.isCancelled { return .failure(.cancelled) }
            return first ?? .failure(.cancelled)
        }
    }

    /// What the fetch under way brings.
    private func arrival(of key: TokenKey) async -> Outcome {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = time.now()
                let known: Outcome? = state.withLock { state in
                    // It may have ended between asking and waiting.
                    guard let entry = state.entries[key], entry.slot.isFetching else {
                        return Self.result(of: state.entries[key], now: now)
                    }
                    guard !Task.isCancelled else { return .failure(.cancelled) }
                    state.entries[key]?.waiting[number] = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.entries[key]?.waiting.removeValue(forKey: number) }
            waiter?.resume(returning: .failure(.cancelled))
        }
    }

    private static func result(of entry: Entry?, now: Duration) -> Outcome {
        if let token = entry?.slot.token { return .success(token) }
        return .failure(entry?.slot.lastError ?? .cancelled)
    }

    // MARK: Fetching

    /// Fetches in a task of its own, which ends by its own timeout.
    ///
    /// It belongs to all who wait, so none of them may end it.
    private func beginFetch(_ key: TokenKey, _ request: TokenRequest) {
        // Not in the pool: whoever computes there for long must not keep tokens from scrapes.
        Task.detached(executorPreference: exchange.loop.tasks) { [self] in
            let (outcome, requests) = await fetch(request)
            let (now, random) = (time.now(), time.random())
            let (waiting, result) = state.withLock { state in
                var entry = state.entries[key] ?? Entry()
                entry.slot.count(requests: requests)
                let result: Outcome
                switch outcome {
                case .success(let reply):
                    result = .success(entry.slot.succeed(reply, now: now, random: random))
                case .failure(let error):
                    entry.slot.fail(error, now: now, random: random)
                    result = .failure(error)
                }
                let waiting = entry.waiting
                entry.waiting = [:]
                state.entries[key] = entry
                return (Array(waiting.values), result)
            }
            for waiter in waiting { waiter.resume(returning: result) }
        }
    }

    /// Asks in the way that is known to work, or in both ways, and learns which one it was.
    private func fetch(
        _ request: TokenRequest
    ) async -> (Result<TokenReply, HTTPFetchError>, requests: Int) {
        let options = request.options
        let place = [options.tokenURL.text, options.clientID]
        let known = state.withLock { $0.styles[place] }
        var styles: [TokenRequest.Style] = known.map { [$0] } ?? [.basic, .form]
        if case .jwtBearer = options.grant { styles = [.form] }
        let deadline = ContinuousClock.now + Self.fetchTimeout
        var requests = 0
        var problem = TokenProblem(reason: "", status: 0)
        do throws(HTTPFetchError) {
            let id = Self.randomID()
            let form = try request.form(wallSeconds: time.wallSeconds(), id: id)
            for style in styles {
                requests += 1
                let response = try await ask(request, form, style, until: deadline)
                do throws(TokenProblem) {
                    let reply = try TokenReply(response, hiding: request.secret)
                    state.withLock { $0.styles[place] = style }
                    return (.success(reply), requests)
                } catch {
                    // What is said of the first way matters more, unless the second got further.
                    if problem.reason.isEmpty || problem.status == 401 { problem = error }
                }
            }
            // The server may have changed its mind about the way.
            if problem.status == 400 || problem.status == 401 {
                state.withLock { $0.styles[place] = nil }
            }
            let url = options.tokenURL.description
            return (.failure(.noToken(tokenURL: url, reason: problem.reason)), requests)
        } catch {
            let url = options.tokenURL.description
            let reason = Self.reason(of: error, at: url)
            return (.failure(.noToken(tokenURL: url, reason: reason)), requests)
        }
    }

    private func ask(
        _ request: TokenRequest, _ form: [String: String], _ style: TokenRequest.Style,
        until deadline: ContinuousClock.Instant
    ) async throws(HTTPFetchError) -> HTTPResponse {
        let (message, authorization) = request.request(form, style, timeout: Self.fetchTimeout)
        var options = HTTPClientOptions()
        options.authorization = authorization
        options.tls = request.options.tls
        options.proxy = request.options.proxy
        var plan = try await exchange.plan(message, options)
        plan.hasSecretBody = true
        let reader = CollectingReader()
        var response = try await exchange.perform(plan, until: deadline, into: reader)
        response.body = reader.takeBytes()
        return response
    }

    /// A name that no other statement has.
    private static func randomID() -> String {
        SecureBytes.random(count: 16).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The error's words without the URL, which the sentence around it says already.
    private static func reason(of error: HTTPFetchError, at url: String) -> String {
        let words = error.description
        return words.hasPrefix(url + ": ") ? String(words.dropFirst(url.count + 2)) : words
    }
}

/// A token and whose it is.
struct AssignedToken: Sendable {
    let token: OAuth2Token
    let key: TokenKey

    init(_ token: OAuth2Token, _ key: TokenKey) { (self.token, self.key) = (token, key) }

    var header: String { token.header }
}

import TestKit
import Threads

@testable import HTTPFetch

/// A clock that a test moves by hand.
final class HandClock: Sendable {
    private let elapsed = Locked(Duration.zero)

    func advance(_ time: Duration) { elapsed.withLock { $0 += time } }

    var time: TokenTime {
        TokenTime(
            now: { [elapsed] in elapsed.withLock { $0 } }, wallSeconds: { 1_700_000_000 },
            random: { 0 })
    }
}

/// A token endpoint and a target that takes its newest token only, on one real server.
final class TokenEndpoint: Sendable {
    struct Behaviour: Sendable {
        var expires = "\"expires_in\":3600,"
        var refusesBasic = false
        var refusesForm = false
        var status = 200
        var secret = "s3cret"
        var answer: ScriptedAnswer?
    }

    private struct State {
        var behaviour = Behaviour()
        var issued = 0
        var revoked = 0
    }

    private let state: Locked<State>
    let server: ScriptedServer

    init() throws {
        let state = Locked(State())
        self.state = state
        server = try ScriptedServer.answering { request in
            request.path.hasPrefix("/token")
                ? TokenEndpoint.token(request, state) : TokenEndpoint.target(request, state)
        }
    }

    func change(_ body: (inout Behaviour) -> Void) { state.withLock { body(&$0.behaviour) } }

    /// Makes the target refuse all tokens that were issued so far.
    func revoke() { state.withLock { $0.revoked = $0.issued } }

    /// Makes the target refuse whatever comes.
    func refuseAll() { state.withLock { $0.revoked = .max } }

    /// Requests for tokens so far.
    var tokenRequests: [ScriptedRequest] { server.requests.filter { $0.path.hasPrefix("/token") } }

    func options(_ secret: SecretSource = .text("s3cret")) throws -> HTTPClientOptions {
        var options = HTTPClientOptions()
        var grant = OAuth2Options(
            clientID: "weir", secret: secret, tokenURL: try HTTPAddress(server.url("/token")))
        grant.scopes = ["metrics.read"]
        options.authorization = .oauth2(grant)
        return options
    }

    private static func token(_ request: ScriptedRequest, _ state: Locked<State>) -> ScriptedAnswer
    {
        state.withLock { state in
            let behaviour = state.behaviour
            if let answer = behaviour.answer { return answer }
            guard behaviour.status == 200 else {
                return .json(#"{"error":"server_error"}"#, status: behaviour.status)
            }
            let form = FormFields.decode(request.body)
            let pair = Array("weir:\(FormFields.escape(behaviour.secret))".utf8)
            let isBasic =
                request["Authorization"] == "Basic " + base64(pair) && !behaviour.refusesBasic
            let isForm =
                form["client_id"] == "weir" && form["client_secret"] == behaviour.secret
                && !behaviour.refusesForm
            guard isBasic || isForm else {
                return .json(#"{"error":"invalid_client"}"#, status: 401)
            }
            state.issued += 1
            return .json(
                #"{"access_token":"t\#(state.issued)",\#(behaviour.expires)"token_type":"bearer"}"#)
        }
    }

    private static func target(_ request: ScriptedRequest, _ state: Locked<State>) -> ScriptedAnswer
    {
        let (issued, revoked) = state.withLock { ($0.issued, $0.revoked) }
        let number = request["Authorization"].flatMap { Int($0.dropFirst("Bearer t".count)) } ?? 0
        let isGood = number > revoked && number <= issued
        return ScriptedAnswer(isGood ? 200 : 401, body: isGood ? "t\(number)" : "no")
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = Array(bytes[start..<min(start + 3, bytes.count)])
            let word = part.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for place in 0..<4 {
                text.append(place <= part.count ? letters[word >> (18 - 6 * place) & 63] : "=")
            }
        }
        return text
    }
}

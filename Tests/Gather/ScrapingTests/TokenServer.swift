import TestKit
import Threads

/// A token endpoint and the targets behind it, each on the paths that a test asks for.
final class TokenServer: Sendable {
    struct State {
        var issued = 0
        var requests: [ScriptedRequest] = []
        /// Tokens up to this number are refused by targets.
        var revoked = 0
        var refusesBasic = false
        var refusesAll = false
        var expires = #""expires_in":3600,"#
        var secret = "CLIENT_SECRET"
    }

    let state = Locked(State())
    let server: ScriptedServer

    init() throws {
        let state = state
        server = try ScriptedServer.answering { request in
            request.path.hasPrefix("/oauth2/token")
                ? Self.token(request, state) : Self.target(request, state)
        }
    }

    var port: Int { server.port }
    var tokenRequests: [ScriptedRequest] { state.withLock { $0.requests } }

    private static func token(_ request: ScriptedRequest, _ state: Locked<State>) -> ScriptedAnswer
    {
        state.withLock { state in
            state.requests.append(request)
            if state.refusesAll { return ScriptedAnswer(500, body: "no") }
            let isBasic = request["Authorization"]?.hasPrefix("Basic ") == true
            guard isBasic != state.refusesBasic else {
                return .json(#"{"error":"invalid_client"}"#, status: 401)
            }
            guard isBasic || request.body.contains("client_secret=\(state.secret)") else {
                return .json(#"{"error":"invalid_client"}"#, status: 401)
            }
            state.issued += 1
            return .json(
                #"{"access_token":"t\#(state.issued)",\#(state.expires)"token_type":"bearer"}"#)
        }
    }

    private static func target(_ request: ScriptedRequest, _ state: Locked<State>) -> ScriptedAnswer
    {
        let (issued, revoked) = state.withLock { ($0.issued, $0.revoked) }
        let number = request["Authorization"].flatMap { Int($0.dropFirst("Bearer t".count)) } ?? 0
        guard number > revoked, number <= issued else { return ScriptedAnswer(401) }
        let type = "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"
        return ScriptedAnswer(
            200, [type], body: "# TYPE calls counter\ncalls_total \(number)\n# EOF\n")
    }
}

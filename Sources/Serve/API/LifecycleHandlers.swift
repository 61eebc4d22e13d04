import HTTPServe
import Model

/// Health, readiness, reload and stop, with Prometheus's texts, which probes compare.
struct LifecycleHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    @Sendable func healthy(_ request: ServerRequest) async -> ServerResponse {
        .text("Prometheus Server is Healthy.\n")
    }

    @Sendable func ready(_ request: ServerRequest) async -> ServerResponse {
        let refusal = Self.refusalUnlessReady(needs.readiness)
        let accepted = request.fields.values(of: "accept").joined(separator: ",")
        guard accepted.firstRange(of: "application/json") != nil, let report = needs.safety()
        else { return refusal ?? .text("Prometheus Server is Ready.\n") }
        let bytes = report.json(state: needs.readiness.state, now: WallClock.now)
        var answer = ServerResponse.json(bytes, status: refusal == nil ? 200 : 503)
        answer.fields["Vary"] = "Accept"
        return answer
    }

    @Sendable func reload(_ request: ServerRequest) async -> ServerResponse {
        if let refusal = refusal(of: request) { return refusal }
        do { try await needs.reload() } catch {
            return .plain("failed to reload config: \(error)\n", status: 500)
        }
        return ServerResponse()
    }

    @Sendable func quit(_ request: ServerRequest) async -> ServerResponse {
        if let refusal = refusal(of: request) { return refusal }
        needs.quit()
        return .text("Requesting termination... Goodbye!")
    }

    /// What is answered while not everything works.
    static func refusalUnlessReady(_ readiness: Readiness) -> ServerResponse? {
        let state = readiness.state
        guard state != .ready else { return nil }
        var answer = ServerResponse.text("Service Unavailable", status: 503)
        answer.fields["X-Prometheus-Stopping"] = state == .stopping ? "true" : "false"
        return answer
    }

    private func refusal(of request: ServerRequest) -> ServerResponse? {
        guard request.method == .post || request.method == .put else {
            var answer = ServerResponse.text("Only POST or PUT requests allowed", status: 405)
            answer.fields["Allow"] = "OPTIONS, POST, PUT"
            return answer
        }
        guard needs.isLifecycleEnabled else {
            return .text("Lifecycle API is not enabled.", status: 403)
        }
        return nil
    }
}

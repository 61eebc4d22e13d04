import HTTPServe
import Model
import PromQL

/// Questions in PromQL.
struct QueryHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    /// The values at one instant.
    @Sendable func instant(_ request: ServerRequest) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        let time = try parameters.time("time", standard: WallClock.now)
        return try await answer(request, parameters) { text, options, source in
            try await needs.engine.query(text, at: time, source: source, options: options)
        }
    }

    /// The values at every step from `start` to `end`.
    @Sendable func range(_ request: ServerRequest) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        let start = try parameters.requiredTime("start")
        let end = try parameters.requiredTime("end")
        guard start <= end else {
            throw APIError.badData(
                "invalid parameter \"end\": end timestamp must not be before start time")
        }
        let step = try parameters.requiredSpan("step")
        guard step > .zero else {
            throw APIError.badData(
                "invalid parameter \"step\": zero or negative query resolution step widths are not "
                    + "accepted. Try a positive integer")
        }
        let (length, isTooLong) = end.milliseconds.subtractingReportingOverflow(start.milliseconds)
        guard !isTooLong, length / step.milliseconds <= Engine.maximumPoints else {
            throw APIError.badData(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the "
                    + "query resolution (?step=XX)")
        }
        return try await answer(request, parameters) { text, options, source in
            try await needs.engine.query(
                text, from: start, through: end, step: step, source: source, options: options)
        }
    }

    /// The expression as Prometheus would write it.
    @Sendable func format(_ request: ServerRequest) async throws -> ServerResponse {
        let parser = Parser(needs.engine.options.language)
        do {
            let expression = try parser.expression(request.parameters["query"] ?? "")
            return .success { $0.string(expression.pretty) }
        } catch {
            throw APIError(error)
        }
    }

    /// The expression as a tree.
    @Sendable func parse(_ request: ServerRequest) async throws -> ServerResponse {
        let parser = Parser(needs.engine.options.language)
        do {
            let expression = try parser.expression(request.parameters["query"] ?? "")
            return .success { $0.tree(expression) }
        } catch {
            throw APIError(error)
        }
    }

    private func answer(
        _ request: ServerRequest, _ parameters: QueryParameters,
        _ ask: (String, QueryOptions, ScopedSource) async throws -> QueryResult
    ) async throws -> ServerResponse {
        let limit = try parameters.limit()
        var options = QueryOptions()
        options.timeout = try parameters.span("timeout")?.duration
        options.lookback = try parameters.span("lookback_delta")
        do {
            let result = try await ask(
                request.parameters["query"] ?? "", options, needs.series(for: request))
            let statistics = parameters.text("stats") != nil
            return QueryAnswer(result, limit: limit, statistics: statistics).response
        } catch let error as PromQLError {
            throw APIError(error)
        }
    }
}

extension APIError {
    /// Why a query has no answer.
    init(_ error: PromQLError) {
        switch error {
        case .parse: self = .badData("invalid parameter \"query\": \(error)")
        case .execution, .tooManySamples: self = .execution(error.description)
        case .timedOut: self = .timeout(error.description)
        case .cancelled: self = .canceled(error.description)
        case .source(let reason): self = .internal(reason)
        }
    }
}

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
        return try answer(request, parameters) { text, options, source, _ in
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
        return try answer(request, parameters) { text, options, source, answer in
            guard answer.takesPieces else {
                return try await needs.engine.query(
                    text, from: start, through: end, step: step, source: source, options: options)
            }
            return try await needs.engine.query(
                text, from: start, through: end, step: step, source: source, options: options
            ) { try await answer.write($0) }
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

    private typealias Ask =
        @Sendable (String, QueryOptions, ScopedSource, QueryAnswer) async throws -> QueryResult

    /// The answer to what `ask` asks; its status is decided once the first values are there.
    private func answer(
        _ request: ServerRequest, _ parameters: QueryParameters, _ ask: @escaping Ask
    ) throws -> ServerResponse {
        let (limit, form) = (try parameters.limit(), try parameters.answerForm())
        let statistics = parameters.text("stats") != nil
        var options = QueryOptions()
        options.timeout = try parameters.span("timeout")?.duration
        options.lookback = try parameters.span("lookback_delta")
        options.explains = try parameters.flag("explain")
        let text = request.parameters["query"] ?? ""
        let source = needs.series(for: request)
        return ServerResponse(fields: ["Content-Type": form.contentType]) { [options] output in
            let answer = QueryAnswer(form, to: output, limit: limit, statistics: statistics)
            do {
                try await answer.end(try await ask(text, options, source, answer))
            } catch let error as PromQLError {
                let failure = APIError(error)
                throw AnswerInstead(
                    .json(Envelope.failure(failure), status: failure.status), because: error)
            }
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

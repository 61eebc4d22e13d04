import Access
import Compression
import Exposition
import HTTPServe
import Model
import PromQL
import Relay
import Telemetry

/// The newest sample of every live series, for others to scrape.
struct RelayHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    /// All targets as one, and Weir itself, with types and help kept.
    @Sendable func metrics(_ request: ServerRequest) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        let options = needs.relay()
        let cursor = parameters.text("since")
        // OpenMetrics has no room for what has ended.
        let formats: [ExpositionFormat] =
            cursor == nil ? ExpositionFormat.allCases : [.text004, .text100, .protobuf]
        let (format, escaping) = Self.negotiated(request, formats)
        var question = RelayQuestion(.metrics, format, escaping: escaping, options: options)
        question.selectors = try selectors(request)
        question.maximumAge = try parameters.span("max_age") ?? options.maximumAge
        question.cursor = cursor
        // Whoever scrapes himself here would keep all he keeps once more, under other labels, with
        // every scrape.
        question.hasSeries = request.fields["User-Agent"] != needs.userAgent
        // Weir's own metrics have no labels to select them by, and go with everything only.
        if question.selectors == nil { question.own = ownFamilies(request, options) }
        return try await answer(question, to: request)
    }

    /// What `/federate` of a Prometheus says: untyped, with times; `types=keep` keeps the types.
    @Sendable func federate(_ request: ServerRequest) async throws -> ServerResponse {
        if request.parameters["types"] == "keep" { return try await metrics(request) }
        let (format, escaping) = Self.negotiated(request, [.text004, .protobuf])
        var question = RelayQuestion(.federate, format, escaping: escaping, options: needs.relay())
        // Prometheus gives nothing to those who ask for nothing.
        question.selectors = try selectors(request) ?? []
        // Prometheus looks back as far as a query does.
        question.maximumAge = needs.engine.options.lookback
        return try await answer(question, to: request)
    }

    private func answer(
        _ question: RelayQuestion, to request: ServerRequest
    ) async throws -> ServerResponse {
        var question = question
        question.binding = request.caller.binding
        question.takesGzip = request.accepts(.gzip)
        let asked = question
        let body: RelayBody
        do throws(SourceError) { body = try needs.federation.body(for: asked) } catch {
            throw APIError(error)
        }
        var fields: HeaderFields = [
            "Content-Type": question.format.contentType(escaping: question.escaping),
            "Vary": "Accept, Accept-Encoding", "ETag": body.tag, "Weir-Cursor": body.cursor,
        ]
        if request.knows(body.tag) { return ServerResponse(status: 304, fields: fields) }
        if body.isPart { fields["Weir-Part"] = "since" }
        if body.isPacked { fields["Content-Encoding"] = ContentCoding.gzip.rawValue }
        var response = ServerResponse(fields: fields) { output in
            var body = body
            // Where this throws, the connection is cut: what ends has everything.
            while let piece = try body.next() { try await output.write(piece) }
        }
        if body.isPacked { response.compression = .never }
        return response
    }

    /// What each `match[]` and `job` selects; `nil` where there is neither.
    private func selectors(_ request: ServerRequest) throws(APIError) -> [[Matcher]]? {
        let byJob = request.parameters.values(of: "job").map { [Matcher("job", equals: $0)] }
        let matches = try QueryParameters(request).selectors(takesAll: true)
        if byJob.isEmpty { return matches.isEmpty ? nil : matches }
        return (matches.isEmpty ? [[]] : matches).flatMap { matchers in
            byJob.map { matchers + $0 }
        }
    }

    private func ownFamilies(
        _ request: ServerRequest, _ options: RelayOptions
    ) -> [Telemetry.MetricFamily] {
        let binding = request.caller.binding
        return needs.registry.snapshot().map { family in
            let family = binding.isEmpty ? family : family.narrowed(to: binding)
            guard options.ownPrefix != "weir_", family.name.hasPrefix("weir_") else {
                return family
            }
            let name = options.ownPrefix + family.name.dropFirst(5)
            return Telemetry.MetricFamily(
                name: name, metadata: family.metadata, lines: family.lines)
        }
    }

    private static func negotiated(
        _ request: ServerRequest, _ formats: [ExpositionFormat]
    ) -> (format: ExpositionFormat, escaping: NameEscaping) {
        let accept = request.fields.values(of: "accept").joined(separator: ",")
        return ExpositionFormat.negotiate(accept: accept, offered: formats)
    }
}

extension ServerRequest {
    /// Whether the client has what this weak tag stands for.
    fileprivate func knows(_ tag: String) -> Bool {
        fields.values(of: "if-none-match").joined(separator: ",").split(separator: ",")
            .contains { known in
                let known = known.drop { $0 == " " }
                return known == "*" || known == tag || "W/" + known == tag
            }
    }
}

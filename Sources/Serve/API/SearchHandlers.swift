import Access
import HTTPServe
import Model
import Scraping

/// Names and values of labels, found while somebody types: lines of JSON, best or first ones first.
struct SearchHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    /// What a request asks for.
    private struct Question {
        var selectors: [[Matcher]] = []
        var search = TextSearch([], .subsequence, threshold: 0, isCaseSensitive: true)
        var isByScore = false
        var isDescending = false
        var showsScores = false
        var range = Timestamp.distantPast...Timestamp.distantFuture
        var limit = 100
        var batchSize = 100
    }

    private struct Result {
        let name: String
        let score: Double
    }

    // MARK: Routes

    @Sendable func metricNames(_ request: ServerRequest) async throws -> ServerResponse {
        let question = try question(request, of: "metric_names")
        let showsMetadata = try truth("include_metadata", false, request)
        let results = try await find(question, request, label: LabelName.metric)
        var said: [Label: MetricMetadata] = [:]
        if showsMetadata {
            let binding = request.caller.binding
            for one in await needs.targets.metadata() where binding.accept(one.target) {
                said[Label(one.metric, "")] = one.metadata
            }
        }
        return answer(results, question) { said[Label($0, "")] }
    }

    @Sendable func labelNames(_ request: ServerRequest) async throws -> ServerResponse {
        let question = try question(request, of: "label_names")
        return answer(try await find(question, request, label: nil), question)
    }

    @Sendable func labelValues(_ request: ServerRequest) async throws -> ServerResponse {
        let question = try question(request, of: "label_values")
        guard let label = QueryParameters(request).text("label") else {
            throw APIError.badData("missing required parameter \"label\"")
        }
        return answer(try await find(question, request, label: label), question)
    }

    // MARK: Finding

    private func find(
        _ question: Question, _ request: ServerRequest, label: String?
    ) async throws(APIError) -> [Result] {
        let source = needs.series(for: request)
        var texts: [String] = []
        for matchers in question.selectors.isEmpty ? [[]] : question.selectors {
            do throws(SourceError) {
                if let label {
                    texts += try await source.labelValues(
                        of: label, matching: matchers, in: question.range, limit: nil)
                } else {
                    texts += try await source.labelNames(
                        matching: matchers, in: question.range, limit: nil)
                }
            } catch {
                throw APIError(error)
            }
        }
        var results: [Result] = []
        for text in question.selectors.count > 1 ? texts.sortedBytewise() : texts {
            if let score = question.search.score(of: text) {
                results.append(Result(name: text, score: score))
            }
        }
        // They are in the order of their bytes, and sorting keeps that where scores are the same.
        if question.isByScore { results.sort { $0.score > $1.score } }
        if question.isDescending { results.reverse() }
        return results
    }

    private func answer(
        _ results: [Result], _ question: Question,
        metadata: (String) -> MetricMetadata? = { _ in nil }
    ) -> ServerResponse {
        var bytes: [UInt8] = []
        let shown = results.prefix(question.limit)
        var start = 0
        repeat {
            let end = min(start + question.batchSize, shown.count)
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("results")
            writer.beginList()
            for result in shown[start..<end] {
                writer.beginObject()
                writer.member("name", result.name)
                if question.showsScores {
                    writer.key("score")
                    writer.plain(result.score)
                }
                if let said = metadata(result.name) { writer.metadata(said) }
                writer.endObject()
            }
            writer.endList()
            writer.endObject()
            bytes += writer.bytes + [0x0a]
            start = end
        } while start < shown.count
        var trailer = JSONWriter()
        trailer.beginObject()
        trailer.member("status", "success")
        trailer.key("has_more")
        trailer.bool(results.count > shown.count)
        trailer.endObject()
        return ServerResponse(
            fields: ["Content-Type": "application/x-ndjson; charset=utf-8"],
            bytes: bytes + trailer.bytes + [0x0a])
    }

    // MARK: What is asked

    private func question(_ request: ServerRequest, of route: String) throws(APIError) -> Question {
        if let problem = request.parameters.problem {
            throw .badData("error parsing form values: \(problem)")
        }
        let parameters = QueryParameters(request)
        var question = Question()
        let now = WallClock.now
        let start = try parameters.time("start", standard: now - .hours(1))
        question.range = start...max(start, try parameters.time("end", standard: now))
        question.selectors = try parameters.selectors()
        question.search = try search(request, parameters)
        question.showsScores = try truth("include_score", false, request)
        let order = parameters.text("sort_by") ?? ""
        let direction = parameters.text("sort_dir")
        guard ["", "alpha", "score"].contains(order) else {
            throw .badData(
                "invalid sort_by \(QueryParameters.quoted(order)) for \(route): must be \"alpha\" "
                    + "or \"score\"")
        }
        if let direction {
            if order.isEmpty { throw .badData("sort_dir is only valid when sort_by is set") }
            if order == "score" { throw .badData("sort_dir is not supported for sort_by=score") }
            guard ["asc", "dsc"].contains(direction) else {
                throw .badData(
                    "invalid sort_dir \(QueryParameters.quoted(direction)): must be \"asc\" or "
                        + "\"dsc\"")
            }
        }
        if order == "score", question.search.words.isEmpty {
            throw .badData("sort_by=score requires search[] to be set")
        }
        question.isByScore = order == "score"
        question.isDescending = direction == "dsc"
        question.limit = try size("limit", parameters)
        question.batchSize = try size("batch_size", parameters)
        return question
    }

    private func search(
        _ request: ServerRequest, _ parameters: QueryParameters
    ) throws(APIError) -> TextSearch {
        let words = request.parameters.values(of: "search[]")
        guard words.count <= 32 else {
            throw .badData("too many search[] parameters: \(words.count), at most 32")
        }
        var threshold = 0
        if let text = parameters.text("fuzz_threshold") {
            // Lost: why it is no number; the sentence says what is expected.
            guard let number = try? GoNumber.whole(text), (0...100).contains(number) else {
                throw .badData(
                    "invalid fuzz_threshold \(QueryParameters.quoted(text)): must be 0-100")
            }
            threshold = number
        }
        let name = parameters.text("fuzz_alg") ?? TextSearch.Algorithm.subsequence.rawValue
        guard let algorithm = TextSearch.Algorithm(rawValue: name) else {
            let known = TextSearch.Algorithm.allCases.map(\.rawValue).joined(separator: " ")
            throw .badData(
                "unsupported fuzz_alg \(QueryParameters.quoted(name)): must be one of [\(known)]")
        }
        return TextSearch(
            words, algorithm, threshold: Double(threshold) / 100,
            isCaseSensitive: try truth("case_sensitive", true, request))
    }

    private func size(_ name: String, _ parameters: QueryParameters) throws(APIError) -> Int {
        guard let text = parameters.text(name) else { return 100 }
        // Lost: why it is no number; the sentence says what is expected.
        guard let number = try? GoNumber.whole(text), number >= 0 else {
            throw .badData(
                "invalid \(name) \(QueryParameters.quoted(text)): must be non-negative integer")
        }
        return number == 0 ? 100 : number
    }

    private func truth(
        _ name: String, _ standard: Bool, _ request: ServerRequest
    ) throws(APIError) -> Bool {
        guard let text = QueryParameters(request).text(name) else { return standard }
        do throws(GoNumberFault) { return try GoNumber.truth(text) } catch {
            throw .badData("invalid \(name) \(QueryParameters.quoted(text)): must be boolean")
        }
    }
}

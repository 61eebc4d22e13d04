import HTTPServe
import Model
import Threads

/// Which series there are, and which labels they have.
struct SeriesHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    /// The label sets that one of the selectors selects.
    @Sendable func series(_ request: ServerRequest) async throws -> ServerResponse {
        if let problem = request.parameters.problem {
            throw APIError.badData("error parsing form values: \(problem)")
        }
        let parameters = QueryParameters(request)
        guard !request.parameters.values(of: "match[]").isEmpty else {
            throw APIError.badData("no match[] parameter provided")
        }
        let (limit, range) = (try parameters.limit(), try parameters.range())
        let selectors = try parameters.selectors(prefix: QueryParameters.ofMatch)
        let source = needs.series(for: request)
        let (found, remarks) = try await Self.each(selectors, of: source) {
            source, matchers throws(SourceError) in
            try await source.labelSets(matching: matchers, in: range, limit: limit.map { $0 + 1 })
        }
        // Several selectors may select the same.
        let all = found.count == 1 ? found[0] : Array(Set(found.joined()))
        let (sets, warnings) = Self.cut(all.sorted(), to: limit)
        return .list(sets, warnings: remarks + warnings) { $0.labels($1) }
    }

    /// The names of all labels, or of those that the selected series have.
    @Sendable func labelNames(_ request: ServerRequest) async throws -> ServerResponse {
        try await texts(request) { source, matchers, range, limit throws(SourceError) in
            try await source.labelNames(matching: matchers, in: range, limit: limit)
        }
    }

    /// The values of one label.
    @Sendable func labelValues(_ request: ServerRequest) async throws -> ServerResponse {
        let given = request.pathParameters["name"] ?? ""
        let name = given.hasPrefix("U__") ? Self.unescaped(given) ?? given : given
        guard !name.isEmpty else {
            throw APIError.badData("invalid label name: \(QueryParameters.quoted(given))")
        }
        return try await texts(request) { source, matchers, range, limit throws(SourceError) in
            try await source.labelValues(of: name, matching: matchers, in: range, limit: limit)
        }
    }

    private func texts(
        _ request: ServerRequest,
        _ read:
            @Sendable (
                any SeriesSource, [Matcher], ClosedRange<Timestamp>, Int?
            ) async throws(SourceError) -> [String]
    ) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        let (limit, range) = (try parameters.limit(), try parameters.range())
        let selectors = try parameters.selectors()
        let source = needs.series(for: request)
        let (found, remarks) = try await Self.each(
            selectors.isEmpty ? [[]] : selectors, of: source
        ) { source, matchers throws(SourceError) in
            // One more than wanted tells whether there are more.
            try await read(source, matchers, range, limit.map { $0 + 1 })
        }
        let all = found.count == 1 ? found[0] : Array(found.joined()).sortedBytewise()
        let (texts, warnings) = Self.cut(all, to: limit)
        return .list(texts, warnings: remarks + warnings) { $0.string($1) }
    }

    /// The answer for each selector, and what the source had to say beside them: while the database
    /// is away there is an answer from memory, with a warning.
    private static func each<Answer: Sendable>(
        _ selectors: [[Matcher]], of source: ScopedSource,
        _ read: (any SeriesSource, [Matcher]) async throws(SourceError) -> Answer
    ) async throws(APIError) -> (answers: [Answer], warnings: [String]) {
        let heard = Locked<[String]>([])
        let told = source.hearing { text in
            heard.withLock { if !$0.contains(text) { $0.append(text) } }
        }
        var answers: [Answer] = []
        for matchers in selectors {
            do throws(SourceError) { answers.append(try await read(told, matchers)) } catch {
                throw APIError(error)
            }
        }
        return (answers, heard.withLock { $0 })
    }

    private static func cut<Element>(
        _ all: [Element], to limit: Int?
    ) -> ([Element], warnings: [String]) {
        guard let limit, all.count > limit else { return (all, []) }
        return (Array(all.prefix(limit)), ["results truncated due to limit"])
    }

    /// The name behind `U__`, where `__` is an underscore and `_2e_` the letter of that number.
    static func unescaped(_ name: String) -> String? {
        var rest = name.dropFirst(3)
        var text = String.UnicodeScalarView()
        while let next = rest.unicodeScalars.first {
            rest = rest.dropFirst()
            guard next == "_" else {
                text.append(next)
                continue
            }
            guard let end = rest.firstIndex(of: "_") else { return nil }
            if end == rest.startIndex {
                text.append("_")
            } else {
                guard let value = UInt32(rest[..<end], radix: 16),
                    let scalar = Unicode.Scalar(value)
                else { return nil }
                text.append(scalar)
            }
            rest = rest[rest.index(after: end)...]
        }
        return String(text)
    }
}

extension JSONWriter {
    /// A label set as an object.
    mutating func labels(_ labels: Labels) {
        beginObject()
        for label in labels { member(label.name, label.value) }
        endObject()
    }
}

extension APIError {
    /// Why series could not be read, in Prometheus's words.
    init(_ error: SourceError) {
        switch error {
        case .unavailable: self = .internal(error.description)
        case .tooMuch: self = .execution(error.description)
        case .cancelled: self = .canceled("query was canceled")
        }
    }
}

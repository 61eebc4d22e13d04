import HTTPServe
import Model

/// Which series there are, and which labels they have.
struct SeriesHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    /// The label sets that one of the selectors selects.
    @Sendable func series(_ request: ServerRequest) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        guard !request.parameters.values(of: "match[]").isEmpty else {
            throw APIError.badData("no match[] parameter provided")
        }
        let (limit, range) = (try parameters.limit(), try parameters.range())
        var found: Set<Labels> = []
        for matchers in try parameters.selectors() {
            try await APIError.wrapped {
                found.formUnion(
                    try await needs.series(for: request).labelSets(matching: matchers, in: range))
            }
        }
        let (sets, warnings) = Self.cut(found.sorted(), to: limit)
        return .list(sets, warnings: warnings) { $0.labels($1) }
    }

    /// The names of all labels, or of those that the selected series have.
    @Sendable func labelNames(_ request: ServerRequest) async throws -> ServerResponse {
        try await texts(request) { source, matchers, range in
            try await source.labelNames(matching: matchers, in: range)
        }
    }

    /// The values of one label.
    @Sendable func labelValues(_ request: ServerRequest) async throws -> ServerResponse {
        let given = request.pathParameters["name"] ?? ""
        let name = given.hasPrefix("U__") ? Self.unescaped(given) ?? given : given
        guard !name.isEmpty else {
            throw APIError.badData("invalid label name: \(QueryParameters.quoted(given))")
        }
        return try await texts(request) { source, matchers, range in
            try await source.labelValues(of: name, matching: matchers, in: range)
        }
    }

    private func texts(
        _ request: ServerRequest,
        _ read: (ScopedSource, [Matcher], ClosedRange<Timestamp>) async throws -> [String]
    ) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        let (limit, range) = (try parameters.limit(), try parameters.range())
        let selectors = try parameters.selectors()
        let source = needs.series(for: request)
        var found: Set<String> = []
        for matchers in selectors.isEmpty ? [[]] : selectors {
            try await APIError.wrapped {
                found.formUnion(try await read(source, matchers, range))
            }
        }
        let (texts, warnings) = Self.cut(found.sorted { $0.isBytewiseLess(than: $1) }, to: limit)
        return .list(texts, warnings: warnings) { $0.string($1) }
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
    /// Does `work`, and says in Prometheus's words why series could not be read.
    static func wrapped<Value>(_ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let error as SourceError {
            switch error {
            case .unavailable: throw APIError.internal(error.description)
            case .tooMuch: throw APIError.execution(error.description)
            case .cancelled: throw APIError.canceled("query was canceled")
            }
        }
    }
}

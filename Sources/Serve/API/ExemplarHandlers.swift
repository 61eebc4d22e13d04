import Access
import HTTPServe
public import Head
public import Model
import PromQL

/// Exemplars of the series that an expression selects.
struct ExemplarHandlers: Sendable {
    private let needs: Dependencies

    init(_ needs: Dependencies) { self.needs = needs }

    /// What the series of each selector in the expression once counted.
    ///
    /// Grafana tries this route with milliseconds in place of seconds, and shows no exemplars at all
    /// where that is refused: a time in the year 55,000 is one like any other.
    @Sendable func exemplars(_ request: ServerRequest) async throws -> ServerResponse {
        let parameters = QueryParameters(request)
        let start = try parameters.time("start", standard: .distantPast)
        let end = try parameters.time("end", standard: .distantFuture)
        guard start <= end else {
            throw APIError.badData("end timestamp must not be before start timestamp")
        }
        let expression: Expression
        do {
            expression = try Parser(needs.engine.options.language)
                .expression(request.parameters["query"] ?? "")
        } catch {
            throw APIError.badData("\(error)")
        }
        let selectors = expression.selectors
        guard !selectors.isEmpty else { return ServerResponse(status: 204) }
        let scope = request.caller.binding
        // Two selectors may select the same series.
        var found: [Labels: [ExemplarPoint]] = [:]
        for matchers in selectors {
            let answer: [ExemplarSeries]
            do throws(SourceError) {
                answer = try await needs.exemplars.exemplars(
                    matching: scope + matchers, in: start...end)
            } catch {
                throw APIError(error)
            }
            for series in answer where scope.accept(series.labels) {
                found[series.labels] = series.exemplars
            }
        }
        let inOrder = found.sorted { $0.key < $1.key }
        return .success { writer in
            writer.beginList()
            for (labels, exemplars) in inOrder { writer.exemplars(of: labels, exemplars) }
            writer.endList()
        }
    }
}

/// The exemplars that are in memory.
public struct HeadExemplars: ExemplarSource {
    private let head: Head

    /// Those of `head`.
    public init(_ head: Head) { self.head = head }

    /// What the series that meet `matchers` counted in `range`.
    public func exemplars(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [ExemplarSeries] {
        try head.exemplars(matching: matchers, in: range).map { labels, exemplars in
            ExemplarSeries(
                labels: labels,
                exemplars: exemplars.map {
                    ExemplarPoint(labels: $0.labels, value: $0.value, time: $0.time)
                })
        }
    }
}

extension Expression {
    /// The conditions of every selector in it.
    fileprivate var selectors: [[Matcher]] {
        switch kind {
        case .vector(let selector): [selector.matchers]
        case .matrix(let matrix): [matrix.selector.matchers]
        default: children.flatMap(\.selectors)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func exemplars(of labels: Labels, _ exemplars: [ExemplarPoint]) {
        beginObject()
        key("seriesLabels")
        self.labels(labels)
        key("exemplars")
        beginList()
        for exemplar in exemplars {
            beginObject()
            key("labels")
            self.labels(exemplar.labels)
            key("value")
            sampleValue(exemplar.value)
            key("timestamp")
            seconds(exemplar.time)
            endObject()
        }
        endList()
        endObject()
    }
}

/// A source that shows only the series which meet some matchers, whatever else is asked for.
///
/// It is what a route reads from, so that the labels a credential is bound to hold on every route
/// without any of them having to think of it.
public struct ScopedSource: SeriesSource {
    private let source: any SeriesSource
    private let scope: [Matcher]

    /// - Parameters:
    ///   - source: What is read.
    ///   - scope: What every series has to meet; empty lets all through.
    public init(_ source: any SeriesSource, only scope: [Matcher]) {
        self.source = source
        self.scope = scope
    }

    /// The series that meet `matchers` and the scope.
    public func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        let found = try await source.series(matching: scope + matchers, in: range)
        // The source was asked for it already. That it might be wrong is worth a second look.
        return scope.isEmpty ? found : found.filter { scope.accept($0.labels) }
    }

    /// The label sets that meet `matchers` and the scope.
    public func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [Labels] {
        let found = try await source.labelSets(
            matching: scope + matchers, in: range, limit: limit)
        return scope.isEmpty ? found : found.filter { scope.accept($0) }
    }

    /// The names of labels of series that meet `matchers` and the scope.
    public func labelNames(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        try await source.labelNames(matching: scope + matchers, in: range, limit: limit)
    }

    /// The values of a label in series that meet `matchers` and the scope.
    public func labelValues(
        of name: String, matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        try await source.labelValues(of: name, matching: scope + matchers, in: range, limit: limit)
    }

    /// The same source and scope, which says to `hear` what is to be known.
    public func hearing(_ hear: @escaping @Sendable (String) -> Void) -> any SeriesSource {
        ScopedSource(source.hearing(hear), only: scope)
    }

    /// The same source with a narrower scope.
    public func narrowed(to matchers: [Matcher]) -> ScopedSource {
        ScopedSource(source, only: scope + matchers)
    }
}

import Model

/// What is kept, as it is read: samples, or rollups of them where a question asks for these.
struct StoredSeries: SeriesSource {
    let layers: LayeredSource
    var rollups: RollupSource

    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        if let question = RollupQuestion(matchers) {
            return try await rollups.series(question, in: range)
        }
        return try await layers.series(matching: matchers, in: range)
    }

    func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [Labels] {
        if let question = RollupQuestion(matchers) {
            return try await rollups.series(question, in: range).map(\.labels)
        }
        return try await layers.labelSets(matching: matchers, in: range, limit: limit)
    }

    func labelNames(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        if let question = RollupQuestion(matchers) {
            return try await rollups.series(question, in: range).map(\.labels)
                .labelNames(limit: limit)
        }
        return try await layers.labelNames(matching: matchers, in: range, limit: limit)
    }

    func labelValues(
        of name: String, matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        if let question = RollupQuestion(matchers) {
            return try await rollups.series(question, in: range).map(\.labels)
                .labelValues(of: name, limit: limit)
        }
        return try await layers.labelValues(of: name, matching: matchers, in: range, limit: limit)
    }

    func hearing(_ hear: @escaping @Sendable (String) -> Void) -> any SeriesSource {
        let layers = layers.heard(by: hear)
        var rollups = rollups
        rollups.layers = layers
        return StoredSeries(layers: layers, rollups: rollups)
    }
}

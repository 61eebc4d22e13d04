public import Model
import Threads

/// One source over memory and database: the head for what is new, PostgreSQL for what is old.
public final class LayeredSource: SeriesSource {
    private let head: any SeriesSource
    private let history: any SeriesSource
    private let isShared: Bool
    private let headBegins: Locked<Timestamp>
    private let hear: (@Sendable (String) -> Void)?

    /// - Parameters:
    ///   - head: Knows all that was said since it began.
    ///   - history: Knows all that is committed.
    ///   - begins: From when on the head knows everything.
    ///   - isShared: Whether other programs write into the same database: then it is always asked.
    public init(
        head: any SeriesSource, history: any SeriesSource, begins: Timestamp, isShared: Bool = false
    ) {
        self.head = head
        self.history = history
        self.isShared = isShared
        // Whoever wrote before may have been a little ahead of this clock.
        headBegins = Locked(begins + .minutes(1))
        hear = nil
    }

    private init(_ other: LayeredSource, hear: @escaping @Sendable (String) -> Void) {
        (head, history, isShared) = (other.head, other.history, other.isShared)
        (headBegins, self.hear) = (other.headBegins, hear)
    }

    /// The same layers, which tell when the database is away and answer from memory then.
    public func hearing(_ hear: @escaping @Sendable (String) -> Void) -> any SeriesSource {
        heard(by: hear)
    }

    func heard(by hear: @escaping @Sendable (String) -> Void) -> LayeredSource {
        LayeredSource(self, hear: hear)
    }

    /// The head knows nothing before `time` any more.
    public func headForgot(before time: Timestamp) {
        headBegins.withLock { $0 = max($0, time) }
    }

    /// Both answers as one: each label set once, each instant once; the head counts first.
    public func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series] {
        while true {
            let begins = headBegins.withLock { $0 }
            var past: [Series] = []
            if let old = old(range, before: begins) {
                do throws(SourceError) {
                    past = try await history.series(matching: matchers, in: old)
                } catch {
                    try warn(of: error, "samples before \(begins) are missing")
                }
            }
            let recent = try await head.series(matching: matchers, in: range)
            // What was sealed and left memory meanwhile is in neither answer.
            if begins == headBegins.withLock({ $0 }) { return Self.merge(past, recent) }
        }
    }

    /// The label sets of both, each once.
    public func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [Labels] {
        try await both(range) { source, range throws(SourceError) in
            try await source.labelSets(matching: matchers, in: range, limit: limit)
        } joined: { past, recent in
            let all = Set(past).union(recent)
            return Array(all.prefix(limit ?? all.count))
        }
    }

    /// The names of the labels of both, each once.
    public func labelNames(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        try await both(range) { source, range throws(SourceError) in
            try await source.labelNames(matching: matchers, in: range, limit: limit)
        } joined: { past, recent in
            (past + recent).sortedBytewise(limit: limit)
        }
    }

    /// The values of a label in both, each once.
    public func labelValues(
        of name: String, matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        try await both(range) { source, range throws(SourceError) in
            try await source.labelValues(of: name, matching: matchers, in: range, limit: limit)
        } joined: { past, recent in
            (past + recent).sortedBytewise(limit: limit)
        }
    }

    /// What memory says, joined with what the database says where memory does not know all.
    private func both<Answer: Sendable>(
        _ range: ClosedRange<Timestamp>,
        _ ask:
            @Sendable (any SeriesSource, ClosedRange<Timestamp>) async throws(SourceError) -> Answer,
        joined: (Answer, Answer) -> Answer
    ) async throws(SourceError) -> Answer {
        while true {
            let begins = headBegins.withLock { $0 }
            var past: Answer?
            if let old = old(range, before: begins) {
                do throws(SourceError) { past = try await ask(history, old) } catch {
                    try warn(of: error, "series that ended before \(begins) are missing")
                }
            }
            let recent = try await ask(head, range)
            // What was sealed and left memory meanwhile is in neither answer.
            guard begins == headBegins.withLock({ $0 }) else { continue }
            return past.map { joined($0, recent) } ?? recent
        }
    }

    /// Says that the database is away to whoever hears warnings, and throws where nobody does.
    func warn(of error: SourceError, _ consequence: String) throws(SourceError) {
        guard case .unavailable(let reason) = error, let hear else { throw error }
        hear("the database is away, so that \(consequence): \(reason)")
    }

    /// The part of `range` that memory does not know for sure.
    private func old(
        _ range: ClosedRange<Timestamp>, before begins: Timestamp
    ) -> ClosedRange<Timestamp>? {
        if isShared { return range }
        guard range.lowerBound < begins else { return nil }
        let last = Timestamp(milliseconds: begins.milliseconds - 1)
        return range.lowerBound...min(range.upperBound, last)
    }

    static func merge(_ past: [Series], _ recent: [Series]) -> [Series] {
        guard !past.isEmpty else { return recent }
        guard !recent.isEmpty else { return past }
        var result = past
        let places = Dictionary(
            past.enumerated().map { ($0.element.labels, $0.offset) }, uniquingKeysWith: { $1 })
        for series in recent {
            guard let place = places[series.labels] else {
                result.append(series)
                continue
            }
            result[place] = joined(result[place], series)
        }
        return result
    }

    private static func joined(_ old: Series, _ new: Series) -> Series {
        let histograms = joined(old.histograms, new.histograms)
        if let last = old.times.last, let first = new.times.first, last >= first {
            var merge = SampleMerge()
            merge.add(old.times, old.values)
            merge.add(new.times, new.values)
            let (times, values) = merge.columns()
            return Series(
                labels: new.labels, times: times, values: values, histograms: histograms)
        }
        return Series(
            labels: new.labels, times: old.times + new.times, values: old.values + new.values,
            histograms: histograms)
    }

    private static func joined(
        _ old: [HistogramPoint], _ new: [HistogramPoint]
    ) -> [HistogramPoint] {
        guard let first = new.first else { return old }
        return old.filter { $0.time < first.time } + new
    }
}

/// A native histogram and when it was said.
public struct HistogramPoint: Sendable, Hashable {
    /// When.
    public let time: Timestamp
    /// What was said.
    public let histogram: NativeHistogram
    /// When its counting began, `Series.unknownStart` where nobody said.
    public let start: Timestamp

    /// A point of these.
    public init(
        time: Timestamp, histogram: NativeHistogram, start: Timestamp = Series.unknownStart
    ) {
        self.time = time
        self.histogram = histogram
        self.start = start
    }
}

/// One series and what it said within the range that was asked for, in columns.
///
/// Series of one clock often share the same instants. A source gives them one array then, so that
/// whoever steps over many series can step over their times once.
public struct Series: Sendable {
    /// Which series it is, its name among them.
    public let labels: Labels
    /// The instants of `values`, oldest first, each once.
    public let times: [Timestamp]
    /// What it said, stale markers among it.
    public let values: [Double]
    /// Native histograms, oldest first, at instants that are not in `times`.
    public let histograms: [HistogramPoint]
    /// When the counting of each of `values` began, or empty where that is known of none.
    public let starts: [Timestamp]

    /// The start of what does not say when its counting began.
    public static let unknownStart = Timestamp(milliseconds: 0)

    /// A series of these columns, which have one length; `starts` may be empty.
    public init(
        labels: Labels, times: [Timestamp], values: [Double], histograms: [HistogramPoint] = [],
        starts: [Timestamp] = []
    ) {
        assert(times.count == values.count, "BUG: columns of different length")
        assert(starts.isEmpty || starts.count == times.count, "BUG: columns of different length")
        self.labels = labels
        self.times = times
        self.values = values
        self.histograms = histograms
        self.starts = starts
    }

    /// A series of `samples`, oldest first.
    public init(labels: Labels, samples: [Sample]) {
        self.init(labels: labels, times: samples.map(\.time), values: samples.map(\.value))
    }
}

/// Why series could not be read.
public enum SourceError: Error, Equatable, CustomStringConvertible {
    /// What holds the series cannot be asked now.
    case unavailable(reason: String)
    /// More was asked for than may be answered at once.
    case tooMuch(what: String, limit: Int)
    /// The one who asked has gone.
    case cancelled

    /// A sentence: what is wrong, and what to do.
    public var description: String {
        switch self {
        case .unavailable(let reason): "cannot read series now: \(reason)"
        case .tooMuch(let what, let limit):
            "this selects more than \(limit) \(what); ask for fewer series or a shorter time"
        case .cancelled: "reading series was cancelled"
        }
    }
}

/// Where series are read: the seam between what keeps them and what answers with them.
public protocol SeriesSource: Sendable {
    /// The series that meet all `matchers` and said something in `range`, each label set once, in
    /// no particular order; both ends belong to the range.
    ///
    /// No matcher at all selects every series. It honours the task's cancellation.
    func series(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>
    ) async throws(SourceError) -> [Series]

    /// The label sets of the series that `series(matching:in:)` would give, without what they said;
    /// at most `limit` of them where it is given, whichever come first.
    ///
    /// A source may also name series that said something shortly before or after `range`.
    func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [Labels]

    /// The names of the labels of these series, each once, in the order of their bytes; only the
    /// first `limit` of them where it is given.
    ///
    /// Without matchers a source may name what any series has that it keeps, whatever `range` is.
    func labelNames(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String]

    /// The values that the label `name` has in these series, like the names in
    /// `labelNames(matching:in:limit:)`.
    func labelValues(
        of name: String, matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String]

    /// The same source, which says to `hear` what is to be known beside its answers, such as that
    /// a part of it cannot be read now.
    ///
    /// Whoever hears gets what there is. Whoever does not gets an error instead, so that nobody
    /// takes a part for the whole.
    func hearing(_ hear: @escaping @Sendable (String) -> Void) -> any SeriesSource
}

extension SeriesSource {
    /// A source that always has the whole says nothing.
    public func hearing(_ hear: @escaping @Sendable (String) -> Void) -> any SeriesSource { self }

    /// Reads the series whole; sources that have an index do better.
    public func labelSets(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [Labels] {
        let found = try await series(matching: matchers, in: range)
        return found.prefix(limit ?? found.count).map(\.labels)
    }

    /// Goes through all label sets; sources that have an index do better.
    public func labelNames(
        matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        try await labelSets(matching: matchers, in: range, limit: nil).labelNames(limit: limit)
    }

    /// Goes through all label sets; sources that have an index do better.
    public func labelValues(
        of name: String, matching matchers: [Matcher], in range: ClosedRange<Timestamp>, limit: Int?
    ) async throws(SourceError) -> [String] {
        try await labelSets(matching: matchers, in: range, limit: nil)
            .labelValues(of: name, limit: limit)
    }
}

// Labels, unlike texts, are compared by their bytes.
extension [Labels] {
    /// The names of labels that occur, in the order of their bytes; the first `limit` where given.
    public func labelNames(limit: Int?) -> [String] {
        var names: Set<Label> = []
        for labels in self {
            for label in labels { names.insert(Label(label.name, "")) }
        }
        return names.map(\.name).sortedBytewise(limit: limit)
    }

    /// The values that the label `name` has, in the order of their bytes; the first `limit` where
    /// given.
    public func labelValues(of name: String, limit: Int?) -> [String] {
        var values: Set<Label> = []
        for labels in self where labels.contains(name) { values.insert(Label("", labels[name])) }
        return values.map(\.value).sortedBytewise(limit: limit)
    }
}

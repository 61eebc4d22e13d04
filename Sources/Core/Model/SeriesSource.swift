/// One series and what it said within the range that was asked for.
public struct Series: Sendable {
    /// Which series it is, its name among them.
    public let labels: Labels
    /// What it said, oldest first; stale markers are among them.
    public let samples: [Sample]

    /// A series of these.
    public init(labels: Labels, samples: [Sample]) {
        self.labels = labels
        self.samples = samples
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
}

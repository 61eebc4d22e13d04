/// Which clock it is: the same scraped target, rule group or sender has the same key in every run.
public struct ClockKey: Sendable, Hashable {
    /// What ticks.
    public enum Kind: String, Sendable, Hashable {
        case scrape, rules, sender
    }

    /// What ticks.
    public let kind: Kind
    /// The job's name, the rule group's name or the sender's job.
    public let name: String
    /// Where: the target's URL, the rule file, the sender's instance.
    public let place: String
    /// The target's labels, without `__…`.
    public let labels: Labels

    /// A key of these.
    public init(kind: Kind, name: String, place: String, labels: Labels = Labels()) {
        self.kind = kind
        self.name = name
        self.place = place
        self.labels = labels
    }
}

/// Why samples could not be taken.
public enum SinkError: Error, Equatable, CustomStringConvertible {
    /// No room: memory is at its bound and nothing drains.
    case full(reason: String)
    /// What keeps the samples cannot be asked now.
    case unavailable(reason: String)

    /// A sentence: what is wrong.
    public var description: String {
        switch self {
        case .full(let reason): "no room for more samples: \(reason)"
        case .unavailable(let reason): "cannot keep samples now: \(reason)"
        }
    }
}

/// Where samples go: the seam between what gathers them and what keeps them.
public protocol SampleSink: Sendable {
    /// The clock of `key`, which ticks every `interval` where that is known.
    ///
    /// One writer at a time: whoever opens a clock closes it before it is opened again.
    func open(
        _ key: ClockKey, interval: TimeSpan?
    ) async throws(SinkError) -> any SampleClock

    /// Returns once all that was taken before this call is safe: committed, or in the spool.
    func settle() async throws(SinkError)
}

/// One source of instants, as its writer sees it.
public protocol SampleClock: Sendable {
    /// Takes `batch` whole, or throws and takes nothing of it.
    ///
    /// It copies what it needs and never waits for a disk or a server. The numbers of series are
    /// those of this clock, since it was opened.
    func append(_ batch: borrowing SampleBatch) throws(SinkError)

    /// Nothing more comes from this writer.
    func close()
}

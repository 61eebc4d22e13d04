public import Model

/// A target as it is to be scraped, labels and URL made.
public struct ScrapeTarget: Sendable, Hashable {
    /// What is fetched, parameters and all.
    public var url: String
    /// The labels that all of its samples get.
    public var labels: Labels
    /// What discovery said, before relabeling.
    public var discovered: Labels
    /// How often.
    public var interval: TimeSpan
    /// How long one scrape may take.
    public var timeout: TimeSpan
    /// The name of its credentials in weir.yml; empty for the job's own.
    public var profile: String
    /// The socket that leads to it; empty for its address.
    public var unixSocket: String

    /// A target of these.
    public init(
        url: String, labels: Labels, discovered: Labels = Labels(), interval: TimeSpan,
        timeout: TimeSpan, profile: String = "", unixSocket: String = ""
    ) {
        self.url = url
        self.labels = labels
        self.discovered = discovered
        self.interval = interval
        self.timeout = timeout
        self.profile = profile
        self.unixSocket = unixSocket
    }

    /// Who it is for the sink.
    func key(job: String) -> ClockKey {
        ClockKey(kind: .scrape, name: job, place: url, labels: labels)
    }
}

public import Discovery
public import Scraping

/// Where the routes learn of targets; each closure gives what is so now.
public struct TargetAccess: Sendable {
    /// How targets are named for those who are not on this machine.
    public struct Outside: Sendable {
        /// The scheme of the external URL.
        public var scheme: String
        /// Its host, with a port where it has one.
        public var host: String
        /// The port that this Weir listens on, which tells its own targets; 0 for none.
        public var ownPort: Int

        /// The outside of these.
        public init(scheme: String, host: String, ownPort: Int) {
            self.scheme = scheme
            self.host = host
            self.ownPort = ownPort
        }
    }

    /// The targets that are scraped, and how they do.
    public var active: @Sendable () async -> [TargetStatus]
    /// What discovery found for each job and what was made of it.
    public var jobs: @Sendable () async -> [String: JobTargets]
    /// How the sources of targets do.
    public var sources: @Sendable () async -> [SourceState]
    /// What the targets say of their families.
    public var metadata: @Sendable () async -> [TargetMetadata] = { [] }
    /// How the series budgets of all jobs stand that have one, by job.
    public var budgets: @Sendable () async -> [(job: String, budget: SeriesBudgetStatus)] = { [] }
    /// What the target with a URL, in a job or whichever, answered last, or last when it failed.
    public var body:
        @Sendable (_ url: String, _ job: String?, _ failing: Bool) async -> RecordedBody? = {
            _, _, _ in nil
        }
    /// How targets of this machine are named elsewhere.
    public var outside: Outside?

    /// Access by these.
    public init(
        active: @escaping @Sendable () async -> [TargetStatus],
        jobs: @escaping @Sendable () async -> [String: JobTargets],
        sources: @escaping @Sendable () async -> [SourceState], outside: Outside? = nil
    ) {
        self.active = active
        self.jobs = jobs
        self.sources = sources
        self.outside = outside
    }

    /// The targets of a scraper and the sources of its finder.
    public init(_ scraper: Scraper, finder: TargetFinder, outside: Outside? = nil) {
        self.init(
            active: { await scraper.status() }, jobs: { await scraper.discovered() },
            sources: { finder.states }, outside: outside)
        metadata = { await scraper.metadata() }
        budgets = {
            await scraper.jobs().compactMap { job in job.budget.map { (job.name, $0) } }
        }
        body = { await scraper.body(url: $0, job: $1, failing: $2) }
    }

    /// No targets.
    public static let none = TargetAccess(active: { [] }, jobs: { [:] }, sources: { [] })
}

extension TargetAccess.Outside {
    /// `url` with this machine's outside in place of `localhost`, as Prometheus replaces it.
    func url(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { !"/?".contains($0) }
        guard let colon = authority.lastIndex(of: ":"),
            ["localhost", "127.0.0.1", "[::1]"].contains(authority[..<colon])
        else { return url }
        let port = authority[authority.index(after: colon)...]
        let path = rest[authority.endIndex...]
        if Int(port) == ownPort { return "\(self.scheme)://\(host)\(path)" }
        return "\(url[..<scheme.upperBound])\(bareHost):\(port)\(path)"
    }

    /// The host without its port.
    private var bareHost: Substring {
        guard let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") else { return host[...] }
        return host[..<colon]
    }
}

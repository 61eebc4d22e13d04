public import HTTPFetch
public import Postgres
public import Telemetry

/// What all sources share.
public struct SourceSurroundings: Sendable {
    /// Asks servers; its broker holds the tokens of OAuth2.
    public let client: HTTPClient
    /// Where a source says what is no failure of its own; failures go to `TargetUpdates.failed`.
    public let log: Log
    /// Where a source counts.
    public let registry: MetricRegistry
    /// Weir's own database as one who only reads, where there is one by now.
    public let database: @Sendable () async -> PostgresOptions?
    /// The servers that names are asked of, as `127.0.0.1:53`; those of the system where empty.
    public let nameServers: [String]

    /// Surroundings of these.
    public init(
        client: HTTPClient, log: Log, registry: MetricRegistry,
        database: @escaping @Sendable () async -> PostgresOptions? = { nil },
        nameServers: [String] = []
    ) {
        self.client = client
        self.log = log
        self.registry = registry
        self.database = database
        self.nameServers = nameServers
    }
}

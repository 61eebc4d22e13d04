import Access
public import HTTPServe
public import Head
public import Model
public import PromQL
public import Receiving
public import Relay
public import Telemetry

/// What the routes need, handed in by whoever wires Weir; every part is a value or a closure.
public struct Dependencies: Sendable {
    /// Which Weir this is, in Prometheus's fields.
    public struct Build: Sendable {
        /// The number of the release.
        public var version: String
        /// The commit, where it is known.
        public var revision: String
        /// The compiler; Prometheus says here which Go.
        public var compiler: String

        /// A build of these.
        public init(version: String, revision: String = "", compiler: String) {
            self.version = version
            self.revision = revision
            self.compiler = compiler
        }
    }

    /// How the last reading of the configuration went.
    public struct LastReload: Sendable {
        /// Whether the configuration that was read last holds now.
        public var succeeded: Bool
        /// When the one that holds was read.
        public var time: Timestamp
        /// When the last reading failed, where the one before still holds for that.
        public var failed: Timestamp?

        /// An outcome of these.
        public init(succeeded: Bool, time: Timestamp) {
            self.succeeded = succeeded
            self.time = time
        }
    }

    /// Which Weir this is.
    public var build: Build
    /// When Weir began.
    public var startTime: Timestamp
    /// The flags with their values, in the order in which they are shown.
    public var flags: [(name: String, value: String)]
    /// Where Weir is in its life.
    public var readiness: Readiness
    /// Weir's own metrics.
    public var registry: MetricRegistry
    /// Where series are read.
    ///
    /// Routes ask `series(for:)`, which shows what their caller may see.
    private var source: any SeriesSource
    /// The last hours, for those who count what is there.
    let head: Head
    /// The newest samples, for those who scrape all of them.
    ///
    /// Routes add the caller's binding to whatever they ask it.
    let federation: Relay
    /// How they are shown it.
    public var relay: @Sendable () -> RelayOptions
    /// What this very Weir calls itself when it scrapes; another one says something else.
    public var userAgent: String
    /// What answers questions in PromQL.
    public var engine: Engine
    /// Whether `/-/reload` and `/-/quit` do their work.
    public var isLifecycleEnabled: Bool
    /// The configuration that holds now, without secrets.
    public var configText: @Sendable () async throws -> String
    /// How the last reading went.
    public var lastReload: @Sendable () -> LastReload
    /// For how long samples are kept, as Prometheus writes it.
    public var retention: @Sendable () -> String
    /// Reads the configuration again; throws where the old one keeps on holding.
    public var reload: @Sendable () async throws -> Void
    /// Asks Weir to stop.
    public var quit: @Sendable () -> Void
    /// Where the routes learn of targets.
    public var targets = TargetAccess.none
    /// Where exemplars are read; those in memory unless it is set.
    public var exemplars: any ExemplarSource
    /// What may be done to what is kept.
    public var admin = AdminAccess()
    /// The configuration of one job as it holds now, without secrets; `nil` where there is none.
    public var jobText: @Sendable (_ job: String) async -> String? = { _ in nil }
    /// What takes what others send, where anything does.
    public var receiver: Receiver?

    /// Dependencies of these.
    public init(
        build: Build, startTime: Timestamp, flags: [(name: String, value: String)],
        readiness: Readiness, registry: MetricRegistry, source: any SeriesSource,
        head: Head, relay: @escaping @Sendable () -> RelayOptions,
        userAgent: String, engine: Engine,
        isLifecycleEnabled: Bool,
        configText: @escaping @Sendable () async throws -> String,
        lastReload: @escaping @Sendable () -> LastReload,
        retention: @escaping @Sendable () -> String,
        reload: @escaping @Sendable () async throws -> Void, quit: @escaping @Sendable () -> Void
    ) {
        self.build = build
        self.startTime = startTime
        self.flags = flags
        self.readiness = readiness
        self.registry = registry
        self.source = source
        (self.head, self.relay) = (head, relay)
        federation = Relay(head, registry: registry)
        exemplars = HeadExemplars(head)
        (self.userAgent, self.engine) = (userAgent, engine)
        self.isLifecycleEnabled = isLifecycleEnabled
        self.configText = configText
        self.lastReload = lastReload
        self.retention = retention
        self.reload = reload
        self.quit = quit
    }

    /// What a route reads series from: those that the request's caller may see.
    public func series(for request: ServerRequest) -> ScopedSource {
        request.caller.view(of: source)
    }
}

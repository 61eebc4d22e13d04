public import Access
public import Model

/// Weir's own settings: what `weir.yml` and the environment say, with a default for everything.
///
/// What Prometheus knows too stands in `prometheus.yml` and in flags, so that both stay loadable
/// by either.
public struct Settings: Sendable {
    /// The PostgreSQL server to keep samples in, in libpq's words; empty: one of Weir's own.
    public var database = ""
    /// How long samples are kept where no rule says otherwise; zero for ever.
    public var retention = TimeSpan.days(15)
    /// How many bytes of samples are kept; 0 for as many as the disk holds.
    public var retentionSize = ByteSize(bytes: 0)
    /// Series that are kept longer, or less long; the first rule that matches counts.
    public var retentionRules: [RetentionRule] = []
    /// Series of which coarse values are kept beyond the samples.
    public var rollups: [Rollup] = []
    /// What is kept on disk while the database cannot take it.
    public var spool = Spool()
    /// The addresses that Weir listens on, host and port; empty: those of the flags.
    public var listen: [String] = []
    /// Who may pass: `auth` and `credentials`.
    public var access = AccessSettings()
    /// Credentials for targets, which the label `__auth_profile__` picks by name.
    public var authProfiles: [String: HTTPClientConfig] = [:]
    /// Shapes of other systems' interfaces that Weir answers in.
    public var dialects = Dialects()
    /// What one caller or one target may cost.
    public var limits = Limits()
    /// What others see of the database.
    public var sql = SQLSurface()
    /// What `/metrics` and `/federate` write.
    public var federation = Federation()

    /// The defaults.
    public init() {}
}

extension Settings {
    /// Series that are kept for a time of their own.
    public struct RetentionRule: Sendable, Hashable {
        /// Which series.
        public var match = Selector([])
        /// How long.
        public var keep = TimeSpan.zero
    }

    /// Coarse values that are kept beyond the samples.
    public struct Rollup: Sendable, Hashable {
        /// Of which series.
        public var match = Selector([])
        /// Over which spans.
        public var every: [TimeSpan] = [.minutes(5), .hours(1)]
        /// For how long.
        public var keep = TimeSpan.days(400)
    }

    /// What is kept on disk while the database cannot take it.
    public struct Spool: Sendable, Hashable {
        /// The most bytes of it.
        public var size = ByteSize(bytes: 4 << 30)
        /// How often it is forced to disk; what a power failure may cost.
        public var sync = TimeSpan.seconds(1)
    }

    /// What one caller or one target may cost.
    public struct Limits: Sendable, Hashable {
        /// The most bytes of a request's body.
        public var requestBody = ByteSize(bytes: 16 << 20)
        /// The most new series of one job, beyond which they are counted and not kept; 0 for all.
        public var seriesBudget = 0
        /// The most series that one answer may hold; 0 for all.
        public var answerSeries = 0
        /// How many failed attempts an address has in a minute.
        public var failedLogins = 20
    }

    /// What others see of the database.
    public struct SQLSurface: Sendable, Hashable {
        /// The role that reads the views.
        public var reader = "weir_reader"
        /// Its password; none: only those on this machine may use it.
        public var readerPassword: Secret?
        /// How long one of its statements may take.
        public var statementTimeout = TimeSpan.seconds(60)
        /// How many connections it may have.
        public var connections = 20
        /// Where the private PostgreSQL listens beside its socket; empty: nowhere.
        public var listen = ""
    }

    /// What `/metrics` and `/federate` write.
    public struct Federation: Sendable, Hashable {
        /// Whether samples carry their time.
        public var timestamps = false
        /// How old a sample may be.
        public var maxAge = TimeSpan.minutes(5)
        /// Whether the external labels of the configuration are added.
        public var externalLabels = false
        /// Whether infinite values are left out, for readers that lose a batch over one.
        public var dropInfinite = false
        /// What stands before the names of Weir's own metrics.
        public var ownPrefix = "weir_"
    }
}

/// The flags of `weir run`: Prometheus's own, so that its unit files work, and a few of Weir's.
enum RunFlags {
    static let all: [Flag] = {
        // What nothing acts on yet is accepted and said, so that a unit file works as it stands.
        let later: [Flag] =
            retention.map { $0.notYet("retention and retention_size of weir.yml say it") }
            + rules.map { $0.notYet("this version evaluates no rules") }
        return own + configuration + web + administration + storage + queries + logging + later
    }()

    private static let own: [Flag] = [
        Flag(
            "settings", .text, "FILE", isCommon: true,
            "Weir's own settings; weir.yml beside the configuration where there is one."),
        Flag(
            "stop-timeout", .duration, standard: "30s",
            "How long Weir may take to stop before it leaves what is unfinished."),
    ]

    private static let configuration: [Flag] = [
        Flag(
            "config.file", .text, "FILE", standard: "prometheus.yml", isCommon: true,
            "What to scrape, in Prometheus's syntax."),
        .toggle(
            "config.auto-reload", isCommon: true,
            "Read the configuration again when its files change."),
        Flag(
            "config.auto-reload-interval", .duration, standard: "30s",
            "How often to look whether they did."),
    ]

    private static let web: [Flag] = [
        Flag(
            "web.listen-address", .text, "ADDRESS", standard: "127.0.0.1:9090",
            isRepeatable: true, isCommon: true, "Where to listen; may be given several times."),
        Flag(
            "web.config.file", .text, "FILE", isCommon: true,
            "TLS, headers and users, in Prometheus's syntax."),
        Flag(
            "web.external-url", .text, "URL", isCommon: true,
            "The URL under which others reach Weir."),
        Flag(
            "web.route-prefix", .text, "PATH",
            "The path before every route; that of the external URL by default."),
        .toggle(
            "web.enable-lifecycle", isCommon: true,
            "Let POST /-/reload and /-/quit do their work."),
        Flag(
            "web.cors.origin", .text, "REGEX", standard: ".*",
            "Which origins a browser may ask from; anchored on both sides."),
        Flag(
            "web.max-connections", .number, "N", standard: "512",
            "How many connections may be open at once."),
        Flag(
            "web.read-timeout", .duration, standard: "5m",
            "How long reading a request may take, and how long a connection may idle."),
        .ignored(
            "web.enable-remote-write-receiver", .toggle,
            because: "receiving needs no flag in Weir"),
        .ignored(
            "web.remote-write-receiver.accepted-protobuf-messages",
            because: "every message that Weir knows is accepted"),
        .ignored("web.enable-otlp-receiver", .toggle, because: "receiving needs no flag in Weir"),
        .ignored("web.console.templates", because: "Weir has no console templates"),
        .ignored("web.console.libraries", because: "Weir has no console templates"),
        .ignored("web.user-assets", because: "Weir serves no files of yours"),
        .ignored("web.local-assets", because: "Weir serves no files of its own from disk"),
        .ignored("web.page-title", because: "Weir has no pages"),
        .ignored(
            "web.max-notifications-subscribers", .number, because: "Weir has no notifications"),
    ]

    private static let storage: [Flag] = [
        Flag(
            "database", .text, "URL", isCommon: true,
            "The PostgreSQL server to use instead of Weir's own; WEIR_DATABASE names it unseen."),
        Flag(
            "storage.tsdb.path", .text, "FOLDER", standard: "data/", isCommon: true,
            "The data folder: Weir's own PostgreSQL and its spool live there."),
        .ignored(
            "storage.tsdb.no-lockfile", .toggle,
            because: "PostgreSQL itself lets no second server into a folder"),
        .ignored(
            "storage.tsdb.use-lockfile", .toggle,
            because: "PostgreSQL itself lets no second server into a folder"),
        .ignored("storage.tsdb.min-block-duration", because: "Weir has no blocks"),
        .ignored("storage.tsdb.max-block-duration", because: "Weir has no blocks"),
        .ignored("storage.tsdb.wal-segment-size", because: "PostgreSQL keeps the log"),
        .ignored("storage.tsdb.wal-compression", .toggle, because: "PostgreSQL keeps the log"),
        .ignored("storage.tsdb.max-block-chunk-segment-size", because: "Weir has no blocks"),
        .ignored("storage.tsdb.head-chunks-write-queue-size", because: "Weir has no head chunks"),
        .ignored("storage.tsdb.allow-overlapping-blocks", .toggle, because: "Weir has no blocks"),
        .ignored("storage.agent.path", because: "Weir has no agent mode"),
        .ignored("storage.agent.wal-compression", .toggle, because: "Weir has no agent mode"),
        .ignored("storage.agent.retention.min-time", because: "Weir has no agent mode"),
        .ignored("storage.agent.retention.max-time", because: "Weir has no agent mode"),
        .ignored("storage.agent.use-lockfile", .toggle, because: "Weir has no agent mode"),
        .ignored("storage.agent.no-lockfile", .toggle, because: "Weir has no agent mode"),
        .ignored("agent", .toggle, because: "Weir has no agent mode; it always keeps and relays"),
    ]

    private static let administration: [Flag] = [
        .toggle("web.enable-admin-api", "Let the routes of /api/v1/admin do their work.")
    ]

    private static let retention: [Flag] = [
        Flag(
            "storage.tsdb.retention.time", .duration, isCommon: true,
            "How long samples are kept; the settings say more."),
        Flag("storage.tsdb.retention.size", .size, "SIZE", "How many bytes of samples are kept."),
        Flag(
            "storage.tsdb.retention", .duration, "",
            "An older name of --storage.tsdb.retention.time."),
        Flag(
            "storage.remote.read-sample-limit", .number, standard: "5e7",
            "How many samples one answer of remote read may have."),
        Flag(
            "storage.remote.read-concurrent-limit", .number, standard: "10",
            "How many remote reads may run at once."),
        Flag(
            "storage.remote.read-max-bytes-in-frame", .size, standard: "1MB",
            "How large a frame of a streamed remote read may be."),
        Flag(
            "storage.remote.flush-deadline", .duration, standard: "1m",
            "How long sending on may take at a stop."),
    ]

    private static let queries: [Flag] = [
        Flag(
            "query.lookback-delta", .duration, standard: "5m",
            "How far back an instant looks for a sample."),
        Flag("query.timeout", .duration, "TIME", standard: "2m", "How long a query may take."),
        Flag(
            "query.max-concurrency", .number, standard: "20", "How many queries run at once."),
        Flag(
            "query.max-samples", .number, standard: "50000000",
            "How many samples a query may hold in memory."),
        Flag(
            "enable-feature", .text, "NAME,…", isRepeatable: true,
            "Features of Prometheus that are off by default."),
    ]

    private static let rules: [Flag] = [
        Flag(
            "rules.alert.for-outage-tolerance", .duration, standard: "1h",
            "How long an outage may last for an alert's waiting time to go on."),
        Flag(
            "rules.alert.for-grace-period", .duration, standard: "10m",
            "The least time between a start and an alert that was waiting."),
        Flag(
            "rules.alert.resend-delay", .duration, standard: "1m",
            "How soon an alert is sent again."),
        Flag(
            "rules.max-concurrent-evals", .number, standard: "4",
            "How many rules without dependence run at once."),
        Flag(
            "alertmanager.notification-queue-capacity", .number, standard: "10000",
            "How many alerts may wait to be sent."),
        Flag(
            "alertmanager.notification-batch-size", .number, standard: "256",
            "How many alerts are sent at once."),
        .toggle(
            "alertmanager.drain-notification-queue-on-shutdown", standard: "true",
            "Send the alerts that wait before a stop."),
        .ignored(
            "alertmanager.timeout", .duration,
            because: "the timeout stands in the configuration file"),
    ]

    private static let logging: [Flag] = [
        Flag(
            "log.level", .choice(["debug", "info", "warn", "error"]), standard: "info",
            isCommon: true, "The least that is logged."),
        Flag(
            "log.format", .choice(["logfmt", "json"]), standard: "logfmt", isCommon: true,
            "How log lines are written."),
        .ignored(
            "auto-gomaxprocs", .toggle, because: "Weir is not a Go program"),
        .ignored("auto-gomemlimit", .toggle, because: "Weir is not a Go program"),
        .ignored("auto-gomemlimit.ratio", because: "Weir is not a Go program"),
    ]
}

import Access
import Model
public import YAML

extension Settings {
    /// Every field of `weir.yml`: what reads it, prints it, documents it and describes it.
    public static let table = YAMLTable<Settings>(
        "weir.yml", "Weir's own settings. The file may be empty: everything has a default.",
        make: { Settings() }
    ) {
        YAMLField(
            "database", \.database, SettingsValues.database,
            "The PostgreSQL to keep samples in, as a URL or in libpq's words. "
                + "Where there is none, Weir runs one of its own in the data folder.")
        YAMLField(
            "listen", \.listen, .list(SettingsValues.address),
            "Where to listen. `--web.listen-address` goes before it.")
        YAMLField(
            "auth", \.authNode, AccessShape.auth, standard: "by_address",
            "Whom an address lets in: `by_address` asks where others can reach it, `always` asks "
                + "everywhere, `none` never.")
        YAMLField(
            "credentials", \.credentialNodes, AccessShape.credentials, "Who may do what.")
        YAMLField(
            "retention", \.retention, .duration,
            "How long samples are kept; 0s for ever.")
        YAMLField(
            "retention_size", \.retentionSize, SettingsValues.size,
            "How many bytes of samples are kept, the oldest going first; 0 for as many as fit.")
        YAMLField(
            "retention_rules", \.retentionRules, .list(RetentionRule.table.codec),
            "Series that are kept for a time of their own; the first rule that matches counts.")
        YAMLField(
            "rollups", \.rollups, .list(Rollup.table.codec),
            "Series of which coarse values are kept after the samples are gone.")
        YAMLField(
            "spool", \.spool, Spool.table.codec,
            "What is kept on disk while the database cannot take it.")
        YAMLField(
            "sql", \.sql, SQLSurface.table.codec, support: NotYet.sql,
            "What others see of the database.")
        YAMLField(
            "auth_profiles", \.authProfiles, .map(AuthProfile.table.codec),
            "Credentials for targets by name; the label `__auth_profile__` picks one.")
        YAMLField("limits", \.limits, Limits.table.codec, "What one caller or target may cost.")
        YAMLField(
            "federation", \.federation, Federation.table.codec,
            "What `/metrics` and `/federate` write.")
        YAMLField(
            "dialects", \.dialects, Dialects.table.codec, support: NotYet.dialects,
            "Shapes of other systems' interfaces that Weir answers in.")
    }

    // `auth` and `credentials` are read by Access, which looks at the document itself.
    private var authNode: YAMLNode {
        get { .plain("") }
        set {}
    }

    private var credentialNodes: YAMLNode {
        get { .list([]) }
        set {}
    }
}

extension Settings.RetentionRule {
    static let table = YAMLTable<Self>(
        "retention_rule", "Series that are kept for a time of their own.", make: { Self() }
    ) {
        YAMLField(
            "match", \.match, SettingsValues.selector, required: true,
            "Which series, as in PromQL: `{job=\"debug\"}`.")
        YAMLField(
            "keep", \.keep, .duration, required: true, "How long; 0s for ever.")
    }
}

extension Settings.Rollup {
    static let table = YAMLTable<Self>(
        "rollup",
        "Minimum, maximum, sum, count, first, last and increase, kept beyond the samples.",
        make: { Self() }
    ) { rollup, block, decoding in
        let day = TimeSpan.days(1).milliseconds
        for span in rollup.every
        where span < .seconds(90) || span.milliseconds % 1000 != 0
            || day % span.milliseconds != 0
        {
            decoding.error(
                "\(span) does not divide a day into equal parts of 90 s or more",
                "write one such as 5m", at: block.value(of: "every"))
        }
    } fields: {
        YAMLField(
            "match", \.match, SettingsValues.selector, required: true, "Of which series.")
        YAMLField("every", \.every, .list(.duration), "Over which spans.")
        YAMLField("keep", \.keep, .duration, "For how long; 0s for ever.")
    }
}

extension Settings.Spool {
    static let table = YAMLTable<Self>(
        "spool", "Samples that wait on disk until the database takes them.", make: { Self() }
    ) {
        YAMLField(
            "size", \.size, SettingsValues.size,
            "The most bytes of it; beyond them the oldest are dropped and counted.")
        YAMLField(
            "sync", \.sync, .duration,
            "How often it is forced to disk: what a power failure may cost.")
    }
}

extension Settings.SQLSurface {
    static let table = YAMLTable<Self>(
        "sql", "The role and the address for Grafana, psql and others.", make: { Self() }
    ) {
        YAMLField("reader", \.reader, .text, "The role that reads the views and nothing else.")
        YAMLField(
            "reader_password", \.readerPassword, .secret,
            "Its password; without one, it is for this machine alone.")
        YAMLField(
            "statement_timeout", \.statementTimeout, .duration,
            "How long one of its statements may take.")
        YAMLField(
            "connections", \.connections, .whole(1...1000), "How many connections it may have.")
        YAMLField(
            "listen", \.listen, .text,
            "Where Weir's own PostgreSQL listens beside its socket, such as `127.0.0.1:5432`.")
    }
}

extension Settings.Limits {
    static let table = YAMLTable<Self>("limits", "What one may cost.", make: { Self() }) {
        YAMLField(
            "request_body", \.requestBody, SettingsValues.size, support: NotYet.limit,
            "The most bytes of a request's body; more is answered with 413.")
        YAMLField(
            "failed_logins", \.failedLogins, .whole(1...100_000),
            support: NotYet.limit,
            "How many failed attempts an address has in a minute.")
        YAMLField(
            "series_budget", \.seriesBudget, .whole(),
            "The most series of one job; new ones beyond are counted and not kept. 0 for all.")
        YAMLField(
            "answer_series", \.answerSeries, .whole(),
            support: NotYet.limit,
            "The most series that one answer may hold; 0 for all.")
    }
}

extension Settings.Federation {
    static let table = YAMLTable<Self>(
        "federation", "The newest sample of every series, for others to scrape.",
        make: { Self() }
    ) {
        YAMLField(
            "timestamps", \.timestamps, .boolean,
            "Whether samples carry their time; without it, a reader sees targets go stale.")
        YAMLField(
            "max_age", \.maxAge, .duration, "How old a sample may be.")
        YAMLField(
            "external_labels", \.externalLabels, .boolean,
            "Whether the external labels of the configuration are added.")
        YAMLField(
            "drop_infinite", \.dropInfinite, .boolean,
            "Whether infinite values are left out, over which InfluxDB loses a whole batch.")
        YAMLField(
            "own_prefix", \.ownPrefix, .text, "What stands before the names of Weir's own metrics.")
    }
}

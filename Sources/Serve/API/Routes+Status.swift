import Access
import HTTPServe

// Targets, rules, how Weir does, and what may be done to what is kept.
extension Routes {
    static func targets(_ needs: Dependencies) -> [Route] {
        let targets = TargetHandlers(needs.targets)
        let said = ScrapeHandlers(needs.targets)
        return [
            api(
                [.get], "/targets", needs,
                RouteNote(
                    "What is scraped and what was dropped.",
                    [
                        .text("state", "`active`, `dropped` or `any`.").ofURL, .pool,
                    ], answer: .data(.object)), targets.targets),
            api(
                [.get], "/targets/metadata", needs,
                RouteNote(
                    "What each target says of its metrics.",
                    [
                        .init(
                            name: "match_target", kind: .selector,
                            meaning: "A selector of targets by their labels."), .metric,
                        .init(name: "limit", kind: .number(from: -1), meaning: "The most entries."),
                    ], answer: .data(.list)), said.targetMetadata),
            api(
                [.get], "/targets/body", needs,
                RouteNote(
                    "What a target answered last.",
                    [
                        .text("target", "The target's `scrapeUrl`.").required,
                        .text("scrapePool", "The name of its job."),
                        .text("failing", "`true`: what it answered when it last failed."),
                    ], answer: .text, statuses: [404]), said.body),
            api(
                [.get], "/metadata", needs,
                RouteNote(
                    "What is said of metrics.",
                    [
                        .init(
                            name: "limit", kind: .number(from: -1),
                            meaning: "The most metrics; -1 for all."),
                        .init(
                            name: "limit_per_metric", kind: .number(from: -1),
                            meaning: "The most entries of a metric; -1 for all."), .metric,
                    ], answer: .data(.object)), said.metadata),
            api(
                [.get], "/targets/relabel_steps", needs,
                RouteNote(
                    "Labels after each relabeling rule of a job.",
                    [
                        .pool.required,
                        .text("labels", "Discovered labels, as an object in JSON.").required.ofURL,
                    ], answer: .data(.object), statuses: [404]), targets.relabelSteps),
            api(
                [.get], "/scrape_pools", needs,
                RouteNote("The names of all jobs.", answer: .data(.object)), targets.scrapePools),
            api(
                [.get], "/scrape_pools/config", needs, asks: .permission(.admin),
                RouteNote(
                    "The configuration of one job, without secrets.", [.pool.required],
                    answer: .data(.object), statuses: [404])
            ) { try await targets.poolConfig($0, needs.jobText) },
            api(
                [.get], "/service_discovery", needs,
                RouteNote("Where targets come from.", answer: .data(.object)),
                targets.serviceDiscovery),
        ]
    }

    static func rules(_ needs: Dependencies) -> [Route] {
        let rules = RuleHandlers()
        func texts(_ name: String, _ meaning: String) -> RouteNote.Parameter {
            .init(name: name, kind: .text, meaning: meaning, isList: true)
        }
        return [
            api(
                [.get], "/rules", needs,
                RouteNote(
                    "Rules by group; this Weir has none.",
                    [
                        .init(
                            name: "type", kind: .choice(["alert", "record"]),
                            meaning: "Rules of this kind alone.", isOfURL: true),
                        texts("rule_name[]", "Rules of these names alone."),
                        texts("rule_group[]", "Groups of these names alone."),
                        texts("file[]", "Groups of these files alone."), .matches,
                        .init(
                            name: "exclude_alerts", kind: .truth,
                            meaning: "Without the alerts of each rule.", isOfURL: true),
                        .init(
                            name: "group_limit", kind: .number(from: 1),
                            meaning: "The most groups.", isOfURL: true),
                        .text("group_next_token", "Where the page before ended.").ofURL,
                    ], answer: .data(.object)), rules.rules),
            api(
                [.get], "/alerts", needs,
                RouteNote("Alerts; this Weir has none.", answer: .data(.object)), rules.alerts),
            api(
                [.get], "/alertmanagers", needs,
                RouteNote("Who hears of alerts: nobody.", answer: .data(.object)),
                rules.alertmanagers),
        ]
    }

    static func status(_ needs: Dependencies) -> [Route] {
        let status = StatusHandlers(needs)
        let counts = CardinalityHandlers(needs)
        let notifications = NotificationHandlers(needs)
        func object(_ summary: String) -> RouteNote { RouteNote(summary, answer: .data(.object)) }
        return [
            api(
                [.get], "/status/buildinfo", needs, object("Which Weir this is."), isQuick: true,
                status.buildInfo),
            api(
                [.get], "/status/runtimeinfo", needs, object("How it does."), status.runtimeInfo),
            api(
                [.get], "/status/flags", needs, asks: .permission(.admin),
                object("The flags with their values."), status.flags),
            api(
                [.get], "/status/config", needs, asks: .permission(.admin),
                object("The configuration, without secrets."), status.config),
            api(
                [.get], "/status/tsdb", needs,
                RouteNote(
                    "How many series there are, by metric and by label.",
                    [
                        .init(
                            name: "limit", kind: .number(from: 1),
                            meaning: "The most entries of each list, at most 10,000; 10 by default."
                        )
                    ], answer: .data(.object)), counts.tsdb),
            api(
                [.get], "/status/tsdb/blocks", needs,
                object("Blocks on disk; Weir has none, it keeps samples in PostgreSQL."),
                counts.blocks),
            api(
                [.get], "/status/walreplay", needs, object("How far the start is."),
                waits: false, counts.walReplay),
            api(
                [.get], "/status/self_metrics", needs, asks: .permission(.metricsRead),
                RouteNote(
                    "Weir's own metrics as JSON.",
                    [
                        .text(
                            "metric_name_pattern",
                            "An expression that a metric's whole name has to match.")
                    ], answer: .data(.list)), SelfMetricsHandlers(needs).selfMetrics),
            api(
                [.get], "/features", needs, object("What this Weir can do."),
                FeatureHandlers(needs).features),
            api(
                [.get], "/notifications", needs,
                RouteNote("What one should know now.", answer: .data(.list)), waits: false,
                notifications.list),
            api(
                [.get], "/notifications/live", needs,
                RouteNote(
                    "The same as it changes; 204 for more than 16 listeners.", answer: .events,
                    mayBeEmpty: true), waits: false, notifications.live),
        ]
    }

    static func admin(_ needs: Dependencies) -> [Route] {
        let admin = AdminHandlers(needs.admin)
        return [
            api(
                [.post, .put], "/admin/tsdb/delete_series", needs, asks: .permission(.admin),
                RouteNote(
                    "Erases what selected series said.", [.matches.required, .start, .end],
                    answer: .nothing, statuses: [500]), admin.deleteSeries),
            api(
                [.post, .put], "/admin/tsdb/clean_tombstones", needs, asks: .permission(.admin),
                RouteNote(
                    "Nothing: what is erased is gone at once.", answer: .nothing, statuses: [500]),
                admin.cleanTombstones),
            api(
                [.post, .put], "/admin/tsdb/snapshot", needs, asks: .permission(.admin),
                RouteNote(
                    "Writes all that is kept into a file.",
                    [
                        .init(
                            name: "skip_head", kind: .truth,
                            meaning: "Without what is in memory alone.")
                    ], answer: .data(.object), statuses: [500]), admin.snapshot),
        ]
    }
}

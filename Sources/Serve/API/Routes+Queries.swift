import Access
import HTTPServe

// Pages of metrics, and questions about series.
extension Routes {
    static func lifecycle(_ needs: Dependencies) -> [Route] {
        let handlers = LifecycleHandlers(needs)
        let status = StatusHandlers(needs)
        return [
            health(
                "/-/healthy", RouteNote("Whether the program runs.", answer: .text),
                handlers.healthy),
            health(
                "/-/ready",
                RouteNote("Whether it answers every route.", answer: .text, statuses: [503]),
                handlers.ready),
            route(
                [.post, .put, .get], "/-/reload", .permission(.admin),
                RouteNote(
                    "Reads the configuration again.", answer: .text, statuses: [403, 405, 500]),
                handlers.reload),
            route(
                [.post, .put, .get], "/-/quit", .permission(.admin),
                RouteNote("Stops the program.", answer: .text, statuses: [403, 405]),
                handlers.quit),
            route(
                [.get], "/", .credential, RouteNote("What there is to see.", answer: .text),
                status.front),
            route(
                [.get], "/version", .credential,
                RouteNote("Which Weir this is.", answer: .json), isQuick: true, status.version),
        ]
    }

    static func pages(_ needs: Dependencies) -> [Route] {
        let relay = RelayHandlers(needs)
        let status = StatusHandlers(needs)
        let newest = RouteNote(
            "The newest sample of every series.", [.matches], answer: .metrics,
            statuses: [400, 503])
        return [
            page("/metrics", newest, relay.metrics),
            page("/metrics/v1", newest, relay.metrics),
            page(
                "/federate",
                RouteNote(
                    "The newest samples of selected series, as Prometheus federates them.",
                    [.matches], answer: .metrics, statuses: [400, 503]), relay.federate),
            route(
                [.get], "/metrics/self", .permission(.metricsRead),
                RouteNote("Weir's own metrics.", answer: .metrics), status.ownMetrics),
        ]
    }

    static func queries(_ needs: Dependencies) -> [Route] {
        let query = QueryHandlers(needs)
        let exemplars = ExemplarHandlers(needs)
        let more: [RouteNote.Parameter] = [.timeout, .limit, .lookback, .statistics]
        return [
            api(
                [.get, .post], "/query", needs,
                RouteNote(
                    "The values of an expression at one instant.",
                    [
                        .query(),
                        .init(name: "time", kind: .time, meaning: "The instant; now by default."),
                    ] + more, answer: .data(.queryResult), statuses: [422]), query.instant),
            api(
                [.get, .post], "/query_range", needs,
                RouteNote(
                    "The values of an expression at every step of a range.",
                    [
                        .query(), .start.required, .end.required,
                        .init(
                            name: "step", kind: .span, meaning: "The distance of the instants.",
                            isRequired: true),
                    ] + more, answer: .data(.queryResult), statuses: [422]), query.range),
            api(
                [.get, .post], "/query_exemplars", needs,
                RouteNote(
                    "Exemplars of the series that an expression selects.",
                    [.query(), .start, .end], answer: .data(.list), mayBeEmpty: true),
                exemplars.exemplars),
            api(
                [.get, .post], "/format_query", needs,
                RouteNote(
                    "An expression as Prometheus writes it.", [.query()], answer: .data(.text)),
                query.format),
            api(
                [.get, .post], "/parse_query", needs,
                RouteNote("An expression as a tree.", [.query()], answer: .data(.object)),
                query.parse),
        ]
    }

    static func labels(_ needs: Dependencies) -> [Route] {
        let series = SeriesHandlers(needs)
        let common: [RouteNote.Parameter] = [.matches, .start, .end, .limit]
        return [
            api(
                [.get, .post], "/series", needs,
                RouteNote(
                    "The label sets of selected series.",
                    [.matches.required, .start, .end, .limit], answer: .data(.labelSets),
                    statuses: [422]), series.series),
            api(
                [.get, .post], "/labels", needs,
                RouteNote(
                    "The names of labels.", common, answer: .data(.texts), statuses: [422]),
                series.labelNames),
            api(
                [.get], "/label/:name/values", needs,
                RouteNote(
                    "The values of one label.",
                    [
                        .init(
                            name: "name", kind: .text,
                            meaning: "The label, perhaps escaped as `U__…`.", isRequired: true)
                    ] + common, answer: .data(.texts), statuses: [422]), series.labelValues),
        ]
    }
}

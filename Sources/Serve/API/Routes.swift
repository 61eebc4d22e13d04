import Access
public import HTTPServe

/// Every path and what answers it, in one list.
public enum Routes {
    /// The table, with what each route asks of its caller beside it.
    public static func all(_ needs: Dependencies) -> [Route] {
        let status = StatusHandlers(needs)
        let lifecycle = LifecycleHandlers(needs)
        let series = SeriesHandlers(needs)
        let targets = TargetHandlers(needs.targets)
        let said = ScrapeHandlers(needs.targets)
        let query = QueryHandlers(needs)
        let relay = RelayHandlers(needs)
        let receive = ReceiveHandlers(needs.receiver)
        return [
            health("/-/healthy", lifecycle.healthy),
            health("/-/ready", lifecycle.ready),
            route([.post, .put, .get], "/-/reload", .permission(.admin), lifecycle.reload),
            route([.post, .put, .get], "/-/quit", .permission(.admin), lifecycle.quit),

            route([.get], "/", .credential, status.front),
            route([.get], "/version", .credential, isQuick: true, status.version),
            page("/metrics", relay.metrics),
            page("/metrics/v1", relay.metrics),
            page("/federate", relay.federate),
            route([.get], "/metrics/self", .permission(.metricsRead), status.ownMetrics),

            Route(
                [.post], "/api/v1/write", body: .collected(limit: 64 << 20),
                requirement: RouteAccess(.permission(.metricsWrite)), handler: receive.write),

            api([.get, .post], "/query", .permission(.query), needs, query.instant),
            api([.get, .post], "/query_range", .permission(.query), needs, query.range),
            api([.get, .post], "/format_query", .permission(.query), needs, query.format),
            api([.get, .post], "/series", .permission(.query), needs, series.series),
            api([.get, .post], "/labels", .permission(.query), needs, series.labelNames),
            api([.get], "/label/:name/values", .permission(.query), needs, series.labelValues),

            api([.get], "/targets", .permission(.query), needs, targets.targets),
            api([.get], "/targets/metadata", .permission(.query), needs, said.targetMetadata),
            api([.get], "/targets/body", .permission(.query), needs, said.body),
            api([.get], "/metadata", .permission(.query), needs, said.metadata),
            api(
                [.get], "/targets/relabel_steps", .permission(.query), needs,
                targets.relabelSteps),
            api([.get], "/scrape_pools", .permission(.query), needs, targets.scrapePools),
            api(
                [.get], "/service_discovery", .permission(.query), needs,
                targets.serviceDiscovery),

            api(
                [.get], "/status/buildinfo", .permission(.query), needs, isQuick: true,
                status.buildInfo),
            api([.get], "/status/runtimeinfo", .permission(.query), needs, status.runtimeInfo),
            api([.get], "/status/flags", .permission(.admin), needs, status.flags),
            api([.get], "/status/config", .permission(.admin), needs, status.config),
        ]
    }

    /// A router of `routes` below `prefix`.
    public static func router(
        _ routes: [Route], prefix: String = "/"
    ) throws(HTTPServeError) -> Router {
        var router = Router(prefix: prefix)
        router.missing = { _ in .plain("404 page not found\n", status: 404) }
        for route in routes { try router.add(route) }
        return router
    }

    /// A handler, as a route has it.
    typealias Handler = @Sendable (ServerRequest) async throws -> ServerResponse

    private static func health(_ path: String, _ handler: @escaping Handler) -> Route {
        Route(
            [.get], path, isHealth: true, isQuick: true, requirement: RouteAccess(.nothing),
            handler: handler)
    }

    private static func route(
        _ methods: [HTTPMethod], _ path: String, _ requirement: Requirement,
        isQuick: Bool = false, _ handler: @escaping Handler
    ) -> Route {
        Route(
            methods, path, isQuick: isQuick, requirement: RouteAccess(requirement),
            handler: handler)
    }

    /// A page of metrics: what is wrong with the request is said in plain text.
    private static func page(_ path: String, _ handler: @escaping Handler) -> Route {
        route([.get], path, .permission(.metricsRead)) { request in
            do { return try await handler(request) } catch let error as APIError {
                return .plain(error.description + "\n", status: error.status)
            }
        }
    }

    /// A route of `/api/v1`: waits for readiness, and puts what goes wrong into the envelope.
    private static func api(
        _ methods: [HTTPMethod], _ path: String, _ requirement: Requirement,
        _ needs: Dependencies, isQuick: Bool = false, _ handler: @escaping Handler
    ) -> Route {
        route(methods, "/api/v1" + path, requirement, isQuick: isQuick) { request in
            if let answer = LifecycleHandlers.refusalUnlessReady(needs.readiness) { return answer }
            do { return try await handler(request) } catch let error as APIError {
                return .json(Envelope.failure(error), status: error.status)
            }
        }
    }
}

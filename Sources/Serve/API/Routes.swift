import Access
public import HTTPServe

/// Every path and what answers it, in one list.
///
/// What each route asks of its caller and what is told of it stand beside it: `OpenAPI` describes
/// what is served from this very list.
public enum Routes {
    /// The table.
    public static func all(_ needs: Dependencies) -> [Route] {
        let described =
            lifecycle(needs) + pages(needs) + queries(needs) + labels(needs) + targets(needs)
            + rules(needs) + status(needs) + admin(needs) + receiving(needs)
        return described + [document(of: described, needs)]
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

    /// The route that describes `routes` and itself.
    private static func document(of routes: [Route], _ needs: Dependencies) -> Route {
        let note = RouteNote(
            "This document.",
            [
                .init(
                    name: "openapi_version", kind: .choice(["3.1", "3.2"]),
                    meaning: "The version of OpenAPI; 3.1 by default.")
            ], answer: .yaml)
        let own = api([.get], "/openapi.yaml", needs, note) { _ in ServerResponse() }
        let described = routes + [own]
        return api([.get], "/openapi.yaml", needs, note) { request in
            let asked = request.parameters["openapi_version"] ?? ""
            guard let version = OpenAPI.Version(asked: asked) else {
                throw APIError.badData(
                    "invalid parameter \"openapi_version\": expected 3.1 or 3.2, got "
                        + QueryParameters.quoted(asked))
            }
            let text = OpenAPI.document(of: described, version: version)
            return ServerResponse(
                fields: ["Content-Type": "application/yaml"], bytes: Array(text.utf8))
        }
    }

    // MARK: How a route is made

    /// A handler, as a route has it.
    typealias Handler = @Sendable (ServerRequest) async throws -> ServerResponse

    static func health(
        _ path: String, _ note: RouteNote, _ handler: @escaping Handler
    ) -> Route {
        var access = RouteAccess(.nothing)
        access.note = note
        return Route(
            [.get], path, isHealth: true, isQuick: true, requirement: access, handler: handler)
    }

    static func route(
        _ methods: [HTTPMethod], _ path: String, _ requirement: Requirement, _ note: RouteNote,
        isQuick: Bool = false, isHeavy: Bool = false, _ handler: @escaping Handler
    ) -> Route {
        var access = RouteAccess(requirement)
        access.note = note
        return Route(
            methods, path, isQuick: isQuick, isHeavy: isHeavy, requirement: access,
            handler: handler)
    }

    /// A page of metrics: what is wrong with the request is said in plain text.
    static func page(
        _ path: String, _ note: RouteNote, _ handler: @escaping Handler
    ) -> Route {
        route([.get], path, .permission(.metricsRead), note, isHeavy: true) { request in
            do { return try await handler(request) } catch let error as APIError {
                return .plain(error.description + "\n", status: error.status)
            }
        }
    }

    /// A route of `/api/v1`: waits for readiness, and puts what goes wrong into the envelope.
    ///
    /// What is not quick may compute for long, and runs on the cooperative pool.
    static func api(
        _ methods: [HTTPMethod], _ path: String, _ needs: Dependencies,
        asks requirement: Requirement = .permission(.query), _ note: RouteNote,
        waits: Bool = true, isQuick: Bool = false, _ handler: @escaping Handler
    ) -> Route {
        route(
            methods, "/api/v1" + path, requirement, note, isQuick: isQuick, isHeavy: !isQuick
        ) { request in
            if waits, let answer = LifecycleHandlers.refusalUnlessReady(needs.readiness) {
                return answer
            }
            do { return try await handler(request) } catch let error as APIError {
                return .json(Envelope.failure(error), status: error.status)
            }
        }
    }
}

/// Which route answers which method and path.
///
/// A pattern is literal segments, `:name` for one segment, and `*name` at the end for all that
/// follows. Where several fit, the one with a literal segment first wins. A route for GET answers
/// HEAD too, and OPTIONS is answered with 204 where no route does.
public struct Router: Sendable {
    private var paths: [String: [HTTPMethod: Route]] = [:]
    private var patterns: [RoutePattern] = []
    let prefix: [String]
    /// Answers a path that has no route, in a shape of its own; a plain 404 where it is not set.
    public var missing: (@Sendable (ServerRequest) -> ServerResponse)?

    /// A router without routes.
    ///
    /// - Parameter prefix: The path that all routes lie below, such as `/weir`; `/` for none.
    public init(prefix: String = "/") {
        self.prefix = prefix.split(separator: "/").map(String.init)
    }

    /// Adds `route`.
    public mutating func add(_ route: Route) throws(HTTPServeError) {
        let pattern = try RoutePattern(route.pattern)
        for method in route.methods {
            if pattern.isLiteral {
                if paths[route.pattern]?[method] != nil { throw Self.twice(route, method) }
                paths[route.pattern, default: [:]][method] = route
                continue
            }
            if let index = patterns.firstIndex(where: { $0.segments == pattern.segments }) {
                if patterns[index].routes[method] != nil { throw Self.twice(route, method) }
                patterns[index].routes[method] = route
            } else {
                var added = pattern
                added.routes[method] = route
                let place = patterns.firstIndex { added.goesBefore($0) } ?? patterns.count
                patterns.insert(added, at: place)
            }
        }
    }

    /// Adds a route that answers `method` on `pattern`.
    public mutating func on(
        _ method: HTTPMethod, _ pattern: String,
        _ handler: @escaping @Sendable (ServerRequest) async throws -> ServerResponse
    ) throws(HTTPServeError) {
        try add(Route([method], pattern, handler: handler))
    }

    private static func twice(_ route: Route, _ method: HTTPMethod) -> HTTPServeError {
        .badRoute(pattern: route.pattern, reason: "there are two for \(method)")
    }

    /// What a request leads to.
    enum Match {
        case route(Route, parameters: [String: String])
        /// The path has routes, none for this method.
        case otherMethods([HTTPMethod])
        case nothing
    }

    func match(_ method: HTTPMethod, _ target: RequestTarget) -> Match {
        if let routes = paths[target.path] {
            return Self.choose(method, from: routes, parameters: [:])
        }
        var others: [HTTPMethod: Route] = [:]
        for pattern in patterns {
            guard let parameters = pattern.match(target.segments) else { continue }
            switch Self.choose(method, from: pattern.routes, parameters: parameters) {
            case .route(let route, let parameters): return .route(route, parameters: parameters)
            default: others.merge(pattern.routes) { first, _ in first }
            }
        }
        return others.isEmpty ? .nothing : Self.choose(method, from: others, parameters: [:])
    }

    private static func choose(
        _ method: HTTPMethod, from routes: [HTTPMethod: Route], parameters: [String: String]
    ) -> Match {
        if let route = routes[method] { return .route(route, parameters: parameters) }
        if method == .head, let route = routes[.get] {
            return .route(route, parameters: parameters)
        }
        var methods = Set(routes.keys)
        if methods.contains(.get) { methods.insert(.head) }
        methods.insert(.options)
        return .otherMethods(methods.sorted { $0.rawValue < $1.rawValue })
    }
}

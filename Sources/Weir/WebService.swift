import API
import Access
import HTTPServe
import Model
import Telemetry

/// Listens, and lets the routes answer whom the gatekeeper lets in.
struct WebService: Service {
    let name = "web"
    private let servers: [HTTPServer]
    private let files: AccessFiles
    private let rateLimit: RequestBucket
    private let started: WebConfig
    private let grace: Duration
    private let log: Log

    /// One server for the addresses of this machine and one for those that others reach, since
    /// they may let in different people.
    init(
        _ settings: WebSettings, routes: [Route], files: AccessFiles, registry: MetricRegistry,
        log: Log
    ) throws {
        let log = log.module("web")
        let web = files.state.web
        let bucket = RequestBucket()
        bucket.set(web.rateLimit)
        let requests = RequestMetrics(registry: registry, log: log)
        let router = try Routes.router(routes, prefix: settings.routePrefix)
        servers = try [true, false].compactMap { isLoopback in
            let listeners = settings.listeners.filter { $0.isLoopback == isLoopback }
            guard !listeners.isEmpty else { return nil }
            let gate = AccessGate(files.keeper, rateLimit: bucket) {
                files.access(isLoopback: isLoopback)
            }
            return HTTPServer(
                options: try settings.options(listeners: listeners, web: web), router: router,
                gate: gate.gate, hooks: requests.hooks)
        }
        self.files = files
        rateLimit = bucket
        started = web
        grace = settings.grace
        self.log = log
    }

    func run(started: @escaping @Sendable () -> Void) async throws {
        for server in servers {
            try await server.start()
            for address in server.addresses {
                log.info(
                    "listening",
                    [
                        "address": address.description,
                        "tls": self.started.tls == nil ? "false" : "true",
                        "access": files.access(isLoopback: address.isLoopback) == .open
                            ? "open" : "guarded",
                    ])
            }
        }
        started()
        await files.run { await apply($0.web) }
        // This task is cancelled by now, and the running requests still have their time.
        let (servers, grace) = (servers, grace)
        await Task { for server in servers { await server.stop(grace: grace) } }.value
    }

    private func apply(_ web: WebConfig) async {
        rateLimit.set(web.rateLimit)
        for server in servers { server.replaceAddedFields(WebSettings.fields(of: web)) }
        if let tls = web.tls, started.tls != nil {
            do {
                let options = try TLSOptions(tls)
                for server in servers { try await server.replaceTLS(options) }
                log.info("certificate read again")
            } catch {
                log.error(
                    "certificate not used, the one before still holds", ["error": "\(error)"])
            }
        }
        if (web.tls == nil) != (started.tls == nil) {
            log.warn("TLS is switched on or off by a restart alone")
        }
    }
}

/// What the flags say of the server.
struct WebSettings {
    let listeners: [ListenAddress]
    let routePrefix: String
    let grace: Duration
    private let maxConnections: Int
    private let readTimeout: Duration
    private let cors: CORSPolicy

    /// What the flags say; `listen` are the addresses of the settings, which a flag replaces.
    init(_ invocation: Invocation, listen: [String] = []) throws {
        let isGiven = invocation.isGiven("web.listen-address") || listen.isEmpty
        let addresses = isGiven ? invocation.all("web.listen-address") : listen
        listeners = try addresses.map { try ListenAddress($0) }
        routePrefix = Self.prefix(
            given: invocation.text("web.route-prefix"),
            externalURL: invocation.text("web.external-url"))
        // Half of what there is: the rest of Weir has to stop too.
        grace = try TimeSpan(invocation.text("stop-timeout")).duration / 2
        maxConnections = Int(Double(invocation.text("web.max-connections")) ?? 512)
        readTimeout = try TimeSpan(invocation.text("web.read-timeout")).duration
        let origin = invocation.text("web.cors.origin")
        if origin == ".*" {
            cors = .everyOrigin
        } else {
            let pattern = try Matcher("origin", .matches, origin)
            cors = .origins { pattern.accepts($0) }
        }
    }

    func options(listeners: [ListenAddress], web: WebConfig) throws -> HTTPServerOptions {
        var options = HTTPServerOptions(listeners: listeners)
        options.maxConnections = maxConnections
        options.idleTimeout = readTimeout
        options.bodyTimeout = readTimeout
        options.cors = cors
        options.addedFields = Self.fields(of: web)
        options.tls = try web.tls.map { try TLSOptions($0) }
        return options
    }

    /// The fields that every answer carries.
    static func fields(of web: WebConfig) -> HeaderFields {
        var fields = HeaderFields()
        for header in web.headers { fields.append(header.name, header.value) }
        return fields
    }

    /// The addresses as the gatekeeper looks at them.
    var accessListeners: [AccessFiles.Listener] {
        listeners.map { address in
            switch address {
            case .tcp(let host, _): .init(host: host, text: address.description)
            case .unix: .init(host: nil, text: address.description)
            }
        }
    }

    /// The path before every route: the one given, or that of the external URL.
    static func prefix(given: String, externalURL: String) -> String {
        var path = given[...]
        if path.isEmpty {
            let rest = externalURL.firstRange(of: "://").map { externalURL[$0.upperBound...] }
            path = rest.map { $0.drop { $0 != "/" } } ?? ""
        }
        while path.last == "/" { path.removeLast() }
        return path.first == "/" ? String(path) : "/" + path
    }
}

/// Counts and logs every request.
struct RequestMetrics: Sendable {
    let registry: MetricRegistry
    let log: Log
    private let duration: Timing

    init(registry: MetricRegistry, log: Log) {
        self.registry = registry
        self.log = log
        duration = registry.timing(
            "weir_http_request_duration_seconds",
            "From the end of a request's head to the end of its answer.")
    }

    var hooks: ServerHooks { ServerHooks(onRequest: { note($0) }, onFailure: { note($0) }) }

    private func note(_ record: RequestRecord) {
        duration.record(record.duration)
        registry.counter(
            "weir_http_requests_total", "Requests answered, by status.",
            ["code": "\(record.status)"]
        ).add()
        guard log.writes(.debug) else { return }
        let (seconds, attoseconds) = record.duration.components
        log.debug(
            "request",
            [
                "method": record.method.rawValue, "path": record.path,
                "status": "\(record.status)", "bytes": "\(record.bytes)",
                "ms": "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)",
                "credential": record.credential ?? "", "peer": record.peer.description,
            ])
    }

    private func note(_ failure: HandlerFailure) {
        log.error(
            "request failed",
            [
                "id": failure.id, "method": failure.method.rawValue, "path": failure.path,
                "error": "\(failure.error)",
            ])
    }
}
